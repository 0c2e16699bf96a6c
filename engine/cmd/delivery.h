// The sinks of a live run: the sender over the state's outbox, drills, how each destination is.
// Thread-safe once started.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/config/live_config.h"
#include "engine/deliver/sender.h"
#include "engine/pipeline/delivery_outbox.h"
#include "engine/serve/backend.h"

namespace culprit {

class Delivery {
 public:
  // InvalidArgument: what a sink's configuration lacks. `store` outlives this.
  static absl::StatusOr<std::unique_ptr<Delivery>> Make(const std::vector<SinkConfig>& sinks,
                                                        LiveStore* store);

  void Start() { sender_.Start(); }
  void Wake() { sender_.Wake(); }  // there may be something new in the outbox
  // Sends what can be sent at once, until `deadline` (SteadyNow).
  void Stop(int64_t deadline);

  // In the order of the configuration; with what waits in the outbox.
  std::vector<DestinationStatus> status() const;
  // Sinks of an earlier configuration for which something still waits: "slack (3)".
  std::vector<std::string> Orphans() const;
  // As ServeBackend::drill; `deliver`: teams and labels of the messages. The real sinks, beside
  // what the sender does, all at a time.
  absl::StatusOr<std::vector<DrillReceipt>> Drill(const std::vector<std::string>& sinks,
                                                  const DeliverConfig& deliver) const;

 private:
  Delivery(std::vector<SinkConfig> sinks, LiveStore* store);

  const std::vector<SinkConfig> sinks_;
  LiveStore* const store_;
  DeliveryOutbox outbox_;
  Sender sender_;
};

}  // namespace culprit
