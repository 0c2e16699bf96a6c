#include "engine/match/gram_window.h"

namespace culprit {
namespace {

// Per byte of text: a quarter of the places is looked at, and a bitmap of 2^19 bits is assumed.
constexpr double kSampled = 1.0 / kGramStride;
constexpr double kPollution = kSampled / (1 << 19);  // collisions with one more bit
constexpr double kRefuted =
    0.4;  // of the cost stays where the literal knows what stands before, too
constexpr double kPairCost = 0.02;     // one more pair to look for, per byte
constexpr double kPairFired = 2;       // one that is there
constexpr size_t kMaxExpanded = 1200;  // grams of one window

uint32_t Followers(const Literal& literal, int at) {
  const auto byte = [&](int i) {
    return static_cast<unsigned char>(literal.text[static_cast<size_t>(i)]);
  };
  const int size = static_cast<int>(literal.size());
  if (at >= size) return ~0u;
  if (at + 1 < size) return 1u << GramBitmap::Follower(byte(at), byte(at + 1));
  uint32_t followers = 0;
  for (unsigned char second = 0; second < 4; ++second) {
    followers |= 1u << GramBitmap::Follower(byte(at), second);
  }
  return followers;
}

GramWindow BuildWindow(const Literal& literal, int first) {
  GramWindow window;
  const int size = static_cast<int>(literal.size());
  for (int k = 0; k < kGramStride; ++k) {
    WindowGram& gram = window.grams[k];
    gram.offset = first + k;
    char bytes[kGramBytes];
    char free[kGramBytes];
    for (int j = 0; j < static_cast<int>(kGramBytes); ++j) {
      const int at = gram.offset + j;
      const bool inside = at >= 0 && at < size;
      bytes[j] = inside ? literal.text[static_cast<size_t>(at)] : '\0';
      free[j] = inside ? literal.free[static_cast<size_t>(at)] : '\0';
      if (!inside) gram.wild = j;
    }
    gram.gram = GramAt(bytes);
    gram.free = GramAt(free);
    gram.followers = Followers(literal, gram.offset + static_cast<int>(kGramBytes));
  }
  return window;
}

}  // namespace

size_t CountExpanded(const WindowGram& gram) {
  return (gram.wild < 0 ? size_t{1} : size_t{256}) << __builtin_popcount(gram.free);
}

size_t CountBits(const WindowGram& gram) {
  return CountExpanded(gram) * static_cast<size_t>(__builtin_popcount(gram.followers));
}

std::vector<uint32_t> ExpandGram(const WindowGram& gram) {
  std::vector<uint32_t> grams = {gram.gram};
  for (uint32_t left = gram.free; left != 0; left &= left - 1) {
    const uint32_t bit = left & (~left + 1);
    for (size_t i = 0, count = grams.size(); i < count; ++i) grams.push_back(grams[i] ^ bit);
  }
  if (gram.wild < 0) return grams;
  std::vector<uint32_t> all;
  for (const uint32_t one : grams) {
    for (uint32_t c = 0; c < 256; ++c) all.push_back(one | c << (8 * gram.wild));
  }
  return all;
}

std::vector<GramWindow> Windows(const Literal& literal) {
  const int size = static_cast<int>(literal.size());
  // 7 bytes and more: four whole grams. 6: the odd byte before it, or behind it. 5: offsets -1..2
  // are the only ones with no more than one byte unknown in each gram.
  const int first = size >= 7 ? 0 : -1;
  const int last = size >= 7 ? size - 7 : size - 6;
  std::vector<GramWindow> windows;
  if (size < 5) return windows;
  for (int offset = first; offset <= last; ++offset) {
    windows.push_back(BuildWindow(literal, offset));
    size_t expanded = 0;
    for (const WindowGram& gram : windows.back().grams) expanded += CountExpanded(gram);
    if (expanded > kMaxExpanded) windows.pop_back();
  }
  return windows;
}

double WindowGramCost(const WindowGram& gram, const RarityModel& model) {
  double cost = 0;
  for (const uint32_t one : ExpandGram(gram)) cost += model.GramRate(one);
  // Followers refute most of what is not the literal.
  cost *= kSampled * (0.1 + 0.9 * __builtin_popcount(gram.followers) / 32);
  if (gram.offset >= 2) cost *= kRefuted;
  return cost + static_cast<double>(CountBits(gram)) * kPollution;
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
  for (const GramWindow& window : Windows(literal)) {
    double cost = 0;
    for (const WindowGram& gram : window.grams) {
      cost += WindowGramCost(gram, model);
    }
    if (cost >= plan.cost) continue;
    plan.cost = cost;
    plan.by_grams = true;
  }
  return plan;
}

}  // namespace culprit
