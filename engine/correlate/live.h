// What the parts of the correlator share: bursts as kept, one evaluation, one open incident.
// Plain values of the Correlator's thread.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/core/burst.h"
#include "engine/core/incident.h"
#include "engine/correlate/inference.h"

namespace culprit {

struct TrackedBurst {
  Burst burst;
  ComponentId component = kNoComponent;
  ComponentId target = kNoComponent;
  std::string key;    // (signature, template, component, target): stable over runs
  double leak = .01;  // of the key when the burst opened
};
using BurstMap = std::map<uint64_t, TrackedBurst>;

// The latest evaluation; everything an explanation is computed from.
struct Evaluation {
  TimeUs now = kNoTime;
  EvidenceSet evidence;
  InferenceResult result;
  std::vector<int> related;              // by incident of the result
  std::map<uint64_t, uint32_t> item_of;  // burst -> item
};

// An incident that is not over. `value` holds what is decided (id, state, times, history); what can
// be computed from an evaluation is filled in by Explain.
struct LiveIncident {
  uint64_t serial = 0;  // order of creation: lower is older
  Incident value;
  HypothesisRef shown;
  int64_t shown_mode_spec = -1;  // FailureModeSpec, or -1: generic
  std::set<uint64_t> members;    // bursts, each in one incident only
  std::set<uint64_t> contested;  // bursts it had that another incident explains now
  int64_t score_micro_nats = 0;  // latest
  int result = -1;               // of the latest evaluation, -1: no result matched
  ComponentId challenger = kNoComponent;
  int challenged = 0;  // consecutive evaluations
  int explained_away = 0;
  std::vector<TimeUs> flap_times;
  DurationUs resolve_after = 0;
};

}  // namespace culprit
