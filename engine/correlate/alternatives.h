// Why one hypothesis ranks above another: weights of single symptoms, and one plain sentence. Lives
// for one explanation, on one thread.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "engine/correlate/inference.h"
#include "engine/correlate/modes.h"
#include "engine/correlate/score.h"

namespace culprit {

// The best other hypotheses of an incident: one per component, cut paths apart; best first.
std::vector<const RankedHypothesis*> ChooseAlternatives(const InferredIncident& incident,
                                                        const HypothesisRef& shown,
                                                        const ModeCatalog& modes, size_t most);

class WeighedScores {
 public:
  struct Side {
    HypothesisRef h;
    int64_t score = 0;
    double bonus = 0;
    const HypothesisDetail* detail = nullptr;  // computed if null
  };
  WeighedScores(Scorer& scorer, const EvidenceSet& evidence, const HiddenMask& hidden)
      : scorer_(scorer), evidence_(evidence), hidden_(hidden) {}

  int64_t Full(const HypothesisRef& h, double bonus);
  // Score with the item (and what counts as one symptom with it) minus the score without.
  int64_t Weight(const HypothesisRef& h, double bonus, uint32_t item);
  std::string WhyLower(const Side& shown, const Side& other,
                       const std::function<std::string(uint32_t)>& describe,
                       const Topology& topology, const ModeCatalog& modes);

 private:
  using Key = std::tuple<int32_t, ComponentId, ComponentId>;
  static Key KeyOf(const HypothesisRef& h) { return {h.mode, h.component, h.from}; }
  uint32_t GroupOf(uint32_t item) const;

  Scorer& scorer_;
  const EvidenceSet& evidence_;
  const HiddenMask& hidden_;
  std::map<Key, int64_t> full_;
  std::map<std::pair<Key, uint32_t>, int64_t> weights_;  // by group
};

}  // namespace culprit
