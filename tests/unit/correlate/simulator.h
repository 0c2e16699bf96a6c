// Random systems and cascades through them, for gates and properties: topologies in three layers,
// one fault (or two), propagation edge by edge with delays, fallbacks and crash cascades, missing
// and unrelated bursts, skewed clocks, a topology that is partly wrong. Deliberately not the
// process the model assumes. Deterministic per seed.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/correlate/evidence.h"
#include "engine/correlate/topology.h"

namespace culprit::testing {

struct CascadeOptions {
  int components = 0;  // 0: 20 to 200
  double two_faults = .2;
  double noise = 1.5;   // unrelated bursts, mean
  double capture = .6;  // dependency symptoms that name their target
  double missing_edges = .08, wrong_edges = .04;
  double silent = .15;  // components that do not log; infrastructure twice that
  double dropped = .1;  // symptoms lost
  double skew_seconds = 1.5;
};

enum class FaultKind { kCrash, kSlow, kErrors, kResource, kPartition };

struct SimulatedBurst {
  int component;
  SymptomClass cls;
  int target;  // -1: none
  double onset;
  int fault;  // index, negative: noise
};

struct Cascade {
  int components = 0;
  struct Edge {
    int from, to;
    bool hard;
  };
  std::vector<Edge> known_edges;
  std::vector<bool> logs;
  std::vector<SimulatedBurst> bursts;
  struct Fault {
    int component;
    FaultKind kind;
    double onset;
  };
  std::vector<Fault> faults;
};

Cascade Simulate(uint64_t seed, const CascadeOptions& options = {});

std::string SimulatedName(int component);
// Topology as known, and the bursts up to `seconds` as items; burst = index into cascade.bursts.
Topology TopologyOf(const Cascade& cascade, double seconds, const CorrelatorOptions& options);
std::vector<SymptomItem> ItemsOf(const Cascade& cascade, double seconds, const Topology& topology);
TimeUs SimulatedTime(double seconds);

}  // namespace culprit::testing
