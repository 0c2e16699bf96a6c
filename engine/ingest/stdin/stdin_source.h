// The stdin source: lines from a pipe, as one byte stream, up to its end. README.md says what can
// and cannot be promised. Owned by whoever made it; LiveSource (core/live.h) says which thread may
// call what.
#pragma once
#include <memory>

#include "absl/status/statusor.h"
#include "engine/core/live.h"
#include "engine/ingest/stdin/stdin_config.h"

namespace culprit {

// `descriptor` is read, and neither changed nor closed. InvalidArgument: a setting that cannot
// work.
absl::StatusOr<std::unique_ptr<LiveSource>> MakeStdinSource(const StdinConfig& config,
                                                            int descriptor = 0);

}  // namespace culprit
