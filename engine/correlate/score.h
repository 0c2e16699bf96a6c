// The score of one hypothesis given the evidence: exact noisy-OR with leak on the root's reach tree
// (ROOT_CAUSE 4). Pure functions over immutable inputs, except for the topology's tree cache; one
// thread. Scores are integers (micro-nats), so sums do not depend on their order.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/correlate/evidence.h"
#include "engine/correlate/modes.h"
#include "engine/correlate/options.h"
#include "engine/correlate/score_cache.h"
#include "engine/correlate/topology.h"

namespace culprit {

struct HypothesisScore {
  int64_t micro_nats = 0;
  TimeUs onset = kNoTime;  // the assumed onset T that gave it
};

// What each part of the evidence did under the hypothesis, at its best onset.
struct HypothesisDetail {
  std::vector<std::pair<uint32_t, double>> responsibility;  // item -> of the root for it; by item
  struct Place {
    ComponentId component;
    int64_t message = 0;   // what its subtree adds to the parent
    int64_t own = 0;       // A_y
    bool absence = false;  // logged, and something expected is missing
  };
  std::vector<Place> places;  // in tree order
  std::shared_ptr<const ReachTree> tree;
};

class Scorer {
 public:
  // All must outlive the scorer. `now`: end of the last closed slice. `cache`: kept from earlier
  // evaluations with the same modes and options; null: one of its own.
  Scorer(const Topology& topology, const ModeCatalog& modes, const EvidenceSet& evidence,
         TimeUs now, const CorrelatorOptions& options, ScoreCache* cache = nullptr);

  // `prior_bonus`: nats, from confirmed roots. `mute`: a component whose absences do not count.
  // nullopt: nothing visible that it would explain.
  std::optional<HypothesisScore> Score(const HypothesisRef& h, const HiddenMask& hidden,
                                       double prior_bonus = 0, ComponentId mute = kNoComponent,
                                       HypothesisDetail* detail = nullptr);
  // At this onset, which gave the score.
  void Detail(const HypothesisRef& h, const HiddenMask& hidden, TimeUs onset,
              HypothesisDetail* detail);
  // The two halves of Score, with the mask of UseMask. The first tells by a hash what the second
  // will see, time left out.
  uint64_t Gather(const HypothesisRef& h) { return Gather(h, &cache_->ReachedBy(h)); }
  uint64_t Gather(const HypothesisRef& h, ScoreCache::Reached* reached);
  std::optional<HypothesisScore> ScoreGathered(double prior_bonus, ComponentId mute = kNoComponent,
                                               HypothesisDetail* detail = nullptr);
  // No less than what ScoreGathered will say. INT64_MIN: there will be no score.
  int64_t MostGathered(double prior_bonus) const;  // each place with perfect timing
  int64_t BoundGathered(double prior_bonus);  // each onset with certain edges and nothing missing
  // The last score will stay the same while the evidence does, however late it gets.
  bool settled() const { return settled_; }
  // At least what it will be later; micro-nats.
  int64_t later() const { return later_; }
  // Views of the evidence with these items hidden.
  void UseMask(const HiddenMask& hidden);
  const HiddenMask& mask() const { return mask_; }
  const PlaceView& view(uint32_t place) const { return *place_views_[place]; }
  ScoreCache::Reached* ReachedBy(const HypothesisRef& h) { return &cache_->ReachedBy(h); }
  const std::shared_ptr<const ReachTree>& tree() const { return reached_->tree; }  // gathered
  // The same at a given onset T, without the penalty for earlier symptoms and the prior (M_x).
  int64_t ScoreAt(const HypothesisRef& h, const HiddenMask& hidden, TimeUs onset);
  std::shared_ptr<const ReachTree> Tree(const HypothesisRef& h) const;
  // P(item | hypothesis) at its place, 0 if it is out of reach or not explained.
  double Probability(const HypothesisRef& h, uint32_t item) const;

