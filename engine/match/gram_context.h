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

 private:
  // A set of 8 bytes, hashed.
  struct WordSet {
    std::vector<uint64_t> words;  // while filling: the members; then: the bits
    int shift = 64 - 10;
    bool Has(uint64_t word) const {
      const uint64_t at = (word * kFactor) >> shift;
      return (words[at / 64] >> (at % 64) & 1) != 0;
    }
    void Build();
  };
  // For grams that do not know all those bytes: bit b of the low half tells whether the nearest
  // neighbour may be one with the low bits b, the high half is about the one behind it.
  class TagMap {
   public:
    void Add(uint32_t gram, uint32_t nearest, uint32_t second);
    void Build();
    bool Has(uint32_t gram, uint64_t nearest, uint64_t second) const {
      const uint32_t tag = tags_[(gram * 0x85EBCA6Bu) >> shift_];
      return (tag >> (nearest & 7) & tag >> (8 + (second & 7)) & 1) != 0;
    }

   private:
    std::vector<std::pair<uint32_t, uint32_t>> filling_;  // gram, tag
    std::vector<uint16_t> tags_;
    int shift_ = 32 - 10;
  };

  static constexpr uint64_t kFactor = 0x9E3779B97F4A7C15u;

  WordSet behind_;
  WordSet before_;
  TagMap tags_behind_;
  TagMap tags_before_;
};

}  // namespace culprit
