// Reasoning over the signal log of a live run once more: the same incidents as that run's, byte for
// byte, if packs, topology and options are the same.
#pragma once
#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "engine/core/report.h"
#include "engine/pipeline/live_reasoner.h"

namespace culprit {

// From the log's beginning, or from the oldest checkpoint that what is kept of it continues. Up to
// where that run itself had reasoned.
absl::StatusOr<Report> ReplaySignalLog(LiveStore* store, std::shared_ptr<const Knowledge> knowledge,
                                       const ReasonOptions& options,
                                       const std::function<void(double done)>& progress);

}  // namespace culprit
