#include "engine/match/gram_window.h"

#include <algorithm>

namespace culprit {
namespace {

// Per byte of text: a quarter of the places is looked at, and a table of 2^18 places is assumed.
constexpr double kSampled = 1.0 / kGramStride;
constexpr double kPollution = kSampled / (1 << 18);  // collisions with one more place
constexpr double kPassed = 2;        // what the bytes behind a gram do not refute, in fired probes
constexpr double kConfirmed = 10;    // what those before it do not refute either
constexpr double kKnownByte = 0.75;  // how much rarer each further byte makes a string
constexpr double kPairCost = 0.1;    // one more pair to look for, per byte
constexpr double kPairFired = 2;     // one that is there
constexpr int kGram = static_cast<int>(kGramBytes);

char Fold(char c) { return static_cast<char>(c | kCaseBit); }

uint32_t Followers(const Literal& literal, int at) {
  if (at >= static_cast<int>(literal.size())) return ~0u;
  return 1u << GramTable::Follower(literal.text[static_cast<size_t>(at)]);
}

uint8_t Classes(const Literal& literal, int at) {
  if (at >= static_cast<int>(literal.size())) return GramTable::kAllClasses;
  return static_cast<uint8_t>(1u << GramTable::ClassOf(literal.text[static_cast<size_t>(at)]));
}

WindowGram BuildGram(const Literal& literal, int offset) {
  WindowGram gram;
  gram.offset = offset;
  if (offset >= 0 && offset + kGram <= static_cast<int>(literal.size())) {
    gram.gram = GramAt(literal.text.data() + offset) | kFold;
  } else {
    char bytes[kGramBytes];
    for (int j = 0; j < kGram; ++j) {
      const int at = offset + j;
      const bool inside = at >= 0 && at < static_cast<int>(literal.size());
      bytes[j] = inside ? Fold(literal.text[static_cast<size_t>(at)]) : '\0';
      if (!inside) gram.wild = j;
    }
    gram.gram = GramAt(bytes);
  }
  gram.followers = Followers(literal, offset + kGram);
  gram.classes = Classes(literal, offset + kGram + 1);
  return gram;
}

// Calls use(gram) for each that a gram with a wild byte stands for.
template <typename Use>
void ForEachGram(const WindowGram& gram, Use use) {
  for (uint32_t c = 0; c < 256; ++c) {
    if ((c & static_cast<uint32_t>(kCaseBit)) != 0) use(gram.gram | c << (8 * gram.wild));
  }
}

// Offsets of a literal's first and last window; none if last < first. 7 bytes and more: four whole
// grams. 6: the odd byte before it, or behind it. 5: offsets -1..2 are the only ones with no more
// than one byte unknown in each gram.
struct Offsets {
  int first = 0;
  int last = -1;
};
Offsets WindowOffsets(const Literal& literal) {
  const int size = static_cast<int>(literal.size());
  if (size < 5) return {};
  return {size >= 7 ? 0 : -1, size >= 7 ? size - 7 : size - 6};
}

// Costs of a literal's grams, by their offset.
class GramCosts {
 public:
  GramCosts(const Literal& literal, const RarityModel& folded)
      : size_(static_cast<int>(literal.size())) {
    rates_.reserve(literal.size());
    for (int at = 0; at + kGram <= size_; ++at)
      rates_.push_back(folded.GramRate(GramAt(literal.text.data() + at) | kFold));
  }

  double Of(const WindowGram& gram, const RarityModel& folded) const {
    double fired = 0;
    if (gram.wild < 0) {
      fired = rates_[static_cast<size_t>(gram.offset)];
    } else {
      ForEachGram(gram, [&](uint32_t one) { fired += folded.GramRate(one); });
    }
    const double passed = std::min(fired, Rate(gram.offset, gram.offset + 2 * kGram));
    const double confirmed = std::min(passed, Rate(gram.offset - kGram, gram.offset + 2 * kGram));
    fired *= 0.1 + 0.9 * __builtin_popcount(gram.followers) / 32;
    return kSampled * (fired + kPassed * passed + kConfirmed * confirmed) +
           kPollution * static_cast<double>(CountPlaces(gram));
  }

 private:
  // Of the part of the literal in [from, to).
  double Rate(int from, int to) const {
    from = std::max(from, 0);
    to = std::min(to, size_);
    double rate = 1;
    for (int at = from; at + kGram <= to; ++at) {
      rate = std::min(rate, rates_[static_cast<size_t>(at)]);
    }
    for (int i = from + kGram; i < to; ++i) rate *= kKnownByte;
    return rate;
  }

  const int size_;
  std::vector<double> rates_;  // of the whole grams
};

}  // namespace

size_t CountPlaces(const WindowGram& gram) {
  return (gram.wild < 0 ? size_t{1} : size_t{128}) *
         static_cast<size_t>(__builtin_popcount(gram.followers));
}

std::vector<uint32_t> ExpandGram(const WindowGram& gram) {
  if (gram.wild < 0) return {gram.gram};
  std::vector<uint32_t> all;
  ForEachGram(gram, [&](uint32_t one) { all.push_back(one); });
  return all;
}

std::vector<GramWindow> Windows(const Literal& literal) {
  const auto [first, last] = WindowOffsets(literal);
  std::vector<GramWindow> windows;
  for (int offset = first; offset <= last; ++offset) {
    windows.emplace_back();
    for (int k = 0; k < kGramStride; ++k) windows.back().grams[k] = BuildGram(literal, offset + k);
  }
  return windows;
}

std::vector<double> CostsOfGrams(const Literal& literal, const RarityModel& folded) {
  const auto [first, last] = WindowOffsets(literal);
  std::vector<double> costs;
  if (last < first) return costs;
  const GramCosts grams(literal, folded);
  for (int offset = first; offset < last + kGramStride; ++offset)
    costs.push_back(grams.Of(BuildGram(literal, offset), folded));
  return costs;
}

FindPlan PlanFind(const Literal& literal, const RarityModel& model) {
  FindPlan plan;
  double rarest = 1;
  for (uint32_t i = 0; i + 1 < literal.size(); ++i) {
    const double rate = model.PairRate(static_cast<unsigned char>(literal.text[i]),
                                       static_cast<unsigned char>(literal.text[i + 1]));
    if (rate >= rarest) continue;
    rarest = rate;
    plan.pair_offset = i;
  }
  plan.cost = kPairCost + kPairFired * rarest;
  const std::vector<double> costs = CostsOfGrams(literal, RarityModel::Folded());
  for (size_t i = 0; i + kGramStride <= costs.size(); ++i) {
    double cost = 0;
    for (size_t k = 0; k < kGramStride; ++k) cost += costs[i + k];
    if (cost >= plan.cost) continue;
    plan.cost = cost;
    plan.by_grams = true;
  }
  return plan;
}

}  // namespace culprit
