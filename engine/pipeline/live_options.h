// How a live run works: bounds and times of the pipeline. Plain values with defaults.
#pragma once
#include <cstddef>
#include <functional>
#include <map>
#include <string>

#include "engine/core/time.h"
#include "engine/pipeline/live_scan.h"

namespace culprit {

struct LivePipelineOptions {
  int workers = 1;
  // Of all batches taken and not committed. Beyond it Push blocks. One batch is always taken.
  size_t queue_bytes = size_t{64} << 20;
  // Of the log that is committed and not reasoned about (LivePipeline::Reasoned). Beyond it Push
  // blocks, or the log would grow without end in a storm that is scanned faster. 0: no bound.
  uint64_t unreasoned_bytes = 0;
  // A commit gathers what comes within this time, or until it holds so many bytes of input.
  DurationUs commit_interval = 20'000;
  size_t commit_bytes = size_t{16} << 20;
  DurationUs retry_min = 100'000;  // after a commit that failed; doubled up to
  DurationUs retry_max = 5 * kSecondUs;

  std::string routing;  // who is told of what, EncodeRouting; empty: as the log has it

  LiveScanOptions scan;
  std::map<std::string, ParseOptions> parse_by_source;  // instead of scan.parse
  size_t streams_in_memory = 2048;  // of one worker; the state of others waits as bytes

  // A stream that was silent for so long while its source is well is not waited for.
  DurationUs idle_after = 30 * kSecondUs;
  std::map<std::string, DurationUs> idle_after_by_source;  // instead of idle_after
  // The same of a source that fails or falls behind: longer, because lines are on their way.
  DurationUs outage_idle_after = 120 * kSecondUs;
  DurationUs flush_after = kSecondUs;  // the last record of a silent stream is complete then
  // After the start no time passes until the sources know their streams: at least, at most.
  DurationUs settle_min = kSecondUs;
  DurationUs settle_max = 30 * kSecondUs;
  DurationUs tick_period = kSecondUs;
  DurationUs source_dead_after = 60 * kSecondUs;  // failing for so long raises an incident

  std::function<TimeUs()> clock;  // wall clock; empty: the system's
};

// Monotonic, microseconds; for waiting only.
int64_t SteadyNow();
TimeUs WallNow();

}  // namespace culprit
