// What may stand around the grams of the filter: refutes most places where a gram stands, but no
// literal. Immutable once filled; thread-safe. Private to match/.
#pragma once
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "engine/match/gram_sample.h"
#include "engine/match/literal.h"

namespace culprit {

class GramContext {
 public:
  // Notes the gram (folded) as standing `offset` bytes from the start of `literal`; it may reach
  // out of it by a byte.
  void Add(uint32_t gram, int offset, const Literal& literal);
  // Ends the filling.
  void Build();

  // Both keep of `places` (grams from `from`, ascending) those where the bytes around may be those
  // of a literal, and return how many: Behind looks at the 8 bytes from the gram's start, Before at
  // the 4 bytes before it, but not before `begin`.
  size_t KeepBehind(const char* from, uint16_t* places, size_t count) const;
  size_t KeepBefore(const char* begin, const char* from, uint16_t* places, size_t count) const;

  // The tables, for the loops over places.
  // A set of 8 bytes, hashed; with false positives.
  struct WordSet {
    std::vector<uint64_t> filling;
    std::vector<uint8_t> bytes;  // 1: some member has this hash
    int shift = 64 - 10;
    void Build();
    uint32_t Has(uint64_t word) const { return bytes[(word * 0x9E3779B97F4A7C15u) >> shift]; }
  };
  // For grams that do not know all those bytes: bit b of the low byte tells whether one neighbour
  // may be one with the low bits b, the high byte is about another.
  struct TagMap {
    std::vector<std::pair<uint32_t, uint32_t>> filling;  // gram, tag
    std::vector<uint16_t> tags;
    int shift = 32 - 10;
    void Build();
    uint32_t Has(uint32_t gram, uint64_t one, uint64_t other) const {
      const uint32_t tag = tags[(gram * 0x85EBCA6Bu) >> shift];
      return tag >> (one & 7) & tag >> (8 + (other & 7)) & 1;
    }
  };

 private:
  WordSet behind_;
  WordSet before_;
  TagMap tags_behind_;  // of the second and third byte behind the gram: the table knows the first
  TagMap tags_before_;  // of the first and second byte before it
};

}  // namespace culprit
