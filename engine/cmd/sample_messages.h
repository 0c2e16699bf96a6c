// Messages without a running culprit: for `culprit sink test` and `render`. They are planned as
// those of a live run are (engine/deliver/planner.h), with the configuration's teams and labels,
// for one sink alone; routes and mutes are left out. Pure, but for DeliverTest's clock and ids.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/sink.h"
#include "engine/deliver/planner.h"

namespace culprit {

// What can be rendered: opened, updated, acknowledged, note, resolved.
const std::vector<std::string>& RenderedEvents();

TellableIncident SampleIncident();

// The message about `event` of an incident that was told as open before. InvalidArgument: no such
// event.
absl::StatusOr<Notification> MessageOf(const TellableIncident& incident, const std::string& event,
                                       const std::string& sink, const DeliverConfig& config);

struct TestStep {
  NotifyEvent event;
  DeliveryResult result;
};
// Sends opening and end of a made-up incident of now through the sink, so that what rings ends
// again. It is marked [DRILL], is no other test's and calls nobody by name. `name`: of the sink.
// Ends with the first message that is not delivered.
std::vector<TestStep> DeliverTest(Sink* sink, const std::string& name, const DeliverConfig& config);

}  // namespace culprit
