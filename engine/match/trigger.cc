#include "engine/match/trigger.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "engine/match/escape_variants.h"
#include "engine/match/gram_window.h"

namespace culprit {
namespace {

using Kind = PatternNode::Kind;

constexpr size_t kMaxSet = 32;        // strings one run of a pattern may expand to
constexpr size_t kMaxLiteral = 256;   // longer runs are cut
constexpr size_t kMaxVariants = 16;   // JSON spellings of one literal
constexpr int kMaxUnrolled = 4;       // x{n}: copies looked at
constexpr double kVerifyCost = 50;    // RE2 on one line, in fired probes
constexpr double kProveCost = 8;      // finding the line only
constexpr double kPairCost = 0.005;   // one more pair to look for, per byte
constexpr double kUselessCost = 0.5;  // dearer than RE2 on every line
// Traffic of the system a signature is about repeats that system's words, however rare they are
// elsewhere: no literal is taken to be rarer than this, less per byte of its length.
constexpr double kShortRate = 2e-6;
constexpr double kRateDecay = 0.8;
constexpr double kNoCost = std::numeric_limits<double>::infinity();

// ---- What a node matches, when that is a short list
// -------------------------------------------------

using Literals = std::vector<Literal>;

std::optional<Literals> Cross(const Literals& heads, const Literals& tails) {
  if (heads.size() * tails.size() > kMaxSet) return std::nullopt;
  Literals out;
  out.reserve(heads.size() * tails.size());
  for (const Literal& head : heads) {
    for (const Literal& tail : tails) {
      if (head.size() + tail.size() > kMaxLiteral) return std::nullopt;
      out.push_back(head);
      out.back().Append(tail);
    }
  }
  return out;
}

// Exactly the strings a node can match, or nothing if they are too many, unknown or conditional.
std::optional<Literals> ExactStrings(const PatternNode& node) {
  switch (node.kind) {
    case Kind::kEmpty:
      return Literals(1);
    case Kind::kLiteral:
      return Literals{node.literal};
    case Kind::kClass:
      return node.options;
    case Kind::kAny:
    case Kind::kAssert:
      return std::nullopt;
    case Kind::kConcat: {
      std::optional<Literals> all = Literals(1);
      for (const PatternNode& child : node.children) {
        const std::optional<Literals> strings = ExactStrings(child);
        if (!strings) return std::nullopt;
        all = Cross(*all, *strings);
        if (!all) return std::nullopt;
      }
      return all;
    }
    case Kind::kAlternate: {
      Literals all;
      for (const PatternNode& child : node.children) {
        const std::optional<Literals> strings = ExactStrings(child);
        if (!strings || all.size() + strings->size() > kMaxSet) return std::nullopt;
        all.insert(all.end(), strings->begin(), strings->end());
      }
      return all;
    }
    case Kind::kRepeat: {
      if (node.max == 0) return Literals(1);
      const std::optional<Literals> once = ExactStrings(node.children[0]);
      if (!once) return std::nullopt;
      if (node.min == 0 && node.max == 1 && once->size() < kMaxSet) {
        Literals all = *once;
        all.emplace_back();
        return all;
      }
      if (node.min != node.max || node.max > static_cast<int>(kMaxLiteral)) return std::nullopt;
      std::optional<Literals> all = Literals(1);
      for (int i = 0; i < node.max && all; ++i) all = Cross(*all, *once);
      return all;
    }
  }
  return std::nullopt;
}

// ---- The same pattern without ends that decide nothing
// ------------------------------------------------

bool CanBeEmpty(const PatternNode& node) {
  const auto empty = [](const PatternNode& child) { return CanBeEmpty(child); };
  switch (node.kind) {
    case Kind::kEmpty:
      return true;
    case Kind::kConcat:
      return std::all_of(node.children.begin(), node.children.end(), empty);
    case Kind::kAlternate:
      return std::any_of(node.children.begin(), node.children.end(), empty);
    case Kind::kRepeat:
      return node.min == 0 || CanBeEmpty(node.children[0]);
    default:
      return false;
  }
}

// An unanchored search for `x y*` finds a match where one for `x` does: drops from the chosen end
// what can be empty, and all but the needed repetitions.
void Trim(PatternNode* node, bool tail) {
  if (CanBeEmpty(*node)) {
    *node = PatternNode();
    return;
  }
  if (node->kind == Kind::kConcat) {
    std::vector<PatternNode>& parts = node->children;
    while (CanBeEmpty(tail ? parts.back() : parts.front())) {
      parts.erase(tail ? parts.end() - 1 : parts.begin());
    }
    Trim(tail ? &parts.back() : &parts.front(), tail);
  } else if (node->kind == Kind::kAlternate) {
    for (PatternNode& child : node->children) Trim(&child, tail);
  } else if (node->kind == Kind::kRepeat) {
    node->max = node->min;
    if (node->min == 1) {
      PatternNode child = std::move(node->children[0]);
      *node = std::move(child);
      Trim(node, tail);
    }
  }
}

// ---- What a set of literals costs
// -----------------------------------------------------------------------

struct Placed {
  Literal literal;
  int offset = -1;  // from the match's start; -1: unknown
};

struct Candidate {
  std::vector<Trigger> triggers;
  double cost = kNoCost;
  double hit_rate = 0;
};

// Whether every string of `inner` stands in each string of `outer` at `at`.
bool HoldsAt(const Literal& outer, size_t at, const Literal& inner) {
  for (size_t i = 0; i < inner.size(); ++i) {
    const char ignored = inner.free[i];
    if ((outer.free[at + i] & ~ignored) != 0) return false;
    if (((outer.text[at + i] ^ inner.text[i]) & ~ignored) != 0) return false;
  }
  return true;
}

// Drops strings that hold another string of the set, and equal ones.
std::vector<Placed> Minimal(std::vector<Placed> set) {
  std::stable_sort(set.begin(), set.end(), [](const Placed& a, const Placed& b) {
    return a.literal.size() < b.literal.size();
  });
  std::vector<Placed> kept;
  for (Placed& placed : set) {
    bool redundant = false;
    for (Placed& shorter : kept) {
      for (size_t at = 0; at + shorter.literal.size() <= placed.literal.size(); ++at) {
        if (!HoldsAt(placed.literal, at, shorter.literal)) continue;
        const int offset = placed.offset < 0 ? -1 : placed.offset + static_cast<int>(at);
        if (offset != shorter.offset) shorter.offset = -1;
        redundant = true;
      }
      if (redundant) break;
    }
    if (!redundant) kept.push_back(std::move(placed));
  }
  return kept;
}

class Planner {
 public:
  explicit Planner(const RarityModel& model) : model_(model) {}

