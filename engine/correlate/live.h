// What the parts of the correlator share: bursts as kept, one evaluation, one open incident.
// Plain values of the Correlator's thread.
#pragma once
#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/burst.h"
#include "engine/core/incident.h"
#include "engine/correlate/inference.h"

namespace culprit {

// A burst and what came again of the same key: one symptom. Id, onset and lines are those of the
// first burst; count, newest line, instances and whether it is over are those of all.
struct TrackedBurst {
  Burst burst;
  ComponentId component = kNoComponent;
  ComponentId target = kNoComponent;
  std::string key;         // (signature, template, component, target): stable over runs
  double leak = .01;       // of the key when the burst opened
  bool held = false;       // by an open incident
  bool told = false;       // and people know of it
  uint64_t newest_id = 0;  // of the bursts folded into it
  // Of the bursts before the newest one.
  uint64_t count_before = 0;
  std::vector<std::pair<std::string, uint64_t>> instances_before;
};
using BurstMap = std::map<uint64_t, TrackedBurst>;  // by the id of the first burst

using BurstIds = std::vector<uint64_t>;  // ascending, each once
inline bool Contains(const BurstIds& ids, uint64_t id) {
  return std::binary_search(ids.begin(), ids.end(), id);
}

// The latest evaluation; everything an explanation is computed from.
struct Evaluation {
  TimeUs now = kNoTime;
  EvidenceSet evidence;
  InferenceResult result;
  std::vector<int> related;                            // by incident of the result
  std::vector<std::pair<uint64_t, uint32_t>> item_of;  // burst, item; ascending
  void IndexItems() {
    const auto& items = evidence.items();
    item_of.clear();
    for (uint32_t i = 0; i < items.size(); ++i) item_of.emplace_back(items[i].burst, i);
    std::sort(item_of.begin(), item_of.end());
  }
  // Item of a burst; -1: none.
  int64_t ItemOf(uint64_t burst) const {
    auto it = std::lower_bound(item_of.begin(), item_of.end(), std::make_pair(burst, uint32_t{0}));
    return it != item_of.end() && it->first == burst ? int64_t{it->second} : -1;
  }
};

// An incident that is not over. `value` holds what is decided (id, state, times, history); what can
// be computed from an evaluation is filled in by Explain.
struct LiveIncident {
  uint64_t serial = 0;  // order of creation: lower is older
  Incident value;
  HypothesisRef shown;
  BurstIds members;              // each in one incident only
  BurstIds contested;            // bursts it had that another incident explains now
  int64_t score_micro_nats = 0;  // latest
  int result = -1;               // of the latest evaluation, -1: no result matched
  ComponentId challenger = kNoComponent;
  int challenged = 0;  // consecutive evaluations
  int explained_away = 0;
  mutable uint64_t still_on = UINT64_MAX;  // a burst of it that was open when last looked
  std::vector<TimeUs> flap_times;
  DurationUs resolve_after = 0;
  // Adds to the timeline.
  void Note(TimeUs time, std::string kind, std::string component, std::string text) {
    value.timeline.push_back({time, std::move(kind), std::move(component), std::move(text)});
  }
};

}  // namespace culprit
