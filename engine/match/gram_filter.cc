#include "engine/match/gram_filter.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_map>

namespace culprit {
namespace {

constexpr int kMinTableBits = 14;  // of an index
constexpr int kMaxTableBits = 18;
constexpr double kMaxFill = 0.02;    // of the table, before it grows
constexpr double kChainCost = 2e-6;  // of one more literal behind the same gram
constexpr int kHashTries = 16;
constexpr size_t kHashSample = 1024;  // common grams that a hash is tried on

uint32_t NextRandom(uint32_t* state) {
  *state = *state * 1664525u + 1013904223u;
  return *state ^ (*state >> 15);
}

// Calls use(index in a table) for each place a gram takes.
template <typename Use>
void ForEachPlace(const GramTable& table, uint32_t gram, uint32_t followers, Use use) {
  for (; followers != 0; followers &= followers - 1) {
    use(table.Index(gram, static_cast<uint32_t>(__builtin_ctz(followers))));
  }
}

}  // namespace

GramFilter::GramFilter(const std::vector<Literal>& literals, const std::vector<FixedGrams>& fixed,
                       const RarityModel& model)
    : texts_(literals.size()) {
  const RarityModel& folded = RarityModel::Folded();
  for (const FixedGrams& one : fixed) {
    AddEntries(literals[one.literal], one.literal, one.grams.data(), one.grams.size());
  }
  // Those with the fewest windows choose first; the others avoid grams that are taken.
  std::vector<uint32_t> order(literals.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return literals[a].size() < literals[b].size(); });
  std::unordered_map<uint32_t, uint32_t> taken;  // by gram: literals behind it
  for (const uint32_t index : order) {
    const Literal& literal = literals[index];
    std::vector<double> costs = CostsOfGrams(literal, folded);
    if (!PlanFind(literal, costs, model).by_grams) continue;
    const std::vector<WindowGram> grams = WindowGrams(literal);
    for (size_t i = 0; i < costs.size(); ++i) {
      const auto it = taken.find(grams[i].gram);
      if (it != taken.end()) costs[i] += it->second * it->second * kChainCost;
    }
    size_t best = 0;
    double least = std::numeric_limits<double>::infinity();
    for (size_t i = 0; i + kGramStride <= grams.size(); ++i) {
      const double cost = costs[i] + costs[i + 1] + costs[i + 2] + costs[i + 3];
      if (cost >= least) continue;
      least = cost;
      best = i;
    }
    AddEntries(literal, index, grams.data() + best, kGramStride);
    for (size_t k = 0; k < kGramStride; ++k) ++taken[grams[best + k].gram];
  }
  if (entries_.empty()) return;
  ChooseHash(folded);
  FillTables(literals);
  sample_ = BestSampler();
}

void GramFilter::AddEntries(const Literal& literal, uint32_t index, const WindowGram* grams,
                            size_t count) {
  Text& text = texts_[index];
  text.size = static_cast<uint32_t>(literal.size());
  text.at = static_cast<uint32_t>(pool_.size());
  const size_t padded = (literal.size() + 7) / 8 * 8;
  pool_ += literal.text + std::string(padded - literal.size(), '\0');
  pool_ += literal.free + std::string(padded - literal.size(), '\xFF');
  for (size_t i = 0; i < count; ++i) {
    const WindowGram& gram = grams[i];
    Entry entry = {};
    entry.literal = index;
    entry.gram_offset = static_cast<int16_t>(gram.offset);
    entry.size = static_cast<uint16_t>(literal.size());
    if (literal.size() > 8) {
      entry.word_offset = static_cast<uint16_t>(
          std::min<size_t>(static_cast<size_t>(std::max(gram.offset, 0)), literal.size() - 8));
      entry.word = Load(literal.text.data() + entry.word_offset);
      entry.ignore = Load(literal.free.data() + entry.word_offset);
    } else {
      entry.word = Load(pool_.data() + text.at);
      entry.ignore = Load(pool_.data() + text.at + padded);
    }
    for (const uint32_t expanded : ExpandGram(gram)) {
      entry.gram = expanded;
      entries_.push_back(entry);
      behind_.push_back({.followers = gram.followers, .classes = gram.classes});
    }
  }
}

// The table's size by the places to take, and the factor under which the fewest common grams
// collide with ours.
void GramFilter::ChooseHash(const RarityModel& folded) {
  std::vector<std::pair<uint32_t, uint32_t>> own;  // grams, ascending, with all their followers
  for (size_t i = 0; i < entries_.size(); ++i)
    own.emplace_back(entries_[i].gram, behind_[i].followers);
  std::sort(own.begin(), own.end());
  size_t kept = 0;
  for (size_t i = 1; i < own.size(); ++i) {
    if (own[i].first == own[kept].first) {
      own[kept].second |= own[i].second;
    } else {
      own[++kept] = own[i];
    }
  }
  own.resize(kept + 1);
  size_t count = 0;
  for (const auto& [gram, followers] : own)
    count += static_cast<size_t>(__builtin_popcount(followers));
  int bits = kMinTableBits;
  while (bits<kMaxTableBits&& static_cast<double>(count)> kMaxFill * (1u << bits)) ++bits;
  double least = std::numeric_limits<double>::infinity();
  uint32_t best = 0;
  uint32_t state = 7;
  table_.shift = 32 - bits;
  for (int i = 0; i < kHashTries; ++i) {
    table_.factor = NextRandom(&state) | 1;
    table_.Resize();
    for (const auto& [gram, followers] : own) {
      ForEachPlace(table_, gram, followers, [&](uint32_t at) { table_.bytes[at] = 1; });
    }
    double collisions = 0;
    for (size_t k = 0; k < std::min(kHashSample, folded.common().size()); ++k) {
      const std::pair<uint32_t, double>& common = folded.common()[k];
      size_t taken = 0;
      ForEachPlace(table_, common.first, ~0u, [&](uint32_t at) { taken += table_.bytes[at]; });
      collisions += common.second * static_cast<double>(taken);
    }
    if (collisions < least) {
      least = collisions;
      best = table_.factor;
    }
  }
  table_.factor = best;
  table_.Resize();
  for (size_t i = 0; i < entries_.size(); ++i) {
    ForEachPlace(table_, entries_[i].gram, behind_[i].followers,
                 [&](uint32_t at) { table_.Add(at, behind_[i].classes); });
  }
  behind_ = {};
}

void GramFilter::FillTables(const std::vector<Literal>& literals) {
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.gram < b.gram; });
  while ((size_t{1} << (32 - bucket_shift_)) < 2 * entries_.size()) --bucket_shift_;
  buckets_.assign(size_t{1} << (32 - bucket_shift_), kNone);
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    context_.Add(entry.gram, entry.gram_offset, literals[entry.literal]);
    uint32_t& first = buckets_[BucketOf(entry.gram)];
    if (first == kNone) {
      first = i;
    } else {
      ++entries_[first].more;
    }
  }
  context_.Build();
}

Sampled GramFilter::FindPlaces(const char* begin, const char* from, const char* stop,
                               uint16_t* places) const {
  Sampled sampled = sample_(table_, from, stop, places);
  const auto cut = static_cast<size_t>(stop - from) % kGroupBytes;
  if (cut != 0) sampled.newlines -= CountLines({stop, kGroupBytes - cut});  // of the padding
  size_t& count = sampled.places;
  while (count > 0 && from + places[count - 1] * kGramBytes >= stop) --count;
  count = context_.KeepBehind(from, places, count);
  count = context_.KeepBefore(begin, from, places, count);
  return sampled;
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
