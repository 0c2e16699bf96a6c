// Finds any of a few pairs of adjacent bytes, compared without the case bit: short literals, and
// rare sequences that need attention. 32 bytes at a time where the processor has AVX2. Immutable
// once filled; thread-safe. Private to match/.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

namespace culprit {

class PairFinder {
 public:
  // `plain`: without AVX2 even where there is AVX2, for tests.
  explicit PairFinder(bool plain = false) : plain_(plain) {}
  // `tag` comes back from Scan.
  void Add(char first, char second, uint32_t tag);
  bool empty() const { return pairs_.empty(); }

  // Calls found(tag, p) for each p in [begin, end) where a pair may stand: p[0] and p[1] equal it
  // but for the case bit. Ascending p. p[1] may be the byte at `end`. Needs kBlockPadding readable
  // bytes behind it.
  template <typename Found>
  void Scan(const char* begin, const char* end, Found&& found) const {
    if (pairs_.empty()) return;
    const char* p = begin;
    while (p < end) {
      uint32_t mask = NextChunk(&p, end);
      for (; mask != 0; mask &= mask - 1) {
        const char* at = p + __builtin_ctz(mask);
        if (at >= end) break;
        const auto first = static_cast<uint8_t>(at[0] | kCase);
        const auto second = static_cast<uint8_t>(at[1] | kCase);
        for (const Pair& pair : pairs_) {
          if (pair.first == first && pair.second == second) found(pair.tag, at);
        }
      }
      p += kChunk;
    }
  }

 private:
  static constexpr char kCase = 0x20;
  static constexpr size_t kChunk = 32;
  struct Pair {
    uint8_t first;
    uint8_t second;
    uint32_t tag;
  };
  struct Needle {  // both bytes, distinct
    uint8_t first;
    uint8_t second;
  };

  // Moves *p to the next chunk with a pair and returns a bit for each byte where one begins; 0 at
  // the end.
  uint32_t NextChunk(const char** p, const char* end) const;

  bool plain_;
  std::vector<Pair> pairs_;
  std::vector<Needle> needles_;
};

}  // namespace culprit
