#include "engine/match/gram_filter.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <unordered_map>

namespace culprit {
namespace {

constexpr int kMinBitmapBits = 17;  // 16 KiB: leaves room in the first-level cache
constexpr int kMaxBitmapBits = 21;
constexpr double kMaxFill = 0.05;    // of the bitmap, before it grows
constexpr double kChainCost = 3e-5;  // of one more literal behind the same gram
constexpr int kHashTries = 64;

uint32_t NextRandom(uint32_t* state) {
  *state = *state * 1664525u + 1013904223u;
  return *state ^ (*state >> 15);
}

}  // namespace

GramFilter::GramFilter(const std::vector<Literal>& literals, const std::vector<FixedGrams>& fixed,
                       const RarityModel& model)
    : texts_(literals.size()) {
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
    if (!PlanFind(literal, model).by_grams) continue;
    GramWindow best;
    double least = std::numeric_limits<double>::infinity();
    for (const GramWindow& window : Windows(literal)) {
      double cost = 0;
      for (const WindowGram& gram : window.grams) {
        cost += WindowGramCost(gram, model);
        if (gram.wild >= 0) continue;
        for (const uint32_t one : ExpandGram(gram)) {
          const auto it = taken.find(one);
          if (it != taken.end()) cost += it->second * kChainCost;
        }
      }
      if (cost >= least) continue;
      least = cost;
      best = window;
    }
    AddEntries(literal, index, best.grams, kGramStride);
    for (const WindowGram& gram : best.grams) {
      if (gram.wild >= 0) continue;
      for (const uint32_t one : ExpandGram(gram)) ++taken[one];
    }
  }
  if (entries_.empty()) return;
  ChooseHash(model);
  FillTables();
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
    entry.gram_offset = gram.offset;
    const int next = gram.offset + static_cast<int>(kGramBytes);
    const bool has_next = static_cast<size_t>(next) + kTagBytes <= literal.size();
    const bool has_previous = gram.offset >= static_cast<int>(kTagBytes);
    const char* at = literal.text.data() + gram.offset;
    entry.tags = has_next ? static_cast<uint8_t>(1u << TagOf(at + kGramBytes)) : kAnyNext;
    entry.tags |= has_previous ? static_cast<uint8_t>(16u << TagOf(at - kTagBytes)) : kAnyPrevious;
    if (literal.size() > 8) {
      entry.word_offset = static_cast<uint32_t>(
          std::min<size_t>(static_cast<size_t>(std::max(gram.offset, 0)), literal.size() - 8));
      entry.word = Load(literal.text.data() + entry.word_offset);
      entry.ignore = Load(literal.free.data() + entry.word_offset);
    } else {
      entry.word = Load(pool_.data() + text.at);
      entry.ignore = Load(pool_.data() + text.at + padded);
    }
    for (const uint32_t expanded : ExpandGram(gram)) {
      entry.gram = expanded;
      entry.followers = gram.followers;
      entries_.push_back(entry);
    }
  }
}

// The bitmap's size by the bits to set, and the factor under which the fewest common grams collide
// with ours.
void GramFilter::ChooseHash(const RarityModel& model) {
  std::unordered_map<uint32_t, uint32_t> own;
  for (const Entry& entry : entries_) own[entry.gram] |= entry.followers;
  size_t count = 0;
  for (const auto& [gram, followers] : own)
    count += static_cast<size_t>(__builtin_popcount(followers));
  int bits = kMinBitmapBits;
  while (bits<kMaxBitmapBits&& static_cast<double>(count)> kMaxFill * (1u << bits)) ++bits;
  double least = std::numeric_limits<double>::infinity();
  uint32_t state = 7;
  for (int i = 0; i < kHashTries; ++i) {
    GramBitmap bitmap;
    bitmap.factor = NextRandom(&state) | 1;
    bitmap.shift = 32 - (bits - 5);
    bitmap.words.resize(size_t{1} << (bits - 5));
    for (const auto& [gram, followers] : own) bitmap.Add(gram, followers);
    double collisions = 0;
    for (const auto& [gram, rate] : model.common()) {
      collisions += rate * __builtin_popcount(bitmap.words[bitmap.Word(gram)]);
    }
    if (collisions < least) {
      least = collisions;
      bitmap_ = std::move(bitmap);
    }
  }
}

void GramFilter::FillTables() {
  tags_.assign(size_t{1} << kTagBits, 0);
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.gram < b.gram; });
  while ((size_t{1} << (32 - bucket_shift_)) < 2 * entries_.size()) --bucket_shift_;
  buckets_.assign(size_t{1} << (32 - bucket_shift_), Bucket{});
  for (uint32_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    tags_[TagSlot(entry.gram)] |= entry.tags;
    Bucket& bucket = buckets_[BucketOf(entry.gram)];
    if (bucket.count == 0) bucket = {entry.gram, i, 0};
    ++bucket.count;
  }
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
