#include "engine/cmd/sample_messages.h"

#include <algorithm>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "engine/base/status.h"
#include "sinks/common/message.h"

namespace culprit {
namespace {

using Kind = OperatorAction::Kind;

// Everything goes to `sink`, at once.
DeliverConfig OneSink(DeliverConfig config, const std::string& sink) {
  Route route;
  route.sinks = {sink};
  route.group_wait = 0;
  route.group_interval = 0;
  config.routes = {std::move(route)};
  config.silences.clear();
  config.maintenance.clear();
  config.mute_times.clear();
  for (Team& team : config.teams) team.escalation.clear();
  return config;
}

}  // namespace

const std::vector<std::string>& RenderedEvents() {
  static const std::vector<std::string> kEvents = {"opened", "updated", "acknowledged", "note",
                                                   "resolved"};
  return kEvents;
}

TellableIncident SampleIncident() {
  Notification sample = SampleNotification();
  TellableIncident out{std::move(sample.incident), std::move(sample.evidence_streams)};
  for (size_t i = 0; i < out.incident.evidence.size(); ++i)
    out.incident.evidence[i].position.partition = static_cast<uint32_t>(i);
  return out;
}

absl::StatusOr<Notification> MessageOf(const TellableIncident& incident, const std::string& event,
                                       const std::string& sink, const DeliverConfig& config) {
  const auto& events = RenderedEvents();
  if (std::find(events.begin(), events.end(), event) == events.end())
    return absl::InvalidArgumentError(absl::StrCat("no event '", event, "' to be shown"));
  CULPRIT_ASSIGN_OR_RETURN(const std::unique_ptr<Planner> planner,
                           Planner::Make(OneSink(config, sink)));
  const std::string& id = incident.incident.id;
  TimeUs now = std::max<TimeUs>(incident.incident.updated_at, 0);
  TellableIncident before = incident;
  before.incident.state = IncidentState::kOpen;
  before.incident.resolved_at = kNoTime;
  if (event == "updated") {
    before.incident.confidence = Confidence::kInconclusive;
    before.incident.affected.clear();
  }
  planner->OnChange({LifeEvent::kOpened, before}, now);
  planner->PassTime(now += kSecondUs);
  PlanOutput told = planner->Take();
  if (event == "updated") {
    TellableIncident after = before;
    after.incident.confidence = incident.incident.confidence;
    after.incident.affected = incident.incident.affected;
    planner->OnChange({LifeEvent::kUpdated, after}, now);
    planner->PassTime(now += kSecondUs);
  } else if (event == "acknowledged") {
    CULPRIT_RETURN_IF_ERROR(
        planner->Act({.kind = Kind::kAcknowledge, .incident = id, .author = "ana"}, now));
  } else if (event == "note") {
    CULPRIT_RETURN_IF_ERROR(planner->Act({.kind = Kind::kNote,
                                          .incident = id,
                                          .author = "ana",
                                          .text = "what a person wrote stands here"},
                                         now));
  } else if (event == "resolved") {
    TellableIncident after = incident;
    after.incident.state = IncidentState::kResolved;
    if (after.incident.resolved_at == kNoTime) after.incident.resolved_at = now;
    planner->OnChange({LifeEvent::kResolved, after}, now);
  }
  if (event != "opened") told = planner->Take();
  if (told.notifications.empty())
    return absl::InternalError(absl::StrCat("nothing would be told about '", event, "'"));
  return std::move(told.notifications.back().notification);
}

namespace {

std::vector<Notification> TestMessages(const std::string& sink, const DeliverConfig& config) {
  TellableIncident incident = SampleIncident();
  Incident& i = incident.incident;
  const absl::Time now = absl::Now();
  const TimeUs shift = absl::ToUnixMicros(now) - i.updated_at;
  std::random_device random;
  i.id = absl::StrCat("DRILL-", absl::FormatTime("%Y%m%dT%H%M%SZ", now, absl::UTCTimeZone()), "-",
                      absl::Hex(random(), absl::kZeroPad8));
  for (TimeUs* time : {&i.onset, &i.opened_at, &i.paged_at, &i.updated_at}) *time += shift;
  for (Symptom& symptom : i.symptoms) symptom.onset += shift, symptom.last += shift;
  for (auto& evidence : i.evidence) evidence.time += shift;
  std::vector<Notification> out;
  for (const char* event : {"opened", "resolved"}) {
    absl::StatusOr<Notification> message = MessageOf(incident, event, sink, config);
    if (!message.ok()) break;  // both events are known
    message->drill = true;
    message->contacts.clear();
    out.push_back(*std::move(message));
  }
  return out;
}

}  // namespace

std::vector<TestStep> DeliverTest(Sink* sink, const std::string& name,
                                  const DeliverConfig& config) {
  std::vector<TestStep> steps;
  std::string receipt;
  for (Notification& message : TestMessages(name, config)) {
    message.receipt = receipt;
    steps.push_back({message.event, sink->Deliver(message)});
    const DeliveryResult& result = steps.back().result;
    if (!result.receipt.empty()) receipt = result.receipt;
    if (result.outcome != DeliveryOutcome::kDelivered) break;
  }
  return steps;
}

}  // namespace culprit
