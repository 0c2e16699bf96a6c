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

// A set of grams, each with what may follow it; with false positives. One word of 32 bits by the
// gram's hash; in it, one bit by the two bytes that follow (not by their case).
struct GramBitmap {
  uint32_t factor = 1;
  int shift = 32 - 12;  // 32 - bits of a word's number
  std::vector<uint32_t> words;

  // Which bit two following bytes stand for.
  static uint32_t Follower(unsigned char first, unsigned char second) {
    return (first & 7u) | (second & 3u) << 3;
  }
  uint32_t Word(uint32_t gram) const { return (gram * factor) >> shift; }
  // `followers`: a bit for each Follower that the gram may have.
  void Add(uint32_t gram, uint32_t followers) { words[Word(gram)] |= followers; }
  bool Has(const char* p) const {
    const uint32_t follower =
        Follower(static_cast<unsigned char>(p[4]), static_cast<unsigned char>(p[5]));
    return (words[Word(GramAt(p))] >> follower & 1) != 0;
  }
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
