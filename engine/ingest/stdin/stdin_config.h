// What a stdin source is told. The configuration file's keys are the names of these fields.
#pragma once
#include <cstddef>
#include <string>

#include "engine/core/live.h"
#include "engine/core/time.h"

namespace culprit {

struct StdinConfig {
  std::string name = "stdin";  // of the source: in positions, metrics, dead letters
  // How long small writes are gathered into one batch; the delay that a line has at most. 50 ms.
  DurationUs batch_wait = 50'000;
  // Nothing for this long: the source's state is "quiet". 0: never. Default 10 min.
  DurationUs quiet_after = 10 * kMinuteUs;
  // Longer lines are cut, and counted as line_truncated. At most 1 MiB less one byte, the default.
  size_t max_line_bytes = 4 * kLiveBatchBytes - 1;
};

}  // namespace culprit
