#include "engine/deliver/planner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/views.h"

namespace culprit {
namespace {

constexpr size_t kMaxOver = 500;  // kept for reopening and late notes
constexpr DurationUs kOverKept = kDayUs;

template <typename T>
bool Fits(const std::vector<T>& any_of, const T& value) {
  return any_of.empty() || std::find(any_of.begin(), any_of.end(), value) != any_of.end();
}

}  // namespace

Planner::Planner(DeliverConfig config) : config_(std::move(config)) {}
Planner::~Planner() = default;

absl::StatusOr<std::unique_ptr<Planner>> Planner::Make(DeliverConfig config) {
  std::unique_ptr<Planner> out(new Planner(std::move(config)));
  CULPRIT_RETURN_IF_ERROR(out->Compile());
  return out;
}

absl::Status Planner::Compile() {
  for (const MuteTime& spec : config_.mute_times) {
    CULPRIT_ASSIGN_OR_RETURN(Calendar calendar, Calendar::Make(spec));
    calendars_.emplace(spec.name, std::move(calendar));
  }
  for (const Route& route : config_.routes) {
    CULPRIT_ASSIGN_OR_RETURN(CompiledMatchers labels, CompiledMatchers::Make(route.match.labels));
    for (const std::string& name : route.mute_times)
      if (!calendars_.contains(name))
        return absl::InvalidArgumentError(absl::StrCat("no mute time is called '", name, "'"));
    if (!route.team.empty() && TeamOf(route.team) == nullptr)
      return absl::InvalidArgumentError(absl::StrCat("no team is called '", route.team, "'"));
    routes_.push_back({route, std::move(labels)});
  }
  for (const MaintenanceWindow& window : config_.maintenance)
    if (!window.during.empty() && !calendars_.contains(window.during))
      return absl::InvalidArgumentError(
          absl::StrCat("no mute time is called '", window.during, "'"));
  for (const SilenceSpec& spec : config_.silences) {
    CULPRIT_ASSIGN_OR_RETURN(CompiledMatchers matchers, CompiledMatchers::Make(spec.matchers));
    silences_.push_back({spec, std::move(matchers), true});
  }
  return absl::OkStatus();
}

const Team* Planner::TeamOf(const std::string& name) const {
  for (const Team& team : config_.teams)
    if (team.name == name) return &team;
  return nullptr;
}

Labels Planner::LabelsFor(const Incident& incident) const {
  const Team* owner = OwnerOf(incident, config_);
  return LabelsOf(incident, owner == nullptr ? "" : owner->name, config_.labels);
}

Planner::Known* Planner::Find(std::string_view incident) {
  const auto it = known_.find(incident);
  return it == known_.end() ? nullptr : &it->second;
}

std::optional<Life> Planner::FindLife(std::string_view incident) const {
  const auto it = known_.find(incident);
  if (it == known_.end()) return std::nullopt;
  return it->second.life;
}

std::string Planner::MutedBy(std::string_view incident) const {
  const auto it = known_.find(incident);
  return it == known_.end() ? "" : it->second.muted_by;
}

void Planner::Refresh(const TellableIncident& now) {
  if (Known* k = Find(now.incident.id)) k->now = now;
}

PlanOutput Planner::Take() { return std::exchange(out_, {}); }

// --- what comes in ---

void Planner::OnChange(const IncidentChange& change, TimeUs now) {
  PassTime(now);
  const Incident& incident = change.now.incident;
  const auto [it, added] = known_.try_emplace(incident.id);
  Known* k = &it->second;
  const Summary before = SummaryOf(k->now.incident);
  k->now = change.now;
  k->touched = now_;
  LifeEvent event = change.event;
  // One that was forgotten, or that reasoning took up again.
  if (added && event != LifeEvent::kOpened) Happen(k, LifeEvent::kOpened, "", "");
  std::string text;
  if (event == LifeEvent::kOpened && !incident.split_from.empty()) {
    text = absl::StrCat("split from ", incident.split_from);
    Known* whole = Find(incident.split_from);
    if (whole != nullptr && std::find(whole->split_off.begin(), whole->split_off.end(),
                                      incident.id) == whole->split_off.end()) {
      whole->split_off.push_back(incident.id);
      Happen(whole, LifeEvent::kSplit, "",
             absl::StrCat(incident.id, " (", incident.title, ") is an incident of its own now"));
    }
  }
  if (event == LifeEvent::kMerged) text = absl::StrCat("part of ", incident.merged_into);
  // Closed by hand, and then it got worse or turned out to be something else: that is news.
  if (event == LifeEvent::kUpdated && k->life.state == LifeState::kResolved && k->by_hand) {
    const Summary after = SummaryOf(incident);
    if (after.severity > before.severity || after.root != before.root) {
      event = LifeEvent::kReopened;
      text = Difference(before, after);
    }
  }
  Happen(k, event, "", text);
  if (event != LifeEvent::kFlapping && k->life.flapping && !incident.flapping &&
      !IsOver(k->life.state))
    Happen(k, LifeEvent::kCalmed, "", "");
  Forget();
  PassTime(now);  // what this made due
}

absl::Status Planner::Act(const OperatorAction& action, TimeUs now) {
  using Kind = OperatorAction::Kind;
  PassTime(now);
  if (action.kind == Kind::kSilence) {
    if (action.silence.id.empty() || action.silence.matchers.empty())
      return absl::InvalidArgumentError("a silence needs an id and at least one matcher");
    CULPRIT_ASSIGN_OR_RETURN(CompiledMatchers matchers,
                             CompiledMatchers::Make(action.silence.matchers));
    Silence silence{action.silence, std::move(matchers), false};
    if (silence.spec.start == kNoTime) silence.spec.start = now_;
    if (silence.spec.author.empty()) silence.spec.author = action.author;
    if (silence.spec.end <= now_ || silence.spec.end <= silence.spec.start)
      return absl::InvalidArgumentError("the silence ends before it begins");
    std::erase_if(silences_, [&](const Silence& s) { return s.spec.id == silence.spec.id; });
    silences_.push_back(std::move(silence));
    PassTime(now);
    return absl::OkStatus();
  }
  if (action.kind == Kind::kExpireSilence) {
    for (Silence& s : silences_) {
      if (s.spec.id != action.text || s.spec.end <= now_) continue;
      s.spec.end = now_;
      PassTime(now);
      return absl::OkStatus();
    }
    return absl::NotFoundError(absl::StrCat("no silence '", action.text, "' is active"));
  }
  Known* k = Find(action.incident);
  if (k == nullptr) return absl::NotFoundError(absl::StrCat("no incident ", action.incident));
  const LifeState from = k->life.state;
  const bool is_over = IsOver(from);
  if (is_over && action.kind != Kind::kNote && action.kind != Kind::kAssign)
    return absl::FailedPreconditionError(
        absl::StrCat(action.incident, " is ", ToAbsl(LifeStateName(from)), " already"));
  if ((action.kind == Kind::kNote || action.kind == Kind::kAssign) && action.text.empty())
    return absl::InvalidArgumentError("there is no text");
  k->touched = now_;
  switch (action.kind) {
    case Kind::kAcknowledge:
      // By the same person again: nothing new.
      if (k->life.acknowledged && k->owner == action.author) return absl::OkStatus();
      k->owner = action.author;
      if (!action.text.empty()) k->notes.push_back({now_, action.author, action.text});
      Happen(k, LifeEvent::kAcknowledged, action.author, action.text);
      break;
    case Kind::kResolve:
      k->by_hand = true;
      Happen(k, LifeEvent::kResolved, action.author, action.text);
      break;
    case Kind::kNote:
      k->notes.push_back({now_, action.author, action.text});
      Happen(k, LifeEvent::kNote, action.author, action.text);
      break;
    case Kind::kAssign:
      k->owner = action.text;
      Happen(k, LifeEvent::kNote, action.author, absl::StrCat("owner: ", action.text));
      break;
    case Kind::kMerge:
      if (action.into == action.incident || Find(action.into) == nullptr)
        return absl::InvalidArgumentError(
            absl::StrCat("cannot be merged into '", action.into, "': no such other incident"));
      k->now.incident.merged_into = action.into;
      Happen(k, LifeEvent::kMerged, action.author, absl::StrCat("part of ", action.into));
      break;
    case Kind::kSilence:
    case Kind::kExpireSilence:
      break;
  }
  PassTime(now);  // what this made due
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> Planner::Preview(
    const std::vector<LabelMatcher>& matchers) const {
  CULPRIT_ASSIGN_OR_RETURN(const CompiledMatchers compiled, CompiledMatchers::Make(matchers));
  std::vector<std::string> out;
  for (const auto& [id, k] : known_)
    if (!IsOver(k.life.state) && compiled.Match(LabelsFor(k.now.incident))) out.push_back(id);
  return out;
}

std::vector<SilenceSpec> Planner::Silences(TimeUs now) const {
  std::vector<SilenceSpec> out;
  for (const Silence& s : silences_)
    if (s.spec.end > now) out.push_back(s.spec);
  std::stable_sort(out.begin(), out.end(),
                   [](const auto& a, const auto& b) { return a.start < b.start; });
  return out;
}

// --- where it goes ---

bool Planner::RouteFits(const CompiledRoute& route, const Incident& incident,
                        const Labels& labels) const {
  const RouteMatch& m = route.spec.match;
  const Team* owner = OwnerOf(incident, config_);
  return Fits(m.severities, incident.severity) && Fits(m.components, incident.root.component) &&
         Fits(m.teams, owner == nullptr ? std::string() : owner->name) &&
         Fits(m.packs, std::string(PackOf(incident.root.failure_mode))) &&
         route.labels.Match(labels);
}

// Destinations are only added: whoever was told of an incident hears of its end.
void Planner::FindTargets(Known* k) {
  const Incident& incident = k->now.incident;
  const Labels labels = LabelsFor(incident);
  const Team* owner = OwnerOf(incident, config_);
  for (const CompiledRoute& route : routes_) {
    if (!RouteFits(route, incident, labels)) continue;
    const Route& spec = route.spec;
    for (const std::string& sink : spec.sinks) {
      const auto [it, added] = k->targets.try_emplace(sink);
      Target& t = it->second;
      if (!added) continue;
      t.group_wait = spec.group_wait;
      t.group_interval = spec.group_interval;
      t.repeat_interval = spec.repeat_interval;
      t.digest_interval = spec.digest_interval;
      t.mute_times = spec.mute_times;
      t.team = !spec.team.empty() ? spec.team : owner == nullptr ? "" : owner->name;
      // Found only later (it became critical): told at once.
      t.pending = NotifyEvent::kOpened;
      t.due = k->life.state == LifeState::kNone ? now_ + t.group_wait : now_;
    }
    if (!spec.go_on) break;
  }
}

// --- mutes ---

std::string Planner::MuteReason(const Incident& incident) const {
  const Labels labels = LabelsFor(incident);
  for (const Silence& s : silences_) {
    const SilenceSpec& spec = s.spec;
    if (spec.start > now_ || now_ >= spec.end || !s.matchers.Match(labels)) continue;
    return absl::StrCat("silence ", spec.id, spec.author.empty() ? "" : " by ", spec.author,
                        spec.comment.empty() ? "" : ": ", spec.comment);
  }
  for (const MaintenanceWindow& w : config_.maintenance) {
    if (std::find(w.components.begin(), w.components.end(), incident.root.component) ==
        w.components.end())
      continue;
    const bool on =
        w.during.empty() ? w.start <= now_ && now_ < w.end : calendars_.at(w.during).Covers(now_);
    if (on)
      return absl::StrCat("maintenance", w.name.empty() ? "" : " ", w.name, " of ",
                          incident.root.component);
  }
  return "";
}

bool Planner::TargetMuted(const Target& t) const {
  for (const std::string& name : t.mute_times)
    if (calendars_.at(name).Covers(now_)) return true;
  return false;
}

void Planner::CheckMute(Known* k) {
  if (IsOver(k->life.state) || k->life.state == LifeState::kNone) return;
  std::string reason = MuteReason(k->now.incident);
  const bool was = k->life.state == LifeState::kMuted;
  const bool is = !reason.empty();
  if (was == is) {
    k->muted_by = std::move(reason);
    return;
  }
  if (is) {
    k->muted_by = reason;
    Happen(k, LifeEvent::kMuted, "", reason);
  } else {
    const std::string before = std::exchange(k->muted_by, "");
    Happen(k, LifeEvent::kUnmuted, "", absl::StrCat("over: ", before));
  }
}

// --- time ---

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
