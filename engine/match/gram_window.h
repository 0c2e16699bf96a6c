// Which bytes of a literal the sampled-gram filter looks for. Stateless; private to match/.
#pragma once
#include <cstdint>
#include <vector>

#include "engine/match/gram_sample.h"
#include "engine/match/literal.h"
#include "engine/match/rarity.h"

namespace culprit {

constexpr int kGramStride = 4;  // one gram is looked at every so many bytes

// A folded gram of a window, and where it stands from the literal's start. May begin one byte
// before the literal or end one byte behind it: then `wild` is the index of the byte not known,
// else -1.
struct WindowGram {
  uint32_t gram = 0;  // the wild byte is 0
  int offset = 0;
  int wild = -1;
  uint32_t followers = ~0u;  // GramTable::Follower of what may stand behind it: one bit each
  uint8_t classes = GramTable::kAllClasses;  // ClassOf what may stand behind that: one bit each
};

// The distinct folded grams a window gram stands for: more than one if it has a wild byte.
std::vector<uint32_t> ExpandGram(const WindowGram& gram);
// Places that they take in the table.
size_t CountPlaces(const WindowGram& gram);

// The grams of a literal, by their offset; none if it is too short. kGramStride of them in a row
// are a window: one of those is looked at wherever the literal stands.
std::vector<WindowGram> WindowGrams(const Literal& literal);

// What each of WindowGrams costs in probes that fire, per byte of text. `folded` is
// RarityModel::Folded().
std::vector<double> CostsOfGrams(const Literal& literal, const RarityModel& folded);

// How a literal is best found: by the window that costs least, or, where it has none or its pair is
// cheaper, by its rarest pair of adjacent bytes.
struct FindPlan {
  bool by_grams = false;
  uint32_t pair_offset = 0;  // unless by_grams
  double cost = 0;           // in fired probes per byte of text
};
FindPlan PlanFind(const Literal& literal, const RarityModel& model);
// `costs`: CostsOfGrams of the literal.
FindPlan PlanFind(const Literal& literal, const std::vector<double>& costs,
                  const RarityModel& model);

}  // namespace culprit
