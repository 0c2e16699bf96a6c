// The reason half over a finished SignalLog: order -> burst -> cause. A pure function of the log
// and the options: no clock, no randomness; the order in which partitions are read does not matter,
// nor does the number of threads. One owner thread.
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
  // False: bursts are found and their causes are not looked for (benches).
  bool causes = true;
  // Tests: reads the partitions in a random interleaving instead of by time. 0: by time.
  uint64_t interleave_seed = 0;
  // The log is read and ordered by a thread of its own, beside the bursts and their causes.
  bool order_beside = false;
};

// One partition of the log to reason about.
struct ReasonInput {
  PartitionId log_partition = 0;
  PartitionId stream = 0;  // what evidence cites: index into Report::streams
  DurationUs skew = 0;     // added to its times (tests)
};

// Fills incidents, unattributed, components, edges and stats.bursts of a Report. The order of
// `inputs` settles ties between lines of the same microsecond. `progress` is called by one thread
// at a time.
absl::StatusOr<Report> Reason(const SignalLog& log, const std::vector<ReasonInput>& inputs,
                              const std::shared_ptr<const Knowledge>& knowledge,
                              const ReasonOptions& options, Counters* counters,
                              const std::function<void(double done)>& progress);

}  // namespace culprit
