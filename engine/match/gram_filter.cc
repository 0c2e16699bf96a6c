#include "engine/match/gram_filter.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_map>
#include <unordered_set>

#include "engine/match/gram_window.h"

namespace culprit {
namespace {

constexpr int kMinTableBits = 16;
constexpr int kMaxTableBits = 20;
constexpr double kMaxFill = 0.04;           // of the table, before it grows
constexpr double kChainCost = 3e-5;         // of one more literal behind the same gram
constexpr double kPollution = 1.0 / 65536;  // of one more gram in the table
constexpr double kWildCost = 128 * kPollution;
constexpr int kMultiplierTries = 100;

uint32_t NextRandom(uint32_t* state) {
  *state = *state * 1664525u + 1013904223u;
  return *state ^ (*state >> 15);
}

}  // namespace

GramFilter::GramFilter(const std::vector<Literal>& literals, const RarityModel& model)
    : texts_(literals.size()) {
  // Those with the fewest windows choose first; the others avoid grams that are taken.
  std::vector<uint32_t> order(literals.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return literals[a].size() < literals[b].size(); });
  std::unordered_map<uint32_t, uint32_t> taken;  // by gram: literals behind it
  for (const uint32_t index : order) {
    const Literal& literal = literals[index];
    GramWindow best;
    best.cost = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i < CountWindows(literal.size()); ++i) {
      GramWindow window = WindowAt(literal.text, i);
      for (const WindowGram& gram : window.grams) {
        if (gram.wild >= 0) {
          window.cost += kWildCost;
          continue;
        }
        const auto it = taken.find(gram.gram);
        window.cost +=
            model.GramRate(gram.gram) + (it == taken.end() ? kPollution : it->second * kChainCost);
      }
      if (window.cost < best.cost) best = window;
    }
    if (best.cost == std::numeric_limits<double>::infinity()) continue;

    Text& text = texts_[index];
    text.size = static_cast<uint32_t>(literal.size());
    text.at = static_cast<uint32_t>(pool_.size());
    const size_t padded = (literal.size() + 7) / 8 * 8;
    pool_ += literal.text + std::string(padded - literal.size(), '\0');
    pool_ += literal.free + std::string(padded - literal.size(), '\xFF');
    for (const WindowGram& gram : best.grams) {
      Entry entry = {};
      entry.literal = index;
      entry.gram_offset = gram.offset;
      if (literal.size() > 8) {
        entry.word_offset =
            static_cast<uint32_t>(std::min<size_t>(std::max(gram.offset, 0), literal.size() - 8));
        entry.word = Load(literal.text.data() + entry.word_offset);
        entry.ignore = Load(literal.free.data() + entry.word_offset);
      } else {
        entry.word = Load(pool_.data() + text.at);
        entry.ignore = Load(pool_.data() + text.at + padded);
      }
      for (const uint32_t expanded : ExpandGram(gram)) {
        entry.gram = expanded;
        entries_.push_back(entry);
        ++taken[expanded];
      }
    }
  }
  if (entries_.empty()) return;
  int bits = kMinTableBits;
  while (bits<kMaxTableBits&& static_cast<double>(taken.size())> kMaxFill * (1u << bits)) ++bits;
  shift_ = 32 - bits;
  ChooseMultiplier(model);
  FillTable();
}

// The odd multiplier under which the fewest common grams collide with ours.
void GramFilter::ChooseMultiplier(const RarityModel& model) {
  std::unordered_set<uint32_t> own;
  for (const Entry& entry : entries_) own.insert(entry.gram);
  std::vector<std::pair<uint32_t, double>> others;
  for (const auto& common : model.common()) {
    if (own.count(common.first) == 0) others.push_back(common);
  }
  double least = std::numeric_limits<double>::infinity();
  uint32_t candidate = 0x9E3779B1u;
  uint32_t state = 7;
  std::vector<uint8_t> used(size_t{1} << (32 - shift_));
  for (int i = 0; i < kMultiplierTries; ++i) {
    std::fill(used.begin(), used.end(), 0);
    for (const uint32_t gram : own) used[(gram * candidate) >> shift_] = 1;
    double collisions = 0;
    for (const auto& [gram, count] : others) {
      if (used[(gram * candidate) >> shift_] != 0) collisions += count;
    }
    if (collisions < least) {
      least = collisions;
      multiplier_ = candidate;
    }
    candidate = NextRandom(&state) | 1;
  }
}

void GramFilter::FillTable() {
  const size_t slots = size_t{1} << (32 - shift_);
  table_ = std::make_unique<uint8_t[]>(slots);
  const auto slot = [&](const Entry& entry) { return (entry.gram * multiplier_) >> shift_; };
  std::stable_sort(entries_.begin(), entries_.end(),
                   [&](const Entry& a, const Entry& b) { return slot(a) < slot(b); });
  heads_.assign(slots + 1, 0);
  for (const Entry& entry : entries_) {
    table_[slot(entry)] = 1;
    ++heads_[slot(entry) + 1];
  }
  std::partial_sum(heads_.begin(), heads_.end(), heads_.begin());
}

bool GramFilter::Equals(const Text& text, const char* start) const {
  const size_t padded = (text.size + 7) / 8 * 8;
  const char* want = pool_.data() + text.at;
  for (size_t i = 0; i < padded; i += 8) {
    if (((Load(start + i) ^ Load(want + i)) & ~Load(want + padded + i)) != 0) return false;
  }
  return true;
}

}  // namespace culprit
