// The inner loop of the gram filter: looks up every fourth 4 bytes of a stretch of text, and some
// of the byte behind them, in a table that the caches near the core hold. Stateless; private to
// match/.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/match/rarity.h"

namespace culprit {

constexpr size_t kGroupGrams = 16;                        // looked up together,
constexpr size_t kGroupBytes = kGroupGrams * kGramBytes;  // and the text they cover

// All bytes with their case bit: what differs only in case is one gram here. ('[' and '{' too.)
constexpr uint32_t kFold = 0x20202020u;
inline uint32_t FoldedGramAt(const char* p) { return GramAt(p) | kFold; }

// A set of folded grams, each with the two bytes that may follow; with false positives.
struct GramTable {
  static constexpr int kFollowerBits = 5;
  static constexpr uint8_t kAllClasses = 0xFF;

  uint32_t factor = 1;
  int shift = 32 - 12;           // 32 - bits of an index
  std::vector<uint8_t> bytes;    // 1: some gram with its follower has this index,
  std::vector<uint8_t> classes;  // and with which second followers: bit ClassOf. 3 bytes longer.

  // What counts of the byte behind a gram: a letter's case does not.
  static uint32_t Follower(char c) {
    return static_cast<unsigned char>(c) & ((1u << kFollowerBits) - 1);
  }
  // Of the second byte behind a gram.
  static int ClassOf(char c) { return c & 7; }
  void Resize() {
    bytes.assign(size_t{1} << (32 - shift), 0);
    classes.assign(bytes.size() + 3, 0);
  }
  void Add(uint32_t index, uint8_t with_classes) {
    bytes[index] = 1;
    classes[index] |= with_classes;
  }
  uint32_t Index(uint32_t folded_gram, uint32_t follower) const {
    return ((folded_gram * factor) ^ (follower << (32 - kFollowerBits))) >> shift;
  }
  bool Has(const char* p) const {
    return bytes[Index(FoldedGramAt(p), Follower(p[kGramBytes]))] != 0;
  }
  bool HasClass(const char* p) const {
    return (classes[Index(FoldedGramAt(p), Follower(p[kGramBytes]))] >> ClassOf(p[kGramBytes + 1]) &
            1) != 0;
  }
};

struct Sampled {
  size_t places = 0;       // how many were written
  size_t newlines = 0;     // in all groups
  bool non_ascii = false;  // some byte sampled is not ASCII
};

// Writes to `places`, ascending, the numbers of the grams from begin on (gram i stands at byte 4 *
// i) that the table has, or HasClass: those before end, and perhaps some of the group that end
// cuts. Needs room for one place per gram of all groups, and kPlaceSlack more; end - begin is at
// most 8 KiB. Reads up to kGroupBytes + kGramBytes bytes from the last group's start, which may
// count for the result.
constexpr size_t kPlaceSlack = 16;
using SampleFunction = Sampled (*)(const GramTable&, const char* begin, const char* end,
                                   uint16_t* places);

// The fastest for this processor.
SampleFunction BestSampler();

// All that this processor can run, for tests: the plain one first.
struct Sampler {
  SampleFunction run = nullptr;
  bool asks_classes = false;
};
std::vector<Sampler> Samplers();

}  // namespace culprit
