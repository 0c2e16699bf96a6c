// Decides who is told of what, and when. Input: changes of incidents, actions of people, time that
// passes. Output: notifications, one per destination, and a journal. No clock, no randomness, no
// order by chance: equal inputs give equal outputs, also after Save and Restore. One owner thread.
//
// Times are those of the caller (event time in a live run) and never run backwards: an earlier one
// counts as the latest seen.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/sink.h"
#include "engine/deliver/calendar.h"
#include "engine/deliver/deliver_config.h"
#include "engine/deliver/life.h"
#include "engine/deliver/matching.h"

namespace culprit {

class CheckpointReader;
class CheckpointWriter;

// An incident with the names of the streams that its evidence points to, by Position::partition.
struct TellableIncident {
  Incident incident;
  std::vector<std::string> streams;
};

// As text and back, for what is saved. Decode: nullopt if it is damaged.
struct IncidentCodec {
  std::function<std::string(const TellableIncident&)> encode;
  std::function<std::optional<TellableIncident>(std::string_view)> decode;
};

// What reasoning made of an incident: kOpened, kUpdated, kResolved, kReopened, kMerged, kFlapping.
// Others are ignored.
struct IncidentChange {
  LifeEvent event = LifeEvent::kUpdated;
  TellableIncident now;
};

// What a person does.
struct OperatorAction {
  enum class Kind : uint8_t {
    kAcknowledge,
    kResolve,
    kNote,
    kAssign,  // `text`: the new owner
    kMerge,   // `incident` is part of `into`
    kSilence,
    kExpireSilence,  // `text`: id of the silence
    kLast = kExpireSilence,
  };
  Kind kind = Kind::kNote;
  // Given by whoever makes it: of two actions with one id the second does nothing and is fine (a
  // webhook is repeated). Empty: never the same as another one.
  std::string id;
  std::string incident;
  std::string author;
  std::string text;
  std::string into;
  SilenceSpec silence;  // id, matchers and end are required
};

struct PlannedNotification {
  std::string destination;  // name of a sink
  uint64_t revision = 0;    // counts up over all notifications of the incident
  Notification notification;
};

// One event in the life of an incident, whether anybody was told or not.
struct JournalEntry {
  std::string incident;
  uint64_t number = 0;  // counts up per incident from 1
  TimeUs time = kNoTime;
  std::string event;  // of LifeEvent; "escalated", "assigned"
  LifeState from = LifeState::kNone;
  LifeState to = LifeState::kNone;
  std::string author;  // empty: the program
  std::string text;
};

struct PlanOutput {
  std::vector<PlannedNotification> notifications;  // in the order in which they are to be told
  std::vector<JournalEntry> journal;
};

class Planner {
 public:
  // InvalidArgument: a name, a zone or a regular expression of the configuration does not resolve.
  static absl::StatusOr<std::unique_ptr<Planner>> Make(DeliverConfig config);
  ~Planner();

  // What falls due up to `now` is done before, by both.
  void OnChange(const IncidentChange& change, TimeUs now);
  // NotFound: no such incident or silence; FailedPrecondition: not in its state; InvalidArgument.
  // Nothing was done then; the same action may come again.
  absl::Status Act(const OperatorAction& action, TimeUs now);
  // Repeats, escalations, ends of waits and of mutes, up to and with `now`.
  void PassTime(TimeUs now);
  // When PassTime has something to do again; INT64_MAX: nothing is planned.
  TimeUs next_due() const { return next_due_; }

  // The newest form of an incident, for messages to come; no event. Ignored: unknown ones, and
  // those that are over.
  void Refresh(TellableIncident now);
  // The configuration is another one than what Read gave: incidents that are on are told to whom
  // they concern now.
  void Reroute(TimeUs now);

  PlanOutput Take();  // since the last call

  // Known incidents that are not over and that the matchers would mute, by id. InvalidArgument.
  absl::StatusOr<std::vector<std::string>> Preview(const std::vector<LabelMatcher>& matchers) const;
  // Of the configuration and of people, not over at `now`, by start.
  std::vector<SilenceSpec> Silences(TimeUs now) const;
  std::optional<Life> FindLife(std::string_view incident) const;
  // What mutes it now ("silence 7 by ann: ..."); empty: nothing.
  std::string MutedBy(std::string_view incident) const;

