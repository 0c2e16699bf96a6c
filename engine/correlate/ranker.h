// Which hypotheses may matter, what each can score at most, and which is best: one round of the
// greedy cover, or the ranking behind a posterior (ROOT_CAUSE 4 and 5). One thread.
#pragma once
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
  struct Known {
    uint64_t print = 0;                    // of the views of `places`
    int64_t loose = 0, tight = INT64_MAX;  // bounds
    bool gathered = false;
    uint64_t what = 0;  // was gathered
  };
  struct Scored {
    uint64_t print = 0;  // what the scorer gathered
    TimeUs now = kNoTime;
    bool settled = false;       // or only right at `now`
    int64_t later = INT64_MAX;  // no less than the score at any later time
    std::optional<HypothesisScore> score;
  };
  HypothesisRef h;
  HypothesisOrder order;
  uint64_t generation = 0;                // of what follows
  std::vector<uint32_t> places;           // evidence components that may lie in its tree
  bool everywhere = false;                // all places
  uint32_t own = UINT32_MAX;              // its own place
  std::shared_ptr<const ReachTree> tree;  // that was gathered and scored; null: none yet
  size_t logging = 0;                     // EvidenceSet::logging when it was scored
  std::vector<Known> known;               // rings
  std::vector<Scored> scores;
  size_t next = 0, next_score = 0;
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
  absl::flat_hash_map<ComponentId, std::vector<HypothesisCandidate*>> at_;  // links left out
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
    Candidate::Known* known;
    enum : uint8_t { kLoose, kTight, kScore } how = kLoose;  // what `bound` is
  };
  std::vector<Entry> Entries(const HiddenMask& hidden);
  HypothesisOrder OrderOf(const HypothesisRef& h) const;
  std::vector<Candidate*> Hypotheses();
  const std::vector<Candidate*>& At(ComponentId id);
  Candidate* Find(const HypothesisRef& h);
  int64_t UpperBound(const Candidate& candidate);
  double BoundAt(const Candidate& candidate, uint32_t part) const;
  double BoundAtPlace(const Candidate& candidate, uint32_t place);
  Candidate::Known* KnownOf(Candidate* candidate);
  Entry EntryOf(Candidate* candidate);
  void Refresh(Candidate* candidate);
  uint64_t Gather(const Entry& entry, const HiddenMask& hidden);
  const std::optional<HypothesisScore>& ScoreOf(const Entry& entry, const HiddenMask& hidden);
  static const Candidate::Scored* KnownScore(const Candidate& candidate, uint64_t print);
  bool Valid(const Candidate::Scored& scored) const { return scored.settled || scored.now == now_; }
  const std::optional<HypothesisScore>& ScoreGathered(Candidate* candidate, uint64_t print);
  void Sharpen(Entry* entry, const HiddenMask& hidden, bool score);
  // What a component weighs in the posterior, the best hypothesis of all being 1.
  void Weigh(const std::vector<Entry>& entries, int64_t score);
  const Entry* Likeliest(std::vector<Entry>* entries, const Entry& best, const HiddenMask& hidden);
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
  uint64_t print_ = 0;           // of all places under the mask being ranked
  std::vector<uint8_t> chosen_;  // scratch
  std::vector<double> weights_;  // scratch, by component
};

}  // namespace culprit
