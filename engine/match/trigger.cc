#include "engine/match/trigger.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "engine/match/pattern_strings.h"
#include "engine/match/trigger_cost.h"

namespace culprit {
namespace {

using Kind = PatternNode::Kind;

constexpr int kMaxUnrolled = 4;       // x{n}: copies looked at
constexpr double kUselessCost = 0.5;  // dearer than RE2 on every line
constexpr size_t kMaxCompanions = 8;
constexpr double kMaxCompanionRate = 2e-3;  // a fourth of the lines

// Strings that stand next to each other in a match, up to where the walk is.
struct Run {
  Literals set = Literals(1);
  int offset = -1;  // of their start from the match's start; -1: unknown
};

struct Walk {
  Run all;    // alternatives multiplied out
  Run plain;  // the trailing part without alternatives: one string
};

class Finder {
 public:
  explicit Finder(const RarityModel& model) : model_(model) {}

  void Offer(Candidate candidate) {
    if (candidate.cost < kNoCost) offers_.push_back(std::move(candidate));
  }

  void Visit(const PatternNode& node, Walk* walk) {
    switch (node.kind) {
      case Kind::kEmpty:
        break;
      case Kind::kLiteral:
        AppendPiece({node.literal}, walk);
        break;
      case Kind::kClass:
        AppendPiece(node.options, walk);
        break;
      case Kind::kAny: {
        int behind = OffsetBehind(walk->all);
        if (behind >= 0) behind = node.one_character && !node.beyond_ascii ? behind + 1 : -1;
        Break(walk);
        walk->all.offset = walk->plain.offset = behind;
        break;
      }
      case Kind::kAssert:
        break;
      case Kind::kConcat:
        for (const PatternNode& child : node.children) Visit(child, walk);
        break;
      case Kind::kAlternate:
        VisitAlternate(node, walk);
        break;
      case Kind::kRepeat:
        VisitRepeat(node, walk);
        break;
    }
  }

  // Ends all runs: nothing is known of what follows.
  void Break(Walk* walk) {
    SubmitBoth(*walk);
    *walk = Walk();
  }

  // The cheapest, with the rarest of the others as what must stand beside it.
  Candidate Take() {
    if (offers_.empty()) return {};
    const auto best =
        std::min_element(offers_.begin(), offers_.end(),
                         [](const Candidate& a, const Candidate& b) { return a.cost < b.cost; });
    for (const Candidate& offer : offers_) {
      if (!MayAccompany(offer, *best)) continue;
      for (Trigger& trigger : best->triggers) {
        if (offer.hit_rate >= trigger.companion_rate) continue;
        trigger.companion_rate = offer.hit_rate;
        trigger.companions.clear();
        for (const Trigger& other : offer.triggers) {
          if (!other.escaped) trigger.companions.push_back(other.literal);
        }
      }
    }
    return std::move(*best);
  }

 private:
  // Whether to look for `offer` where a trigger of `best` was found tells something new.
  static bool MayAccompany(const Candidate& offer, const Candidate& best) {
    size_t count = 0;
    for (const Trigger& other : offer.triggers) {
      count += other.escaped ? 0 : 1;
      for (const Trigger& trigger : best.triggers) {
        if (trigger.literal.text.find(other.literal.text) != std::string::npos ||
            other.literal.text.find(trigger.literal.text) != std::string::npos) {
          return false;
        }
      }
    }
    return count <= kMaxCompanions && offer.hit_rate < kMaxCompanionRate;
  }

  static int OffsetBehind(const Run& run) {
    if (run.offset < 0) return -1;
    for (const Literal& literal : run.set) {
      if (literal.size() != run.set[0].size()) return -1;
    }
    return run.offset + static_cast<int>(run.set[0].size());
  }

  void Submit(const Run& run) {
    std::vector<Placed> set;
    for (const Literal& literal : run.set) {
      if (literal.size() < kMinTrigger) return;
      set.push_back({literal, run.offset});
    }
    Offer(PlanSet(set, false, model_));
  }

  void SubmitBoth(const Walk& walk) {
    Submit(walk.all);
    if (walk.plain.offset != walk.all.offset || walk.plain.set != walk.all.set) Submit(walk.plain);
  }

  void AppendPiece(const Literals& piece, Walk* walk) {
    if (piece.size() > 1) Submit({piece, OffsetBehind(walk->all)});
    if (!Extend(piece, &walk->all.set)) {
      Submit(walk->all);
      walk->all = walk->plain;
      if (!Extend(piece, &walk->all.set)) {  // too long
        Break(walk);
        walk->all.set = piece;
        walk->plain.set = piece.size() == 1 ? piece : Literals(1);
        return;
      }
    }
    if (piece.size() == 1) {
      walk->plain.set[0].Append(piece[0]);
      return;
    }
    Submit(walk->plain);
    walk->plain = Run();
    walk->plain.offset = OffsetBehind(walk->all);
  }

  void VisitAlternate(const PatternNode& node, Walk* walk) {
    if (const std::optional<Literals> exact = ExactStrings(node)) {
      AppendPiece(*exact, walk);
      return;
    }
    SubmitBoth(*walk);
    Candidate all;
    all.cost = 0;
    for (const PatternNode& child : node.children) {
      Finder finder(model_);
      Walk branch = *walk;
      finder.Visit(child, &branch);
      finder.Break(&branch);
      Candidate best = finder.Take();
      all.cost += best.cost;
      all.hit_rate += best.hit_rate;
      all.triggers.insert(all.triggers.end(), best.triggers.begin(), best.triggers.end());
    }
    Offer(std::move(all));  // infinite cost if a branch has none
    *walk = Walk();
  }

  void VisitRepeat(const PatternNode& node, Walk* walk) {
    const PatternNode& child = node.children[0];
    if (node.max == 0) return;
    if (const std::optional<Literals> exact = ExactStrings(node)) {
      AppendPiece(*exact, walk);
      return;
    }
    if (node.min == 0) {
      Break(walk);
      return;
    }
    const int copies = std::min(node.min, kMaxUnrolled);
    for (int i = 0; i < copies; ++i) Visit(child, walk);
    if (copies == node.max) return;
    Break(walk);
    // The last copy stands next to what follows.
    if (const std::optional<Literals> last = ExactStrings(child)) {
      walk->all.set = *last;
      if (last->size() == 1) walk->plain.set = *last;
    }
  }

  const RarityModel& model_;
  std::vector<Candidate> offers_;
};

}  // namespace

TriggerPlan PlanTriggers(const Pattern& pattern, const RarityModel& model) {
  PatternNode root = pattern.root;
  const bool head_cut = TrimEnds(&root);
  Finder finder(model);
  if (const std::optional<Literals> exact = ExactStrings(root)) {
    std::vector<Placed> set;
    bool usable = true;
    for (const Literal& literal : *exact) {
      usable &= literal.size() >= kMinTrigger;
      set.push_back({literal, 0});
    }
    if (usable) finder.Offer(PlanSet(set, true, model));
  }
  Walk walk;
  walk.all.offset = walk.plain.offset = 0;
  finder.Visit(root, &walk);
  finder.Break(&walk);
  Candidate best = finder.Take();
  TriggerPlan plan;
  if (best.cost >= kUselessCost) return plan;
  plan.triggers = std::move(best.triggers);
  plan.hit_rate = best.hit_rate;
  plan.head_cut = head_cut;
  return plan;
}

}  // namespace culprit
