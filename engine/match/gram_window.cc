#include "engine/match/gram_window.h"

#include <algorithm>
#include <array>
#include <limits>

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
constexpr double kNoCost = std::numeric_limits<double>::infinity();
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
      : literal_(literal), folded_(folded), size_(static_cast<int>(literal.size())) {
    rates_.reserve(literal.size());
    for (int at = 0; at + kGram <= size_; ++at)
      rates_.push_back(folded.GramRate(GramAt(literal.text.data() + at) | kFold));
  }

  double At(int offset) const {
    const bool whole = offset >= 0 && offset + kGram <= size_;
    const double rate = whole ? rates_[static_cast<size_t>(offset)] : OpenRate(offset);
    const int followers = offset + kGram < size_ ? 1 : 32;  // of which it may have one
    const int places = followers * (whole ? 1 : 128);
    // Of the literal from the gram's start, and from a gram before it, to a gram behind it.
    const double from_here = Least(offset, offset + kGram);
    const double from_before = std::min(from_here, Least(offset - kGram, offset - 1));
    const double passed = std::min(rate, from_here * RarityOf(offset, offset + 2 * kGram));
    const double confirmed =
        std::min(passed, from_before * RarityOf(offset - kGram, offset + 2 * kGram));
    const double fired = rate * (0.1 + 0.9 * followers / 32);
    return kSampled * (fired + kPassed * passed + kConfirmed * confirmed) + kPollution * places;
  }

 private:
  double OpenRate(int offset) const {
    const WindowGram gram = BuildGram(literal_, offset);
    return folded_.OpenGramRate(gram.gram, gram.wild);
  }

  // The least rate of the whole grams at offsets [from, to].
  double Least(int from, int to) const {
    double least = 1;
    to = std::min(to, size_ - kGram);
    for (int at = std::max(from, 0); at <= to; ++at)
      least = std::min(least, rates_[static_cast<size_t>(at)]);
    return least;
  }

  // Of the part of the literal in [from, to): how much rarer than its rarest gram.
  double RarityOf(int from, int to) const {
    static const auto kPowers = [] {
      std::array<double, 2 * kGram + 1> powers = {1};
      for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * kKnownByte;
      return powers;
    }();
    const int bytes = std::min(to, size_) - std::max(from, 0);
    return kPowers[static_cast<size_t>(std::max(bytes - kGram, 0))];
  }

  const Literal& literal_;
  const RarityModel& folded_;
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
  for (uint32_t c = 0; c < 256; ++c) {
    if ((c & static_cast<uint32_t>(kCaseBit)) != 0) all.push_back(gram.gram | c << (8 * gram.wild));
  }
  return all;
}

std::vector<WindowGram> WindowGrams(const Literal& literal) {
  const auto [first, last] = WindowOffsets(literal);
  std::vector<WindowGram> grams;
  for (int offset = first; first <= last && offset < last + kGramStride; ++offset)
    grams.push_back(BuildGram(literal, offset));
  return grams;
}

std::vector<double> CostsOfGrams(const Literal& literal, const RarityModel& folded) {
  const auto [first, last] = WindowOffsets(literal);
  std::vector<double> costs;
  if (last < first) return costs;
  const GramCosts grams(literal, folded);
  costs.reserve(literal.size());
  for (int offset = first; offset < last + kGramStride; ++offset) costs.push_back(grams.At(offset));
  return costs;
}

FindPlan PlanFind(const Literal& literal, const RarityModel& model) {
  return PlanFind(literal, CostsOfGrams(literal, RarityModel::Folded()), model);
}

FindPlan PlanFind(const Literal& literal, const std::vector<double>& costs,
                  const RarityModel& model) {
  FindPlan plan;
  plan.cost = kNoCost;
  for (size_t i = 0; i + kGramStride <= costs.size(); ++i) {
    double cost = 0;
    for (size_t k = 0; k < kGramStride; ++k) cost += costs[i + k];
    plan.cost = std::min(plan.cost, cost);
  }
  plan.by_grams = plan.cost < kPairCost;  // no pair can be cheaper
  if (plan.by_grams) return plan;
  double rarest = 1;
  for (uint32_t i = 0; i + 1 < literal.size(); ++i) {
    const double rate = model.PairRate(static_cast<unsigned char>(literal.text[i]),
                                       static_cast<unsigned char>(literal.text[i + 1]));
    if (rate >= rarest) continue;
    rarest = rate;
    plan.pair_offset = i;
  }
  const double pair_cost = kPairCost + kPairFired * rarest;
  plan.by_grams = plan.cost < pair_cost;
  plan.cost = std::min(plan.cost, pair_cost);
  return plan;
}

}  // namespace culprit
