// The tail source: follows log files as they grow, are rotated and vanish. README.md says how.
// Owned by whoever made it; LiveSource (core/live.h) says which thread may call what.
#pragma once
#include <memory>

#include "absl/status/statusor.h"
#include "engine/core/live.h"
#include "engine/ingest/tail/tail_config.h"

namespace culprit {

// InvalidArgument: a setting that cannot work. Touches no file.
absl::StatusOr<std::unique_ptr<LiveSource>> MakeTailSource(const TailConfig& config);

}  // namespace culprit
