#include "engine/match/trigger_cost.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/match/escape_variants.h"
#include "engine/match/gram_window.h"

namespace culprit {
namespace {

constexpr size_t kMaxVariants = 16;    // JSON spellings of one literal
constexpr double kLiteralCost = 8e-6;  // of one more literal behind the filter
constexpr double kVerifyCost = 50;     // RE2 on one line, in fired probes
constexpr double kProveCost = 8;       // finding the line only
// Traffic of the system a signature is about repeats that system's words, however rare they are
// elsewhere: no literal is taken to be rarer than this. Each byte beyond the seventh makes it
// rarer.
constexpr size_t kShortLiteral = 7;
constexpr double kShortRate = 5e-6;
constexpr double kRateDecay = 0.8;

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
  double GramRateOf(const Literal& literal, size_t at) const {
    const uint32_t gram = GramAt(literal.text.data() + at);
    const uint32_t free = GramAt(literal.free.data() + at);
    if (free == kFold) return folded_.GramRate(gram);
    double rate = 0;
    for (uint32_t bits = free;; bits = (bits - 1) & free) {  // every spelling
      rate += model_.GramRate(gram ^ bits);
      if (bits == 0) return rate;
    }
  }

  // How often the literal stands in text, at most.
  double Rate(const Literal& literal) const {
    double rate = 1;
    for (size_t i = 0; i + 2 <= literal.size() && rate > kShortRate; ++i) {
      rate = std::min(rate, model_.PairRate(static_cast<unsigned char>(literal.text[i]),
                                            static_cast<unsigned char>(literal.text[i + 1])));
      if (i + kGramBytes <= literal.size()) rate = std::min(rate, GramRateOf(literal, i));
    }
    rate = std::max(rate, kShortRate);
    for (size_t i = kShortLiteral; i < literal.size(); ++i) rate *= kRateDecay;
    return rate;
  }

  // JSON writers like to write these as \uXXXX, and such a line must be decoded to be judged.
  static double EscapeCost(const Literal& literal) {
    double cost = 0;
    for (const char c : literal.text) {
      if (MayBeUnicodeEscaped(c)) cost = std::max(cost, 2e-3);
      if (static_cast<unsigned char>(c) >= 0x80) cost = 1e-2;
    }
    return cost;
  }

  // A part of a literal that may stand for it, and its cost without that of finding its spellings.
  struct Part {
    size_t begin = 0;
    Literal literal;
    bool proves = false;
    size_t spellings = 0;
    double hit_rate = 0;
    double cost = 0;

    // No more than what it costs in all.
    double least() const { return cost + static_cast<double>(spellings) * kLiteralCost; }
  };

  // Appends the part, if it is usable.
  void AddPart(const Literal& whole, size_t begin, size_t end, bool proves,
               std::vector<Part>* parts) const {
    if (end < begin + kMinTrigger) return;
    Part part = {.begin = begin, .literal = whole.Slice(begin, end - begin), .proves = proves};
    part.spellings = CountEscapeVariants(part.literal);
    if (part.spellings > kMaxVariants) return;
    part.hit_rate = Rate(part.literal);
    part.cost = EscapeCost(part.literal) + part.hit_rate * (proves ? kProveCost : kVerifyCost);
    parts->push_back(std::move(part));
  }

  // The literal itself, and the parts between bytes that JSON writers escape, with up to two such
  // bytes inside.
  std::vector<Part> PartsOf(const Literal& literal, bool whole_pattern) const {
    std::vector<Part> parts;
    const size_t size = literal.size();
    AddPart(literal, 0, size, whole_pattern, &parts);
    std::vector<size_t> cuts;  // positions of such bytes
    for (size_t i = 0; i < size; ++i) {
      const char c = literal.text[i];
      if (HasEscapeVariants(c) || MayBeUnicodeEscaped(c)) cuts.push_back(i);
    }
    for (size_t first = 0; first <= cuts.size() && !cuts.empty(); ++first) {
      const size_t begin = first == 0 ? 0 : cuts[first - 1] + 1;
      for (size_t last = first; last <= cuts.size() && last <= first + 2; ++last) {
        AddPart(literal, begin, last == cuts.size() ? size : cuts[last], false, &parts);
      }
    }
    return parts;
  }

  // No triggers if they would cost more than `limit`.
  Candidate PlanPart(const Placed& placed, const Part& part, double limit) const {
    Candidate out;
    out.hit_rate = part.hit_rate;
    out.cost = part.cost;
    for (Literal& variant : EscapeVariants(part.literal)) {
      Trigger trigger;
      trigger.escaped = !out.triggers.empty();
      trigger.cost = kLiteralCost + PlanFind(variant, model_).cost;
      if (!trigger.escaped) {
        trigger.proves = part.proves;
        if (placed.offset >= 0) trigger.anchor = placed.offset + static_cast<int>(part.begin);
      }
      trigger.literal = std::move(variant);
      out.cost += trigger.cost;
      if (out.cost > limit) return {};
      out.triggers.push_back(std::move(trigger));
    }
    return out;
  }

  // The cheapest part of the literal (or all of it) that can stand for it; of equals the first.
  // What promises to be cheap is planned first, so that most of the others need no plan.
  Candidate PlanOne(const Placed& placed, bool whole_pattern) const {
    const std::vector<Part> parts = PartsOf(placed.literal, whole_pattern);
    std::vector<size_t> order(parts.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return parts[a].least() < parts[b].least(); });
    Candidate best;
    size_t best_part = 0;
    for (const size_t i : order) {
      if (parts[i].least() > best.cost) break;
      Candidate part = PlanPart(placed, parts[i], best.cost);
      if (part.triggers.empty() || (part.cost == best.cost && i > best_part)) continue;
      best = std::move(part);
      best_part = i;
    }
    return best;
  }

  const RarityModel& model_;
  const RarityModel& folded_ = RarityModel::Folded();
};

}  // namespace

Candidate PlanSet(const std::vector<Placed>& set, bool whole_pattern, const RarityModel& model) {
  return Planner(model).PlanSet(set, whole_pattern);
}

}  // namespace culprit
