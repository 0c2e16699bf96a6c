// Planner: its state as bytes and back.
#include <algorithm>
#include <utility>

#include "engine/base/checkpoint.h"
#include "engine/deliver/planner.h"
#include "engine/deliver/spec_archive.h"

namespace culprit {
void Planner::Write(CheckpointWriter& ar, const IncidentCodec& codec) const {
  ar(Time(now_));
  uint64_t silences = 0;
  for (const Silence& s : silences_) silences += s.configured ? 0 : 1;
  ar(silences);
  for (const Silence& s : silences_)
    if (!s.configured) ar(s.spec);
  // Expired by a person before their end, though the configuration has them still.
  uint64_t ended = 0;
  for (const Silence& s : silences_) ended += s.configured ? 1 : 0;
  ar(ended);
  for (const Silence& s : silences_)
    if (s.configured) ar(s.spec.id, Time(s.spec.end));
  ar.Varint(done_.size());
  for (const std::string& id : done_) ar(id);
  ar.Varint(known_.size());
  for (const auto& [id, k] : known_) {
    ar.Text(id);
    ar.Text(codec.encode(k.now));
    ar(Choice(k.life.state, LifeState::kLast), k.life.acknowledged, k.life.flapping, k.by_hand,
       k.owner, k.muted_by, k.split_off, Time(k.clock), k.steps, k.revision, k.journal,
       Time(k.touched));
    ar.Varint(k.notes.size());
    for (const IncidentNote& note : k.notes) ar(Time(note.time), note.author, note.text);
    ar.Varint(k.targets.size());
    for (const auto& [destination, t] : k.targets) {
      const NotifyEvent pending = t.pending.value_or(NotifyEvent::kOpened);
      ar(destination, t.group_wait, t.group_interval, t.repeat_interval, t.digest_interval,
         t.mute_times, t.team, t.by_escalation, t.known, t.pending.has_value(),
         Choice(pending, NotifyEvent::kEscalated), Time(t.due), Time(t.last), t.told.root,
         t.told.title, t.told.confidence, static_cast<uint64_t>(t.told.severity), t.told.affected,
         t.told_owner);
    }
  }
}

void Planner::Read(CheckpointReader& ar, const IncidentCodec& codec) {
  ar(Time(now_));
  uint64_t silences = 0;
  for (ar(silences); silences > 0; --silences) {
    SilenceSpec spec;
    ar(spec);
    absl::StatusOr<CompiledMatchers> matchers = CompiledMatchers::Make(spec.matchers);
    Require(matchers.ok(), "matcher of a silence");
    std::erase_if(silences_, [&](const Silence& s) { return s.spec.id == spec.id; });
    silences_.push_back({std::move(spec), *std::move(matchers), false});
  }
  uint64_t ended = 0;
  for (ar(ended); ended > 0; --ended) {
    std::string id;
    TimeUs end = kNoTime;
    ar(id, Time(end));
    for (Silence& s : silences_)
      if (s.configured && s.spec.id == id && end <= now_) s.spec.end = std::min(s.spec.end, end);
  }
  for (size_t n = ar.Count(); n > 0; --n) ar(done_.emplace_back());
  const auto sink_is_used = [&](const std::string& name) {
    const auto in = [&](const std::vector<std::string>& sinks) {
      return std::find(sinks.begin(), sinks.end(), name) != sinks.end();
    };
    for (const Route& route : config_.routes)
      if (in(route.sinks)) return true;
    for (const Team& team : config_.teams)
      for (const EscalationStep& step : team.escalation)
        if (in(step.sinks)) return true;
    return false;
  };
  for (size_t n = ar.Count(); n > 0; --n) {
    std::string id, text;
    Known k;
    ar(id, text);
    std::optional<TellableIncident> now = codec.decode(text);
    Require(now.has_value(), "incident of the planner");
    k.now = *std::move(now);
    ar(Choice(k.life.state, LifeState::kLast), k.life.acknowledged, k.life.flapping, k.by_hand,
       k.owner, k.muted_by, k.split_off, Time(k.clock), k.steps, k.revision, k.journal,
       Time(k.touched));
    for (size_t i = ar.Count(); i > 0; --i) {
      IncidentNote note;
      ar(Time(note.time), note.author, note.text);
      k.notes.push_back(std::move(note));
    }
    for (size_t i = ar.Count(); i > 0; --i) {
      std::string destination;
      Target t;
      bool has_pending = false;
      NotifyEvent pending = NotifyEvent::kOpened;
      uint64_t severity = 0;
      ar(destination, t.group_wait, t.group_interval, t.repeat_interval, t.digest_interval,
         t.mute_times, t.team, t.by_escalation, t.known, has_pending,
         Choice(pending, NotifyEvent::kEscalated), Time(t.due), Time(t.last), t.told.root,
         t.told.title, t.told.confidence, severity, t.told.affected, t.told_owner);
      Require(severity <= static_cast<uint64_t>(Severity::kCritical), "severity");
      t.told.severity = static_cast<uint8_t>(severity);
      if (has_pending) t.pending = pending;
      std::erase_if(t.mute_times, [&](const auto& name) { return !calendars_.contains(name); });
      if (sink_is_used(destination)) k.targets.emplace(std::move(destination), std::move(t));
    }
    Require(known_.emplace(std::move(id), std::move(k)).second, "incident twice");
  }
  Plan();
}

}  // namespace culprit
