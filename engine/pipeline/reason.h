// The reason half over a finished SignalLog: order -> burst -> cause. A pure function of the log
// and the options: no clock, no randomness; the order in which partitions are read does not matter.
// One owner thread.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/knowledge.h"
#include "engine/core/report.h"
#include "engine/core/signal_log.h"
#include "engine/correlate/options.h"
#include "engine/detect/detector.h"
#include "engine/detect/order.h"

namespace culprit {

struct ReasonOptions {
  OrderOptions order;
  DetectorOptions detect;
  CorrelatorOptions correlate;
  // Tests: reads the partitions in a random interleaving instead of by time. 0: by time.
  uint64_t interleave_seed = 0;
};

// Partition `i` of the result is `log_partitions[i]` of the log; `skew[i]` (may be empty) is added
// to its times. Fills incidents, unattributed, components, edges and stats.bursts of a Report.
absl::StatusOr<Report> Reason(const SignalLog& log, const std::vector<PartitionId>& log_partitions,
                              const std::vector<DurationUs>& skew,
                              std::shared_ptr<const Knowledge> knowledge,
                              const ReasonOptions& options, Counters* counters,
                              const std::function<void(double done)>& progress);

}  // namespace culprit
