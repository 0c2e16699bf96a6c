// Which incident of before a result continues; new, split, merged and dropped ones; the shown root.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <tuple>

#include "engine/correlate/incidents.h"

namespace culprit {
namespace {

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

// Pairs by what they have in common, half a burst more for the same root; the closest first, then
// the likelier result, then the older incident.
void IncidentBook::Match(const std::vector<InferredIncident>& results,
                         const std::vector<size_t>& order, const std::vector<BurstIds>& members) {
  struct Pair {
    size_t key;
    size_t result;
    LiveIncident* incident;
  };
  for (LiveIncident& i : live_) i.result = -1;
  std::vector<Pair> pairs;
  for (size_t r : order) {
    for (LiveIncident& i : live_) {
      const size_t common = Overlap(members[r], i.members) + Overlap(members[r], i.contested);
      const bool same_root = i.shown.component == results[r].candidates[0].component;
      if (const size_t key = 2 * common + same_root; key > 0) pairs.push_back({key, r, &i});
    }
  }
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const Pair& a, const Pair& b) { return a.key > b.key; });
  std::vector<bool> taken(results.size(), false);
  for (const Pair& pair : pairs) {
    if (taken[pair.result] || pair.incident->result >= 0) continue;
    taken[pair.result] = true;
    pair.incident->result = static_cast<int>(pair.result);
  }
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
    again.Note(evaluation.now, "reopened", topology.Name(again.shown.component),
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
  fresh.Note(evaluation.now, "opened", topology.Name(fresh.shown.component),
             "symptoms first added up to an incident");
  // Part of another incident before?
  for (const LiveIncident& i : live_) {
    if (Overlap(members, i.members) > 0) {
      fresh.value.split_from = i.value.id;
      fresh.Note(evaluation.now, "split", "", "split from " + i.value.id);
      break;
    }
  }
  return live_.emplace_back(std::move(fresh));
}

void IncidentBook::ChooseRoot(LiveIncident* incident, const InferredIncident& result, TimeUs now,
                              const Topology& topology, const RankResult& rank) {
  const bool fixed = incident->value.paged_at != kNoTime;
  if (!fixed || result.candidates[0].component == incident->shown.component) {
    incident->challenger = kNoComponent;
    incident->challenged = 0;
    incident->shown = result.hypotheses[result.candidates[0].best].hypothesis;
    return;
  }
  rank(static_cast<size_t>(incident->result));
  const RootCandidate& top = result.candidates[0];
  const RootCandidate* shown = nullptr;
  for (const RootCandidate& c : result.candidates) {
    if (c.component == incident->shown.component) shown = &c;
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
    incident->Note(now, "root_changed", topology.Name(top.component),
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
        incident.Note(
            evaluation.now, "root_changed", topology.Name(other.shown.component),
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
        other.Note(evaluation.now, "merged", "", "merged into " + incident.value.id);
        incident.Note(evaluation.now, "merged", "", "took in " + other.value.id);
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
    incident.Note(evaluation.now, "merged", "", "merged into " + other.value.id);
    other.Note(evaluation.now, "merged", "", "took in " + incident.value.id);
    Finish(std::move(incident), counters);
    live_.erase(live_.begin() + static_cast<ptrdiff_t>(n));
  }
}

}  // namespace culprit
