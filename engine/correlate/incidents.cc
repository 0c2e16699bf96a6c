#include "engine/correlate/incidents.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <tuple>

namespace culprit {
namespace {

constexpr double kMicro = 1e6;

void Event(LiveIncident* incident, TimeUs time, std::string kind, std::string component,
           std::string text) {
  incident->value.timeline.push_back(
      {time, std::move(kind), std::move(component), std::move(text)});
}

uint32_t Hash32(const std::string& key) {
  uint64_t h = 0xcbf29ce484222325u;  // FNV-1a
  for (unsigned char c : key) h = (h ^ c) * 0x100000001b3u;
  return static_cast<uint32_t>(h ^ (h >> 32));
}

std::string IdOf(TimeUs onset, const std::string& key) {
  TimeUs seconds = onset / kSecondUs - (onset % kSecondUs < 0 ? 1 : 0);
  const std::time_t time = static_cast<std::time_t>(seconds);
  std::tm utc{};
  gmtime_r(&time, &utc);
  char text[64];
  std::snprintf(text, sizeof text, "INC-%04d%02d%02dT%02d%02d%02dZ-%08x", utc.tm_year + 1900,
                utc.tm_mon + 1, utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, Hash32(key));
  return text;
}

// Earliest member by (onset, key).
const TrackedBurst& First(const BurstIds& members, const BurstMap& bursts) {
  const TrackedBurst* first = nullptr;
  for (uint64_t id : members) {
    const TrackedBurst& b = bursts.at(id);
    if (!first || std::tie(b.burst.onset, b.key) < std::tie(first->burst.onset, first->key)) {
      first = &b;
    }
  }
  return *first;
}

size_t Overlap(const BurstIds& a, const BurstIds& b) {
  size_t n = 0;
  for (auto p = a.begin(), q = b.begin(); p != a.end() && q != b.end();) {
    n += *p == *q;
    const uint64_t least = std::min(*p, *q);
    p += *p == least;
    q += *q == least;
  }
  return n;
}

// Moves what both hold from *ids to *common.
void MoveCommon(const BurstIds& with, BurstIds* ids, BurstIds* common) {
  BurstIds both, all;
  std::set_intersection(ids->begin(), ids->end(), with.begin(), with.end(),
                        std::back_inserter(both));
  std::erase_if(*ids, [&](uint64_t id) { return Contains(both, id); });
  std::set_union(common->begin(), common->end(), both.begin(), both.end(), std::back_inserter(all));
  *common = std::move(all);
}

}  // namespace

TimeUs IncidentBook::QuietSince(const LiveIncident& incident, const BurstMap& bursts) const {
  if (incident.still_on != UINT64_MAX) {
    auto it = bursts.find(incident.still_on);
    if (it != bursts.end() && it->second.burst.closed_at == kNoTime &&
        (Contains(incident.members, it->first) || Contains(incident.contested, it->first))) {
      return kNoTime;
    }
  }
  TimeUs quiet = incident.value.opened_at;
  for (const auto* held : {&incident.members, &incident.contested}) {
    for (uint64_t id : *held) {
      auto it = bursts.find(id);
      if (it == bursts.end()) continue;
      if (it->second.burst.closed_at == kNoTime) {
        incident.still_on = id;
        return kNoTime;
      }
      quiet = std::max(quiet, it->second.burst.closed_at);
    }
  }
  return quiet;
}

DurationUs IncidentBook::HoldDown(const LiveIncident& incident) const {
  return incident.value.severity == Severity::kCritical ? options_.critical_hold_down
                                                        : options_.hold_down;
}

TimeUs IncidentBook::NextDue(const BurstMap& bursts) const {
  TimeUs due = INT64_MAX;
  for (const LiveIncident& i : live_) {
    const TimeUs quiet = QuietSince(i, bursts);
    if (quiet != kNoTime) due = std::min(due, quiet + i.resolve_after);
    // Only while it lies ahead: a hold-down that passed without a page waits for an evaluation.
    const TimeUs page = i.value.opened_at + HoldDown(i);
    if (i.value.paged_at == kNoTime && i.score_micro_nats >= options_.page_score * kMicro &&
        page > i.value.updated_at) {
      due = std::min(due, page);
    }
  }
  return due;
}

bool IncidentBook::HasYoung(TimeUs now) const {
  return std::any_of(live_.begin(), live_.end(), [&](const LiveIncident& i) {
    return now - i.value.opened_at < options_.young_age;
  });
}

void IncidentBook::Finish(LiveIncident incident, Counters* counters) {
  finished_.push_back(std::move(incident));
  if (finished_.size() > options_.max_finished) {
    ids_.erase(finished_.front().value.id);
    finished_.pop_front();
    counters->Count(Reason::kStateEvicted);
  }
}

bool IncidentBook::Resolve(TimeUs now, const BurstMap& bursts, const Explainer& explain,
                           BurstIds* done, Counters* counters) {
  bool any = false;
  for (size_t i = 0; i < live_.size();) {
    LiveIncident& incident = live_[i];
    const TimeUs quiet = QuietSince(incident, bursts);
    if (quiet == kNoTime || quiet + incident.resolve_after > now) {
      ++i;
      continue;
    }
    explain(incident, &incident.value);
    Event(&incident, quiet, "quiet", "", "no more symptoms");
    Event(&incident, quiet + incident.resolve_after, "resolved", "", "quiet long enough: resolved");
    // One that never passed the paging threshold stays what it was: nobody was told.
    if (incident.value.paged_at != kNoTime) incident.value.state = IncidentState::kResolved;
    incident.value.resolved_at = quiet + incident.resolve_after;
    incident.value.updated_at = incident.value.resolved_at;
    any = true;
    const BurstIds members = incident.members;
    done->insert(done->end(), members.begin(), members.end());
    Finish(std::move(incident), counters);
    live_.erase(live_.begin() + static_cast<ptrdiff_t>(i));
    for (LiveIncident& other : live_) {  // two without a result may hold the same
      std::erase_if(other.members, [&](uint64_t id) { return Contains(members, id); });
    }
  }
  return any;
}

void IncidentBook::Page(LiveIncident* incident, TimeUs now) {
  incident->value.paged_at = now;
  incident->value.state = IncidentState::kOpen;
  incident->value.related_to.clear();
  Event(incident, now, "paged", "", "passed the paging threshold");
}

void IncidentBook::PageDue(TimeUs now) {
  for (LiveIncident& i : live_) {
    if (i.value.paged_at != kNoTime || i.value.opened_at + HoldDown(i) > now ||
        i.score_micro_nats < options_.page_score * kMicro) {
      continue;
    }
    if (i.result >= 0 && i.value.state == IncidentState::kSuspected) Page(&i, now);
    i.value.updated_at = now;
  }
}

void IncidentBook::PageNow(TimeUs now) {
  for (LiveIncident& i : live_) {
    if (i.value.paged_at == kNoTime && i.value.state == IncidentState::kSuspected &&
        i.score_micro_nats >= options_.page_score * kMicro) {
      Page(&i, now);
    }
  }
}

LiveIncident* IncidentBook::Match(const InferredIncident& result, const BurstIds& members) {
  LiveIncident* best = nullptr;
  double best_key = 0;
  for (LiveIncident& i : live_) {  // older first
    if (i.result >= 0) continue;
    const double key =
        static_cast<double>(Overlap(members, i.members) + Overlap(members, i.contested)) +
        (i.shown.component == result.candidates[0].component ? .5 : 0);
    if (key > best_key) {
      best = &i;
      best_key = key;
    }
  }
  return best;
}

LiveIncident& IncidentBook::Open(const Evaluation& evaluation, size_t index,
                                 const BurstIds& members, const BurstMap& bursts,
                                 const Topology& topology) {
  const InferredIncident& result = evaluation.result.incidents[index];
  const RankedHypothesis& top = result.hypotheses[result.candidates[0].best];
  // The same root and mode again soon after it was resolved: reopened.
  for (size_t f = finished_.size(); f-- > 0;) {
    LiveIncident& old = finished_[f];
    if (old.value.resolved_at == kNoTime || old.shown != top.hypothesis ||
        old.value.resolved_at + options_.reopen_within < evaluation.now) {
      continue;
    }
    LiveIncident again = std::move(old);
    finished_.erase(finished_.begin() + static_cast<ptrdiff_t>(f));
    again.members.clear();
    again.contested.clear();
    again.value.resolved_at = kNoTime;
    again.value.state =
        again.value.paged_at == kNoTime ? IncidentState::kSuspected : IncidentState::kOpen;
    ++again.value.flaps;
    again.flap_times.push_back(evaluation.now);
    std::erase_if(again.flap_times,
                  [&](TimeUs t) { return t + options_.flap_window < evaluation.now; });
    again.value.flapping =
        again.flap_times.size() >= static_cast<size_t>(options_.flaps_to_flapping);
    again.resolve_after = again.value.flapping
                              ? std::min(2 * again.resolve_after, options_.resolve_after_max)
                              : options_.resolve_after;
    Event(&again, evaluation.now, "reopened", topology.Name(again.shown.component),
          again.value.flapping ? "came back again: flapping" : "came back");
    const auto place =
        std::upper_bound(live_.begin(), live_.end(), again.serial,
                         [](uint64_t serial, const LiveIncident& i) { return serial < i.serial; });
    return *live_.insert(place, std::move(again));
  }
  LiveIncident fresh;
  fresh.serial = next_serial_++;
  const TrackedBurst& first = First(members, bursts);
  const std::string id = IdOf(first.burst.onset, first.key);
  fresh.value.id = id;
  for (int copy = 2; ids_.contains(fresh.value.id); ++copy) {
    fresh.value.id = id + "-" + std::to_string(copy);
  }
  ids_.insert(fresh.value.id);
  fresh.value.opened_at = evaluation.now;
  fresh.resolve_after = options_.resolve_after;
  fresh.shown = top.hypothesis;
  Event(&fresh, evaluation.now, "opened", topology.Name(fresh.shown.component),
        "symptoms first added up to an incident");
  // Part of another incident before?
  for (const LiveIncident& i : live_) {
    if (Overlap(members, i.members) > 0) {
      fresh.value.split_from = i.value.id;
      Event(&fresh, evaluation.now, "split", "", "split from " + i.value.id);
      break;
    }
  }
  return live_.emplace_back(std::move(fresh));
}

void IncidentBook::ChooseRoot(LiveIncident* incident, const InferredIncident& result, TimeUs now,
                              const Topology& topology) {
  const RootCandidate& top = result.candidates[0];
  const bool fixed = incident->value.paged_at != kNoTime;
  const RootCandidate* shown = nullptr;
  for (const RootCandidate& c : result.candidates) {
    if (c.component == incident->shown.component) shown = &c;
  }
  if (!fixed || top.component == incident->shown.component) {
    incident->challenger = kNoComponent;
    incident->challenged = 0;
    incident->shown = result.hypotheses[top.best].hypothesis;
    return;
  }
  const double old = std::max(shown ? shown->posterior : 0, 1e-12);
  if (std::log(std::max(top.posterior, 1e-12) / old) >= options_.root_change_ratio) {
    incident->challenged = incident->challenger == top.component ? incident->challenged + 1 : 1;
    incident->challenger = top.component;
  } else {
    incident->challenger = kNoComponent;
    incident->challenged = 0;
  }
  if (incident->challenged >= options_.root_change_evaluations) {
    const std::string& before = topology.Name(incident->shown.component);
    incident->value.root_history.push_back(before);
    incident->shown = result.hypotheses[top.best].hypothesis;
    Event(incident, now, "root_changed", topology.Name(top.component),
          "root cause revised from " + before + " to " + topology.Name(top.component));
    incident->challenger = kNoComponent;
    incident->challenged = 0;
  } else if (shown) {
    incident->shown = result.hypotheses[shown->best].hypothesis;
  }
}

// Incidents that no result continues: merged into the one that explains their bursts, dropped if
// nobody was told about them, else left as they are until they resolve.
void IncidentBook::MergeOrDrop(const Evaluation& evaluation, const BurstMap& bursts,
                               const Topology& topology, const Explainer& explain,
                               Counters* counters) {
  BurstIds claimed;
  for (const LiveIncident& i : live_) {
    if (i.result >= 0) claimed.insert(claimed.end(), i.members.begin(), i.members.end());
  }
  std::sort(claimed.begin(), claimed.end());
  for (size_t n = 0; n < live_.size();) {
    LiveIncident& incident = live_[n];
    if (incident.result >= 0) {
      incident.explained_away = 0;
      ++n;
      continue;
    }
    if (incident.value.paged_at == kNoTime) {
      ids_.erase(incident.value.id);
      live_.erase(live_.begin() + static_cast<ptrdiff_t>(n));
      continue;
    }
    BurstIds held_ever;
    std::set_union(incident.members.begin(), incident.members.end(), incident.contested.begin(),
                   incident.contested.end(), std::back_inserter(held_ever));
    incident.members = std::move(held_ever);
    incident.contested.clear();
    // What it once had may be over by now, told by another incident or by none.
    std::erase_if(incident.members, [&](uint64_t id) { return !bursts.contains(id); });
    const size_t held = incident.members.size();
    size_t into = live_.size();
    size_t most = 0;
    for (size_t k = 0; k < live_.size(); ++k) {
      if (live_[k].result < 0) continue;
      const size_t overlap = Overlap(incident.members, live_[k].members);
      if (overlap > most) {
        most = overlap;
        into = k;
      }
    }
    const bool away = 2 * most >= std::max<size_t>(held, 1);
    incident.explained_away = away ? incident.explained_away + 1 : 0;
    MoveCommon(claimed, &incident.members, &incident.contested);
    if (incident.explained_away < options_.merge_evaluations) {
      ++n;
      continue;
    }
    LiveIncident& other = live_[into];
    if (incident.serial < other.serial) {
      // The older id survives: it takes over what the newer one is about.
      if (incident.shown.component != other.shown.component) {
        const std::string& before = topology.Name(incident.shown.component);
        incident.value.root_history.push_back(before);
        Event(&incident, evaluation.now, "root_changed", topology.Name(other.shown.component),
              "root cause revised from " + before + " to " + topology.Name(other.shown.component));
      }
      std::swap(incident.shown, other.shown);
      std::swap(incident.members, other.members);
      std::swap(incident.contested, other.contested);
      std::swap(incident.score_micro_nats, other.score_micro_nats);
      std::swap(incident.result, other.result);
      incident.explained_away = 0;
      incident.value.severity = std::max(incident.value.severity, other.value.severity);
      if (other.value.paged_at == kNoTime) {
        ids_.erase(other.value.id);
        live_.erase(live_.begin() + static_cast<ptrdiff_t>(into));
      } else {
        explain(other, &other.value);
        other.value.state = IncidentState::kMerged;
        other.value.merged_into = incident.value.id;
        Event(&other, evaluation.now, "merged", "", "merged into " + incident.value.id);
        Event(&incident, evaluation.now, "merged", "", "took in " + other.value.id);
        other.value.updated_at = evaluation.now;
        Finish(std::move(other), counters);
        live_.erase(live_.begin() + static_cast<ptrdiff_t>(into));
      }
      if (into > n) ++n;
      continue;
    }
    explain(incident, &incident.value);
    incident.value.state = IncidentState::kMerged;
    incident.value.merged_into = other.value.id;
    incident.value.updated_at = evaluation.now;
    Event(&incident, evaluation.now, "merged", "", "merged into " + other.value.id);
    Event(&other, evaluation.now, "merged", "", "took in " + incident.value.id);
    Finish(std::move(incident), counters);
    live_.erase(live_.begin() + static_cast<ptrdiff_t>(n));
  }
}

void IncidentBook::Update(const Evaluation& evaluation, const BurstMap& bursts,
                          const Topology& topology, const Explainer& explain, Counters* counters) {
  const TimeUs now = evaluation.now;
  const auto& results = evaluation.result.incidents;
  const auto& items = evaluation.evidence.items();
  for (LiveIncident& i : live_) i.result = -1;
  std::vector<size_t> order(results.size());
  for (size_t r = 0; r < order.size(); ++r) order[r] = r;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return results[a].score_micro_nats > results[b].score_micro_nats;
  });
  std::vector<uint64_t> serial_of(results.size());
  for (size_t r : order) {
    const InferredIncident& result = results[r];
    BurstIds members;
    for (uint32_t item : result.members) members.push_back(items[item].burst);
    std::sort(members.begin(), members.end());
    LiveIncident* incident = Match(result, members);
    if (!incident) incident = &Open(evaluation, r, members, bursts, topology);
    incident->result = static_cast<int>(r);
    incident->score_micro_nats = result.score_micro_nats;
    serial_of[r] = incident->serial;
    ChooseRoot(incident, result, now, topology);
  }
  for (LiveIncident& i : live_) {
    if (i.result < 0) continue;
    i.members.clear();
    i.contested.clear();
    Severity severity = Severity::kInfo;
    for (uint32_t item : results[i.result].members) {
      const TrackedBurst& b = bursts.at(items[item].burst);
      i.members.push_back(b.burst.id);
      severity = std::max(severity, b.burst.severity);
    }
    std::sort(i.members.begin(), i.members.end());
    i.value.severity = severity;
  }
  MergeOrDrop(evaluation, bursts, topology, explain, counters);
  for (LiveIncident& i : live_) {
    i.value.updated_at = now;
    if (i.result < 0 || i.value.paged_at != kNoTime) continue;
    const int parent = evaluation.related[i.result];
    i.value.related_to.clear();
    i.value.state = IncidentState::kSuspected;
    if (parent >= 0) {
      for (const LiveIncident& p : live_) {
        if (p.result != parent || p.serial == i.serial) continue;
        i.value.related_to = p.value.id;
        i.value.state = IncidentState::kRelated;
      }
    }
    if (i.value.state == IncidentState::kSuspected &&
        i.score_micro_nats >= options_.page_score * kMicro &&
        now - i.value.opened_at >= HoldDown(i)) {
      Page(&i, now);
    }
  }
}

}  // namespace culprit