  Candidate PlanSet(const std::vector<Placed>& set, bool whole_pattern) const {
    Candidate out;
    out.cost = 0;
    for (const Placed& placed : Minimal(set)) {
      Candidate one = PlanOne(placed, whole_pattern);
      if (one.triggers.empty()) return {};
      out.cost += one.cost;
      out.hit_rate += one.hit_rate;
      for (Trigger& trigger : one.triggers) out.triggers.push_back(std::move(trigger));
    }
    return out;
  }

 private:
  // How often the literal stands in text, at most.
  double Rate(const Literal& literal) const {
    const char* p = literal.text.data();
    double rate = 1;
    double floor = kShortRate;
    for (size_t i = kFullGramTrigger; i < literal.size(); ++i) floor *= kRateDecay;
    for (size_t i = 0; i + 2 <= literal.size(); ++i) {
      rate = std::min(rate, model_.PairRate(p[i], p[i + 1]));
      if (i + kGramBytes <= literal.size()) rate = std::min(rate, model_.GramRate(GramAt(p + i)));
    }
    return std::max(rate, floor);
  }

  double FindCost(const Literal& literal) const {
    if (literal.size() >= kMinGramTrigger) return BestWindow(literal.text, model_).cost;
    double pair = 1;
    for (size_t i = 0; i + 1 < literal.size(); ++i) {
      pair = std::min(pair, model_.PairRate(literal.text[i], literal.text[i + 1]));
    }
    return kPairCost + 2 * pair;
  }

  // JSON writers like to write these as \uXXXX, and such a line must be decoded to be judged.
  static double EscapeCost(const Literal& literal) {
    double cost = 0;
    for (const char c : literal.text) {
      if (std::string_view("<>&'=+").find(c) != std::string_view::npos) cost = std::max(cost, 5e-4);
      if (static_cast<unsigned char>(c) >= 0x80) cost = 1e-2;
    }
    return cost;
  }

