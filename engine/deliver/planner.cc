#include "engine/deliver/planner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/views.h"

namespace culprit {
namespace {

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

void Planner::Refresh(TellableIncident now) {
  Known* k = Find(now.incident.id);
  if (k != nullptr && !IsOver(k->life.state)) k->now = std::move(now);
}

void Planner::Reroute(TimeUs now) {
  now_ = std::max(now_, now);
  for (auto& [id, k] : known_)
    if (!IsOver(k.life.state)) FindTargets(&k);
  PassTime(now_);
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
  // It is by coming back that it flaps; the message that it did says so.
  if (event == LifeEvent::kReopened && incident.flapping && !IsOver(k->life.state)) {
    const LifeState from = k->life.state;
    k->life.Apply(LifeEvent::kFlapping);
    Journal(k, LifeEventName(LifeEvent::kFlapping), from, "", "");
  }
  if (event != LifeEvent::kFlapping && k->life.flapping && !incident.flapping &&
      !IsOver(k->life.state))
    Happen(k, LifeEvent::kCalmed, "", "");
  Shrink(k);
  Forget();
  PassTime(now);  // what this made due
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

}  // namespace culprit