 private:
  static constexpr uint32_t kNoPlace = UINT32_MAX;
  struct Spot {  // a place in the tree
    int32_t node = 0;
    uint32_t place = 0;
    // Null: there is no evidence now, or it does not matter, being the far end of a link.
    PlaceEffect* effect = nullptr;
  };
  struct Up {
    int64_t message = 0;
    double posterior = 1;
  };
  struct Assumed {  // an onset of the fault that may be the best one
    TimeUs onset = kNoTime;
    int64_t penalty = 0;  // for explained symptoms before it
    int64_t bound = 0;    // M_x at most, less the penalty
    bool operator==(const Assumed&) const = default;
  };
  void Assume();
  PlaceEffect::At* Presence(TimeUs onset, size_t row);
  bool Knows(const HypothesisRef& h, ScoreCache::Reached* reached) const;
  void Reach(const HypothesisRef& h, ScoreCache::Reached* reached) const;
  TreeRequest Request(const HypothesisRef& h) const;
  uint32_t SituationOf(Topic* topic, int32_t node) const;
  void Situate(ScoreCache::ReachedPlace* at);
  PlaceEffect* EffectAt(const ScoreCache::ReachedPlace& at, PlaceView* view);
  int64_t Prior(double bonus) const;
  void Load();
  uint32_t TopicOf(const EvidenceSet::Part& part);
  void UsePlace(uint32_t place);
  struct Gathered {  // items of a group so far
    bool any = false, weak = false, claimed = true;
    uint32_t line = 0;
    TimeUs onset = 0;
    double leak = 0;
  };
  void FillView(PartView* view, uint32_t part) const;
  void FillGroup(PartView* view, const EvidenceSet::Group& group, uint32_t ordinal,
                 std::vector<GroupView>* groups) const;
  void Add(uint32_t item, Gathered* to) const;
  SpotEffect* EffectOf(PartView* view, uint32_t situation, int32_t node);
  void FillSpot(std::vector<TermSource>* sources, uint32_t part, int32_t node);
  // Weak lines among the visible items of a group.
  uint64_t WeakLines(const EvidenceSet::Group& group) const;
  // What the mode lists for the item at this node; null: nothing.
  const Mode::Listing* ListingOf(const SymptomItem& item, int32_t node) const;
  double WeakCap(bool at_root) const;
  double ClassProbability(SymptomClass cls, ComponentId target, int32_t node) const;
  double Ratio(const SpotTerm& term, TimeUs onset) const;
  SpotEffect::Timing TimingOf(const SpotTerm& term) const;
  // Of several signatures on one line, the best explained counts.
  bool Counts(const SpotEffect& effect, size_t term) const;
  const SpotEffect::At& PresentAt(SpotEffect* effect, TimeUs onset);
  const PlaceEffect::At& PresentAt(PlaceEffect* effect, TimeUs onset);
  void Responsibilities(uint32_t part, int32_t node, TimeUs onset, HypothesisDetail* detail);
  // `present`: by spot.
  int64_t Evaluate(TimeUs onset, const PlaceEffect::At* present, ComponentId mute,
                   HypothesisDetail* detail);
  struct Seen {        // at a component
    bool any = false;  // items, hidden or not
    bool silence = false;
    SpotSeen what;
  };
  int64_t Missing(int32_t node, TimeUs onset, const Seen& seen);
  double AbsenceLog(int32_t node, double since_onset, const Seen& seen) const;
  double Maturity(double since_onset, int hops, double stretch = 1) const;
  bool SignatureAt(ComponentId id, SignatureIndex signature) const;

  const Topology& topology_;
  const ModeCatalog& modes_;
  const EvidenceSet& evidence_;
  const TimeUs now_;
  const CorrelatorOptions& options_;
  std::unique_ptr<ScoreCache> own_cache_;
  ScoreCache* cache_;

  struct ViewRef {
    uint32_t id = 0;
    PartView* view = nullptr;
  };
  std::vector<ScoreCache::Content> contents_;  // by part
  std::vector<uint32_t> part_of_;              // by item
  std::vector<uint32_t> starts_;               // by place: its first part
  std::vector<uint32_t> slots_;                // by place
  std::vector<uint32_t> place_at_;             // by slot; kNoPlace: no evidence now
  std::vector<ViewRef> views_;                 // by part, with mask_ hidden
  std::vector<PlaceView*> place_views_;        // by place
  std::vector<uint64_t> mixes_;                // by place: a hash of its views
  std::vector<uint32_t> to_view_;              // scratch
  std::vector<uint8_t> changed_;               // scratch, by place
  std::string view_key_;
  HiddenMask mask_;
  bool loaded_ = false, masked_ = false;

  // Of the hypothesis being scored; scratch.
  ScoreCache::Reached* reached_ = nullptr;
  const ReachTree* tree_ = nullptr;
  const Mode* mode_ = nullptr;
  const ModeTables* tables_ = nullptr;
  HypothesisRef h_;
  std::vector<Spot> spots_;
  std::array<Assumed, 4> assumed_;
  size_t assumed_count_ = 0;
  bool assumed_known_ = false;
  std::vector<SpotTerm> terms_;
  std::vector<SpotEffect::Timing> timing_;
  std::vector<TermSource> sources_;
  std::vector<uint32_t> term_lines_;
  std::vector<SpotEffect*> part_effects_;
  Surroundings::Situation situation_;
  std::vector<PlaceEffect::At> present_;  // by assumed onset, by spot
  std::vector<double> ratios_;
  std::vector<int64_t> sum_;
  std::vector<Up> up_;
  std::vector<int64_t> own_;
  std::vector<int64_t> missing_, quiet_leaf_;
  int64_t most_ = 0;              // of all places, each with perfect timing
  bool timed_ = false;            // something may set the onset of the fault
  bool silence_at_root_ = false;  // visible
  bool silent_root_ = false;      // or hidden
  TimeUs silence_onset_ = INT64_MAX;
  // Only error lines of unknown meaning: they do not say how much is broken, so what dependents do
  // not show does not count.
  bool all_weak_ = false;
  bool settled_ = true;
  int64_t later_ = INT64_MAX;
  int early_ = 0;  // places that showed something before the one they depend on
};

}  // namespace culprit
