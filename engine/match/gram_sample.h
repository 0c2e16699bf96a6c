// The inner loop of the gram filter: hashes every fourth 4 bytes of a stretch of text and looks the
// hash up in a bitmap small enough for the first-level cache. Stateless; private to match/.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/match/rarity.h"

namespace culprit {

constexpr size_t kGroupGrams = 16;                        // grams one spot speaks of,
constexpr size_t kGroupBytes = kGroupGrams * kGramBytes;  // and the text they cover

// A set of grams with false positives.
struct GramBitmap {
  uint32_t factor = 1;
  int shift = 32 - 17;  // 32 - bits of a slot
  std::vector<uint32_t> words;

  uint32_t Slot(uint32_t gram) const { return (gram * factor) >> shift; }
  bool Has(uint32_t gram) const { return (words[Slot(gram) / 32] >> (Slot(gram) % 32) & 1) != 0; }
  void Add(uint32_t gram) { words[Slot(gram) / 32] |= 1u << (Slot(gram) % 32); }
};

// A group in which a gram is of the set.
struct GramSpot {
  uint16_t group;  // its number, from 0
  uint16_t grams;  // bit i: the gram at byte 4 * i of the group
};

struct Sampled {
  size_t spots = 0;        // how many were written
  bool non_ascii = false;  // some byte sampled is not ASCII
};

// Writes to `spots`, ascending, the groups from begin on with a gram of the set. Needs room for one
// spot per group and one more; end - begin is at most 2^16 groups. Reads up to 63 bytes behind end,
// which may count for the result.
using SampleFunction = Sampled (*)(const GramBitmap&, const char* begin, const char* end,
                                   GramSpot* spots);

// The fastest for this processor; measured once, since gathering is fast on some and very slow on
// others.
SampleFunction BestSampler();

// All that this processor can run, for tests.
std::vector<SampleFunction> Samplers();

}  // namespace culprit
