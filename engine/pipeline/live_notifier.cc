#include "engine/pipeline/live_notifier.h"

#include "engine/base/checkpoint.h"
#include "engine/base/status.h"
#include "engine/deliver/action_codec.h"
#include "engine/deliver/routing_codec.h"
#include "engine/pipeline/tellable.h"
#include "sinks/common/message.h"

namespace culprit {
namespace {

constexpr std::string_view kKind = "planner";
constexpr uint32_t kVersion = 1;

}  // namespace

LiveNotifier::LiveNotifier() : planner_(*Planner::Make({})) {}

absl::Status LiveNotifier::Route(std::string_view routing, TimeUs now) {
  if (routing == routing_) return absl::OkStatus();
  CULPRIT_ASSIGN_OR_RETURN(DeliverConfig config, DecodeRouting(routing));
  CULPRIT_ASSIGN_OR_RETURN(std::unique_ptr<Planner> next, Planner::Make(std::move(config)));
  const std::string state = WriteCheckpoint(
      kKind, kVersion, [&](CheckpointWriter& ar) { planner_->Write(ar, TellableCodec()); });
  CULPRIT_RETURN_IF_ERROR(ReadCheckpoint(
      state, kKind, kVersion, [&](CheckpointReader& ar) { next->Read(ar, TellableCodec()); }));
  planner_ = std::move(next);
  routing_ = routing;
  planner_->Reroute(now);
  Collect();
  return absl::OkStatus();
}

absl::Status LiveNotifier::Act(std::string_view action, TimeUs now) {
  CULPRIT_ASSIGN_OR_RETURN(const OperatorAction decoded, DecodeAction(action));
  acted_.emplace_back(decoded.id, planner_->Act(decoded, now));
  Collect();
  return absl::OkStatus();
}

void LiveNotifier::OnChange(LifeEvent event, TellableIncident incident, TimeUs now) {
  planner_->OnChange({.event = event, .now = std::move(incident)}, now);
  Collect();
}

void LiveNotifier::PassTime(std::vector<TellableIncident> open, TimeUs now) {
  for (TellableIncident& incident : open) planner_->Refresh(std::move(incident));
  planner_->PassTime(now);
  Collect();
}

void LiveNotifier::Collect() {
  PlanOutput out = planner_->Take();
  for (const PlannedNotification& planned : out.notifications) {
    const Notification& n = planned.notification;
    deliveries_.push_back({.notification = n.id,
                           .destination = planned.destination,
                           .incident = n.incident.id,
                           .event = std::string(NotifyEventName(n.event)),
                           .revision = planned.revision,
                           .time = n.time,
                           .json = NotificationJson(n)});
  }
  for (JournalEntry& entry : out.journal)
    journal_.push_back({.incident = std::move(entry.incident),
                        .number = entry.number,
                        .time = entry.time,
                        .event = std::move(entry.event),
                        .before = std::string(LifeStateName(entry.from)),
                        .after = std::string(LifeStateName(entry.to)),
                        .author = std::move(entry.author),
                        .text = std::move(entry.text)});
}

void LiveNotifier::Peek(ReasonCommit* commit) const {
  commit->deliveries.insert(commit->deliveries.end(), deliveries_.begin(), deliveries_.end());
  commit->journal.insert(commit->journal.end(), journal_.begin(), journal_.end());
}

void LiveNotifier::Taken() {
  deliveries_.clear();
  journal_.clear();
}

void LiveNotifier::Write(CheckpointWriter& ar) const {
  ar(routing_);
  planner_->Write(ar, TellableCodec());
}

void LiveNotifier::Read(CheckpointReader& ar) {
  ar(routing_);
  if (!routing_.empty()) {
    absl::StatusOr<DeliverConfig> config = DecodeRouting(routing_);
    Require(config.ok(), "routing");
    absl::StatusOr<std::unique_ptr<Planner>> planner = Planner::Make(*std::move(config));
    Require(planner.ok(), "names of the routing");
    planner_ = *std::move(planner);
  }
  planner_->Read(ar, TellableCodec());
}

}  // namespace culprit
