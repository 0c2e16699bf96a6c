// The score of one hypothesis given the evidence: exact noisy-OR with leak on the root's reach tree
// (ROOT_CAUSE 4). Pure functions over immutable inputs, except for the topology's tree cache; one
// thread. Scores are integers (micro-nats), so sums do not depend on their order.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "engine/correlate/evidence.h"
#include "engine/correlate/modes.h"
#include "engine/correlate/options.h"
#include "engine/correlate/topology.h"

namespace culprit {

struct HypothesisRef {
  int32_t mode = 0;  // index into the ModeCatalog
  ComponentId component = kNoComponent;
  ComponentId from = kNoComponent;  // link
  bool operator==(const HypothesisRef&) const = default;
};

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
  // All must outlive the scorer. `now`: end of the last closed slice.
  Scorer(const Topology& topology, const ModeCatalog& modes, const EvidenceSet& evidence,
         TimeUs now, const CorrelatorOptions& options);

  // `prior_bonus`: nats, from confirmed roots. `mute`: a component whose absences do not count.
  // nullopt: nothing visible that it would explain.
  std::optional<HypothesisScore> Score(const HypothesisRef& h, const HiddenMask& hidden,
                                       double prior_bonus = 0, ComponentId mute = kNoComponent,
                                       HypothesisDetail* detail = nullptr);
  // The same at a given onset T, without the penalty for earlier symptoms and the prior (M_x).
  int64_t ScoreAt(const HypothesisRef& h, const HiddenMask& hidden, TimeUs onset);
  std::shared_ptr<const ReachTree> Tree(const HypothesisRef& h) const;
  // P(item | hypothesis) at its place, 0 if it is out of reach or not explained.
  double Probability(const HypothesisRef& h, uint32_t item) const;

 private:
  struct Term {
    double p = 0;
    double leak = 0;
    double late_after = 60;
    TimeUs onset = 0;
    uint32_t begin = 0, end = 0;  // items of the group
    uint32_t line = 0;
    bool listed = false;  // one item on its own: begin
    ComponentId listed_at = kNoComponent;
    bool silence = false, dependency = false, server_error = false;
    bool weak = false;  // an error line of unknown meaning: it may be any class
  };
  struct Seen {  // explained or hidden
    bool own = false, dependency = false, server_error = false;
    bool self_listed = false, any_listed = false;
  };
  struct Spot {  // a component of the tree that has items
    int32_t node = 0;
    uint32_t place = 0;           // index into evidence.components()
    uint32_t begin = 0, end = 0;  // terms_
    Seen hidden;
    bool silence_any = false;
  };
  struct Up {
    int64_t message = 0;
    double posterior = 1;
  };
  void Prepare(const HypothesisRef& h, const HiddenMask& hidden);
  // What the mode lists for the item at this node; null: nothing.
  const Mode::Listing* ListingOf(const SymptomItem& item, int32_t node) const;
  double WeakCap(bool at_root) const;
  double ClassProbability(SymptomClass cls, ComponentId target, int32_t node) const;
  int64_t Evaluate(TimeUs onset, ComponentId mute, HypothesisDetail* detail);
  int64_t SpotEvidence(const Spot& spot, TimeUs onset, ComponentId mute, bool* absence,
                       TimeUs* first_explained, HypothesisDetail* detail);
  double AbsenceLog(const Spot* spot, int32_t node, TimeUs onset, const Seen& seen) const;
  double Maturity(TimeUs onset, int hops, double stretch = 1) const;
  bool SignatureAt(const Spot* spot, SignatureIndex signature) const;

  const Topology& topology_;
  const ModeCatalog& modes_;
  const EvidenceSet& evidence_;
  const TimeUs now_;
  const CorrelatorOptions& options_;

  // Of the hypothesis being scored; scratch.
  std::shared_ptr<const ReachTree> tree_;
  const Mode* mode_ = nullptr;
  const ModeTables* tables_ = nullptr;
  HypothesisRef h_;
  std::vector<Term> terms_;
  std::vector<Spot> spots_;
  std::vector<int32_t> spot_of_node_;
  std::vector<double> ratios_;
  std::vector<int64_t> sum_;
  std::vector<TimeUs> first_;
  std::vector<Up> up_;
  std::vector<int64_t> own_;
  const HiddenMask* hidden_ = nullptr;
  bool silence_at_root_ = false;
  // Only error lines of unknown meaning: they do not say how much is broken, so what dependents do
  // not show does not count.
  bool all_weak_ = false;
};

}  // namespace culprit