  // Everything but the configuration. Restore: into a new one; the configuration may be another:
  // destinations that it does not have are let go. Throws CheckpointDamage.
  void Write(CheckpointWriter& ar, const IncidentCodec& codec) const;
  void Read(CheckpointReader& ar, const IncidentCodec& codec);

 private:
  // What people were last told; an update tells the difference.
  struct Summary {
    std::string root;
    std::string title;
    std::string confidence;
    uint8_t severity = 0;
    std::vector<std::string> affected;
    bool operator==(const Summary&) const = default;
  };
  // One incident at one destination.
  struct Target {
    DurationUs group_wait = 0;
    DurationUs group_interval = 0;
    DurationUs repeat_interval = 0;
    DurationUs digest_interval = 0;
    std::vector<std::string> mute_times;
    std::string team;
    bool by_escalation = false;
    bool known = false;                  // told, and not that it is over
    std::optional<NotifyEvent> pending;  // to be told at `due`, or when it is no longer muted
    TimeUs due = 0;
    TimeUs last = kNoTime;  // newest message
    Summary told;
    std::string told_owner;
  };
  struct Known {
    TellableIncident now;
    Life life;
    bool by_hand = false;  // resolved by a person
    std::string owner;
    std::string muted_by;
    std::vector<IncidentNote> notes;
    std::vector<std::string> split_off;     // incidents that were taken out of it
    std::map<std::string, Target> targets;  // by destination
    TimeUs clock = kNoTime;                 // escalation counts from here
    std::map<std::string, uint32_t> steps;  // taken so far, by team
    uint64_t revision = 0;
    uint64_t journal = 0;
    TimeUs touched = kNoTime;
  };
  struct Silence {
    SilenceSpec spec;
    CompiledMatchers matchers;
    bool configured = false;
  };
  struct CompiledRoute {
    Route spec;
    CompiledMatchers labels;
  };

  explicit Planner(DeliverConfig config);
  absl::Status Compile();

  absl::Status Do(const OperatorAction& action);
  void Happen(Known* k, LifeEvent event, std::string_view author, std::string_view text);
  void Carry(Known* k, LifeEvent event, Telling telling, std::string_view text);
  static void Hold(NotifyEvent event, Target* t);
  void Close(Known* k, NotifyEvent event, std::string_view text);
  void FindTargets(Known* k);
  void CheckMute(Known* k);
  void Due(Known* k);
  void Escalate(Known* k);
  void Repeat(Known* k);
  // Tells what is pending, if its time has come and nothing mutes it.
  void Flush(Known* k, const std::string& destination, Target* t);
  void Tell(Known* k, const std::string& destination, Target* t, NotifyEvent event,
            std::string_view text);
  void Journal(Known* k, std::string_view event, LifeState from, std::string_view author,
               std::string_view text);
  void Forget();
  static void Shrink(Known* k);
  void Plan();  // next_due_
  TimeUs NextOf(const Known& k) const;

  Labels LabelsFor(const Incident& incident) const;
  const Team* TeamOf(const std::string& name) const;
  std::string MuteReason(const Incident& incident) const;
  bool TargetMuted(const Target& t) const;
  bool RouteFits(const CompiledRoute& route, const Incident& incident, const Labels& labels) const;
  static Summary SummaryOf(const Incident& incident);
  static std::string Difference(const Summary& before, const Summary& now);
  Known* Find(std::string_view incident);

  const DeliverConfig config_;
  std::vector<CompiledRoute> routes_;
  std::map<std::string, Calendar> calendars_;
  std::vector<Silence> silences_;
  std::map<std::string, Known, std::less<>> known_;
  std::deque<std::string> done_;  // ids of actions, oldest first
  TimeUs now_ = 0;
  TimeUs next_due_ = INT64_MAX;
  PlanOutput out_;
};

}  // namespace culprit
