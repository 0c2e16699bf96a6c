// Which roots explain the evidence: greedy cover by several roots, back-fit, relation between
// incidents (ROOT_CAUSE 4 and 5). A pure function of its inputs; one thread.
#pragma once
#include <cstdint>
#include <vector>

#include "engine/correlate/evidence.h"
#include "engine/correlate/modes.h"
#include "engine/correlate/options.h"
#include "engine/correlate/ranker.h"
#include "engine/correlate/topology.h"

namespace culprit {

struct RootCandidate {
  ComponentId component = kNoComponent;
  double posterior = 0;  // sum over its modes, null included
  double share = 0;      // the same without the null
  uint32_t best = 0;     // its best hypothesis, index into InferredIncident::hypotheses
};

struct InferredIncident {
  std::vector<RankedHypothesis> hypotheses;  // best first
  std::vector<RootCandidate> candidates;     // most likely first
  bool ranked = true;             // false: only the first of each so far, without posteriors
  int64_t score_micro_nats = 0;   // of the best hypothesis
  std::vector<uint32_t> members;  // items with responsibility >= .5, ascending
  HiddenMask hidden;              // what other incidents explained when this ranking was made
};

struct InferenceResult {
  std::vector<InferredIncident> incidents;
  std::vector<uint32_t> unattributed;  // items
};

// Tells the topology what the evidence shows: learned and lit edges, unknown edges if no topology.
void ObserveEdges(const std::vector<SymptomItem>& items, TimeUs now,
                  const CorrelatorOptions& options, Topology* topology);

// Who else it may be (all hypotheses and their posteriors) costs most and is seldom asked for.
enum class Rankings { kAll, kWhenAsked };

InferenceResult Infer(const Topology& topology, const ModeCatalog& modes,
                      const EvidenceSet& evidence, TimeUs now, const CorrelatorOptions& options,
                      const PriorBonus* bonus = nullptr, InferenceCache* cache = nullptr,
                      Rankings rankings = Rankings::kAll);
// Makes up for kWhenAsked: as if it had been made at once, while edges, modes and bonus are those
// of then (names and signs of life may be newer).
void RankIncident(const Topology& topology, const ModeCatalog& modes, const EvidenceSet& evidence,
                  TimeUs now, const CorrelatorOptions& options, const PriorBonus* bonus,
                  InferenceCache* cache, InferredIncident* incident);

// For each incident: the index of the paged-tier incident it is only a consequence of, or -1.
std::vector<int> RelatedIncidents(const InferenceResult& result, const EvidenceSet& evidence,
                                  const CorrelatorOptions& options);

}  // namespace culprit