  Candidate PlanVariants(const Placed& placed, size_t begin, size_t length, bool proves) const {
    const Literal literal = placed.literal.Slice(begin, length);
    Candidate out;
    if (literal.size() < kMinTrigger || CountEscapeVariants(literal) > kMaxVariants) return out;
    out.hit_rate = Rate(literal);
    out.cost = EscapeCost(literal) + out.hit_rate * (proves ? kProveCost : kVerifyCost);
    for (Literal& variant : EscapeVariants(literal)) {
      Trigger trigger;
      trigger.escaped = !out.triggers.empty();
      trigger.cost = FindCost(variant);
      if (!trigger.escaped) {
        trigger.proves = proves;
        if (placed.offset >= 0) trigger.anchor = placed.offset + static_cast<int>(begin);
      }
      trigger.literal = std::move(variant);
      out.cost += trigger.cost;
      out.triggers.push_back(std::move(trigger));
    }
    return out;
  }

  // The cheapest part of the literal (or all of it) that can stand for it.
  Candidate PlanOne(const Placed& placed, bool whole_pattern) const {
    Candidate best;
    const auto consider = [&](size_t begin, size_t end, bool proves) {
      if (end <= begin) return;
      Candidate part = PlanVariants(placed, begin, end - begin, proves);
      if (part.cost < best.cost) best = std::move(part);
    };
    const size_t size = placed.literal.size();
    consider(0, size, whole_pattern);
    // Parts between bytes that JSON escapes, with up to two such bytes inside.
    std::vector<size_t> cuts;  // positions of such bytes
    for (size_t i = 0; i < size; ++i) {
      if (HasEscapeVariants(placed.literal.text[i])) cuts.push_back(i);
    }
    for (size_t first = 0; first <= cuts.size() && !cuts.empty(); ++first) {
      const size_t begin = first == 0 ? 0 : cuts[first - 1] + 1;
      for (size_t last = first; last <= cuts.size() && last <= first + 2; ++last) {
        consider(begin, last == cuts.size() ? size : cuts[last], false);
      }
    }
    return best;
  }

  const RarityModel& model_;
};

// ---- Which sets a pattern offers
// ----------------------------------------------------------------------------

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
  explicit Finder(const Planner& planner) : planner_(planner) {}

  void Offer(Candidate candidate) {
    if (candidate.cost < best_.cost) best_ = std::move(candidate);
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
      case Kind::kAny:
        Break(walk);
        break;
      case Kind::kAssert:
        // RE2 is not started behind a leading assertion: it would not see what it looks at.
        if (IsFresh(walk->all)) walk->all.offset = -1;
        if (IsFresh(walk->plain)) walk->plain.offset = -1;
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
    Submit(walk->all);
    Submit(walk->plain);
    *walk = Walk();
  }

  Candidate Take() { return std::move(best_); }

 private:
  static bool IsFresh(const Run& run) { return run.set.size() == 1 && run.set[0].size() == 0; }

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
    Offer(planner_.PlanSet(set, false));
  }

  void AppendPiece(const Literals& piece, Walk* walk) {
    std::optional<Literals> longer = Cross(walk->all.set, piece);
    if (!longer) {
      Submit(walk->all);
      walk->all = walk->plain;
      longer = Cross(walk->all.set, piece);
      if (!longer) {  // too long
        Break(walk);
        walk->all.set = piece;
        walk->plain.set = piece.size() == 1 ? piece : Literals(1);
        return;
      }
    }
    walk->all.set = *std::move(longer);
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
    Submit(walk->all);
    Submit(walk->plain);
    Candidate all;
    all.cost = 0;
    for (const PatternNode& child : node.children) {
      Finder finder(planner_);
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

  const Planner& planner_;
  Candidate best_;
};

}  // namespace

TriggerPlan PlanTriggers(const Pattern& pattern, const RarityModel& model) {
  PatternNode root = pattern.root;
  Trim(&root, true);
  Trim(&root, false);
  const Planner planner(model);
  Finder finder(planner);
  if (const std::optional<Literals> exact = ExactStrings(root)) {
    std::vector<Placed> set;
    bool usable = true;
    for (const Literal& literal : *exact) {
      usable &= literal.size() >= kMinTrigger;
      set.push_back({literal, 0});
    }
    if (usable) finder.Offer(planner.PlanSet(set, true));
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
  return plan;
}

}  // namespace culprit
