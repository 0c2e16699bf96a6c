#include "engine/correlate/incidents.h"

#include <algorithm>

namespace culprit {
namespace {

constexpr double kMicro = 1e6;

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
    incident.Note(quiet, "quiet", "", "no more symptoms");
    incident.Note(quiet + incident.resolve_after, "resolved", "", "quiet long enough: resolved");
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
  incident->Note(now, "paged", "", "passed the paging threshold");
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

void IncidentBook::Update(const Evaluation& evaluation, const BurstMap& bursts,
                          const Topology& topology, const Explainer& explain,
                          const RankResult& rank, Counters* counters) {
  const TimeUs now = evaluation.now;
  const auto& results = evaluation.result.incidents;
  const auto& items = evaluation.evidence.items();
  std::vector<size_t> order(results.size());
  for (size_t r = 0; r < order.size(); ++r) order[r] = r;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return results[a].score_micro_nats > results[b].score_micro_nats;
  });
  std::vector<BurstIds> members(results.size());
  for (size_t r : order) {
    for (uint32_t item : results[r].members) members[r].push_back(items[item].burst);
    std::sort(members[r].begin(), members[r].end());
  }
  Match(results, order, members);
  for (size_t r : order) {
    const auto continued = std::find_if(live_.begin(), live_.end(), [r](const LiveIncident& i) {
      return i.result == static_cast<int>(r);
    });
    LiveIncident* incident =
        continued != live_.end() ? &*continued : &Open(evaluation, r, members[r], bursts, topology);
    incident->result = static_cast<int>(r);
    incident->score_micro_nats = results[r].score_micro_nats;
    ChooseRoot(incident, results[r], now, topology, rank);
  }
  for (LiveIncident& i : live_) {
    if (i.result < 0) continue;
    i.members = std::move(members[static_cast<size_t>(i.result)]);
    i.contested.clear();
    i.value.severity = Severity::kInfo;
    for (uint64_t id : i.members) {
      i.value.severity = std::max(i.value.severity, bursts.at(id).burst.severity);
    }
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
