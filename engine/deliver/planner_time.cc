// Planner: what falls due as time passes.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/deliver/planner.h"

namespace culprit {
namespace {

constexpr size_t kMaxOver = 500;  // kept for reopening and late notes
constexpr DurationUs kOverKept = kDayUs;

}  // namespace

void Planner::PassTime(TimeUs now) {
  // One moment after the other, so that it does not matter how far the time goes at once.
  while (next_due_ < now) {
    now_ = std::max(now_, next_due_);
    for (auto& [id, k] : known_) Due(&k);
    Plan();
  }
  now_ = std::max(now_, now);
  for (auto& [id, k] : known_) Due(&k);
  std::erase_if(silences_,
                [&](const Silence& s) { return !s.configured && s.spec.end + kDayUs <= now_; });
  Plan();
}

void Planner::Due(Known* k) {
  if (IsOver(k->life.state)) return;
  CheckMute(k);
  if (k->life.state == LifeState::kMuted) return;
  for (auto& [destination, t] : k->targets)
    if (t.pending.has_value() && t.due <= now_) Flush(k, destination, &t);
  if (Escalates(k->life.state)) Escalate(k);
  if (Repeats(k->life.state)) Repeat(k);
}

void Planner::Repeat(Known* k) {
  for (auto& [destination, t] : k->targets) {
    if (!t.known || t.repeat_interval <= 0 || t.pending.has_value()) continue;
    if (t.last + t.repeat_interval <= now_ && !TargetMuted(t))
      Tell(k, destination, &t, NotifyEvent::kRepeat, "still open, nobody has it");
  }
}

void Planner::Escalate(Known* k) {
  std::vector<std::string> teams;
  for (const auto& [destination, t] : k->targets) {
    const bool there = std::find(teams.begin(), teams.end(), t.team) != teams.end();
    if (t.known && !t.team.empty() && !there) teams.push_back(t.team);
  }
  for (const std::string& name : teams) {
    const Team* team = TeamOf(name);
    if (team == nullptr) continue;
    uint32_t& taken = k->steps[name];
    while (taken < team->escalation.size() && k->clock + team->escalation[taken].after <= now_) {
      const EscalationStep& step = team->escalation[taken++];
      const std::string text = absl::StrCat(
          "nobody has it after ", step.after / kMinuteUs,
          " min: ", step.contact.empty() ? absl::StrJoin(step.sinks, ", ") : step.contact);
      Journal(k, "escalated", k->life.state, "", text);
      std::vector<std::string> to = step.sinks;
      for (const std::string& sink : step.sinks) {
        const auto [it, added] = k->targets.try_emplace(sink);
        if (!added) continue;
        Target model;
        for (const auto& [destination, t] : k->targets)
          if (t.known && t.team == name) model = t;
        it->second.group_interval = model.group_interval;
        it->second.repeat_interval = model.repeat_interval;
        it->second.digest_interval = model.digest_interval;
        it->second.team = name;
        it->second.by_escalation = true;
      }
      // A contact is told where the team is told.
      if (!step.contact.empty())
        for (const auto& [destination, t] : k->targets)
          if (t.known && t.team == name && std::find(to.begin(), to.end(), destination) == to.end())
            to.push_back(destination);
      for (const std::string& destination : to) {
        Target& t = k->targets[destination];
        if (TargetMuted(t)) {
          Hold(NotifyEvent::kEscalated, &t);
          t.due = now_;
        } else {
          t.pending.reset();
          Tell(k, destination, &t, NotifyEvent::kEscalated, text);
        }
      }
    }
  }
}

TimeUs Planner::NextOf(const Known& k) const {
  if (IsOver(k.life.state)) return INT64_MAX;
  TimeUs due = INT64_MAX;
  const auto at = [&](TimeUs time) {
    if (time > now_) due = std::min(due, time);
  };
  for (const Silence& s : silences_) {
    at(s.spec.start);
    at(s.spec.end);
  }
  for (const MaintenanceWindow& w : config_.maintenance) {
    if (w.during.empty()) {
      at(w.start);
      at(w.end);
    } else {
      at(calendars_.at(w.during).NextChange(now_));
    }
  }
  if (k.life.state == LifeState::kMuted) return due;
  for (const auto& [destination, t] : k.targets) {
    const bool repeats = t.known && Repeats(k.life.state) && t.repeat_interval > 0;
    if (t.pending.has_value()) at(t.due);
    if (repeats) at(t.last + t.repeat_interval);
    if (t.pending.has_value() || repeats)
      for (const std::string& name : t.mute_times) at(calendars_.at(name).NextChange(now_));
    if (!t.known || !Escalates(k.life.state)) continue;
    const Team* team = TeamOf(t.team);
    if (team == nullptr) continue;
    const auto step = k.steps.find(t.team);
    const size_t taken = step == k.steps.end() ? 0 : step->second;
    if (taken < team->escalation.size()) at(k.clock + team->escalation[taken].after);
  }
  return due;
}

void Planner::Plan() {
  next_due_ = INT64_MAX;
  for (const auto& [id, k] : known_) next_due_ = std::min(next_due_, NextOf(k));
}

// Of one that is over, what a reopening is compared with; many of them are kept and saved.
void Planner::Shrink(Known* k) {
  if (!IsOver(k->life.state)) return;
  Incident& i = k->now.incident;
  Incident kept;
  kept.id = std::move(i.id);
  kept.state = i.state;
  kept.severity = i.severity;
  kept.title = std::move(i.title);
  kept.root = std::move(i.root);
  kept.confidence = i.confidence;
  kept.affected = std::move(i.affected);
  kept.merged_into = std::move(i.merged_into);
  kept.split_from = std::move(i.split_from);
  i = std::move(kept);
  k->now.streams.clear();
}

void Planner::Forget() {
  std::vector<std::pair<TimeUs, std::string>> over;
  for (const auto& [id, k] : known_)
    if (IsOver(k.life.state)) over.emplace_back(k.touched, id);
  std::sort(over.begin(), over.end());
  for (size_t i = 0; i < over.size(); ++i)
    if (over.size() - i > kMaxOver || over[i].first + kOverKept < now_)
      known_.erase(over[i].second);
}

}  // namespace culprit
