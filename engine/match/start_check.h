// A cheap look before RE2: may a pattern match from here on? Walks the first bytes with a small
// automaton over the pattern's own characters. Immutable; thread-safe. Private to match/.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "engine/match/pattern.h"

namespace culprit {

class StartCheck {
 public:
  enum class Verdict : uint8_t {
    kNo,   // no match starts here
    kYes,  // one does
    kAsk,  // only RE2 knows
  };

  StartCheck() = default;  // of nothing: always kAsk
  explicit StartCheck(const Pattern& pattern);

  // About a match that starts at p, in a line without '\n' that ends at `end`. Looks at the first
  // few dozen bytes only.
  Verdict At(const char* p, const char* end) const;

 private:
  using ByteSet = std::array<uint64_t, 4>;
  // A character of the pattern: bit i of the masks is position i.
  struct Position {
    uint64_t follow = 0;  // what may stand behind it
    uint32_t set = 0;     // in sets_: its bytes
  };
  // What a part of the pattern adds, to be linked with its neighbours.
  struct Part {
    uint64_t first = 0;
    uint64_t last = 0;
    bool nullable = true;
  };

  Part Add(const PatternNode& node);
  Part AddByte(const ByteSet& bytes);
  Part AddRepeat(const PatternNode& node);
  Part Concat(const Part& head, const Part& tail);
  void Link(uint64_t from, uint64_t to);

  uint64_t first_ = 0;
  bool exact_ = true;          // no assertion and no count that the walk does not know
  bool unicode_fold_ = false;  // bytes beyond ASCII may stand for letters
  std::vector<Position> positions_;
  std::vector<ByteSet> sets_;
};

}  // namespace culprit
