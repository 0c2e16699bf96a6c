// Which hypotheses may matter, what each can score at most, and which is best: one round of the
// greedy cover, or the ranking behind a posterior (ROOT_CAUSE 4 and 5). One thread.
#pragma once
#include <array>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/correlate/evidence.h"
#include "engine/correlate/modes.h"
#include "engine/correlate/options.h"
#include "engine/correlate/score.h"
#include "engine/correlate/score_cache.h"
#include "engine/correlate/topology.h"

namespace culprit {

// ln-prior corrections by (mode, component), from roots that people confirmed.
using PriorBonus = std::map<std::pair<int32_t, ComponentId>, double>;

struct RankedHypothesis {
  HypothesisRef hypothesis;
  int64_t score_micro_nats = 0;
  TimeUs onset = kNoTime;  // assumed onset of the fault
  double posterior = 0;    // null included
};

struct HypothesisOrder {  // name order
  int64_t component, kind, from, mode;
  // What <=> is compared with is the compiler's zero.
  auto operator<=>(const HypothesisOrder&) const = default;  // NOLINT(modernize-use-nullptr)
};

struct HypothesisCandidate {
  struct Scored {
    TimeUs now = kNoTime;       // of the score; kNoTime: there is none yet
    bool settled = false;       // it will stay, or is only right at `now`
    int64_t later = INT64_MAX;  // no less than the score at this or any later time
    std::optional<HypothesisScore> score;
  };
  HypothesisRef h;
  HypothesisOrder order;
  ScoreCache::Reached* reached = nullptr;
  uint64_t generation = 0;                // of `order`
  std::shared_ptr<const ReachTree> tree;  // of what follows; null: nothing
  size_t logging = 0;                     // EvidenceSet::logging of what follows
  std::vector<uint64_t> prints;           // what the scorer gathered; a ring
  std::vector<Scored> scored;             // of each
  size_t next = 0;
  uint64_t round = 0;  // the last one it was a candidate in,
  uint32_t entry = 0;  // and where
};

// What inference keeps between evaluations with the same modes, options and bonus: whoever changes
// these calls Clear. One thread; a copy starts empty.
class InferenceCache {
 public:
  InferenceCache() = default;
  InferenceCache(const InferenceCache&) {}
  InferenceCache& operator=(const InferenceCache&) {
    Clear();
    return *this;
  }
  void Clear();

 private:
  friend class Ranker;
  ScoreCache scores_;
  TimeUs now_ = kNoTime;  // of the latest evaluation
  // Per evidence component: what lies within max_depth depends_on hops, nearest first; and per
  // topology component: the evidence components that reach it.
  std::vector<std::vector<ComponentId>> below_;
  std::vector<std::vector<uint32_t>> reached_by_;
  absl::flat_hash_map<HypothesisRef, std::unique_ptr<HypothesisCandidate>, HypothesisHash>
      candidates_;
  std::vector<std::vector<HypothesisCandidate*>> at_;  // by component; links left out
  std::vector<HypothesisCandidate*> winners_;          // of the last rounds, the latest first
  uint64_t round_ = 0;
};

// All hypotheses that may matter, best first. Ties: name of the component, kind, name of `from`.
class Ranker {
 public:
  Ranker(const Topology& topology, const ModeCatalog& modes, const EvidenceSet& evidence,
         TimeUs now, const CorrelatorOptions& options, const PriorBonus* bonus = nullptr,
         InferenceCache* cache = nullptr);
  std::vector<RankedHypothesis> Rank(const HiddenMask& hidden);
  // The first of Rank alone, if it scores at least `floor` micro-nats: only what may still be it is
  // scored. *likeliest, if asked for: the best hypothesis of what is surely the most likely
  // component; none if only a ranking can tell.
  std::optional<RankedHypothesis> Best(const HiddenMask& hidden, int64_t floor,
                                       std::optional<RankedHypothesis>* likeliest = nullptr);
  // What Best needs at least to agree with Rank.
  int64_t lowest() const;
  double Bonus(const HypothesisRef& h) const;
  Scorer& scorer() { return scorer_; }

 private:
  using Candidate = HypothesisCandidate;
  struct Entry {
    int64_t bound;
    Candidate* candidate;
    // What `bound` is: of what reaches it, of what it explains, with its times, or the score.
    enum How : uint8_t { kFar, kLoose, kTight, kScore } how = kFar;
  };
  void FillEntries(const HiddenMask& hidden);
  HypothesisOrder OrderOf(const HypothesisRef& h) const;
  std::vector<Candidate*> Hypotheses();
  const std::vector<Candidate*>& At(ComponentId id);
  Candidate* Find(const HypothesisRef& h);
  int64_t MostReaching(const HypothesisRef& h);
  double LooseBoundAt(const HypothesisRef& h, uint32_t place);
  int64_t LooseBound(const HypothesisRef& h);
  void Refresh(Candidate* candidate);
  // What is known of it under the mask at hand: what the scorer gathered is part of the key.
  Candidate::Scored* KnownOf(Candidate* candidate);
  Candidate::Scored* Keep(Candidate* candidate);
  void Gather(Candidate* candidate);
  const std::optional<HypothesisScore>& ScoreOf(Candidate* candidate);
  bool Valid(const Candidate::Scored& scored) const { return scored.settled || scored.now == now_; }
  void Sharpen(Entry* entry, Entry::How how);
  // What a component weighs in the posterior, the best hypothesis of all being 1.
  void Weigh(int64_t score);
  const Entry* Likeliest(const Entry& best);
  void SpreadFrom(uint32_t place);

  const Topology& topology_;
  const ModeCatalog& modes_;
  const EvidenceSet& evidence_;
  const TimeUs now_;
  const CorrelatorOptions& options_;
  const PriorBonus* bonus_;
  std::unique_ptr<InferenceCache> own_cache_;
  InferenceCache* cache_;
  bool unknown_edges_ = false;
  Scorer scorer_;
  std::vector<Entry> entries_;           // of the round
  const Candidate* gathered_ = nullptr;  // what the scorer holds
  uint64_t print_ = 0;                   // of that
  std::vector<int64_t> most_;            // scratch, by component: of places that reach it
  int64_t most_everywhere_ = 0;
  std::vector<std::array<double, 2 * kModeKindCount>> loose_;  // scratch, by place: NaN or known
  std::vector<uint8_t> chosen_;                                // scratch
  std::vector<double> weights_;                                // scratch, by component
};

}  // namespace culprit
