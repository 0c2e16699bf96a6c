// A cheap look before RE2: may a pattern match from here on? Walks the first bytes with a small
// automaton over the pattern's own characters. Immutable; thread-safe. Private to match/.
#pragma once
#include <array>
#include <cstdint>
#include <string_view>
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

  // About a match that starts at p, in a line [line, end) without '\n'. Looks at the byte before p
  // and at the next few dozen only.
  Verdict At(const char* line, const char* p, const char* end) const;

  // False: no match holds `literal` so many bytes behind its start.
  bool MayHold(const Literal& literal, int offset) const;

 private:
  using ByteSet = std::array<uint64_t, 4>;
  // Characters of the pattern: bit i is position i. Between those of `at_boundary` and their
  // neighbour a word must begin or end.
  struct Mask {
    uint64_t always = 0;
    uint64_t at_boundary = 0;
    uint64_t Any() const { return always | at_boundary; }
    void Add(const Mask& other) {
      always |= other.always;
      at_boundary |= other.at_boundary;
    }
  };
  struct Position {
    Mask follow;       // what may stand behind it
    uint32_t set = 0;  // in sets_: its bytes
  };
  // What a part of the pattern adds, to be linked with its neighbours.
  struct Part {
    Mask first;
    Mask last;
    bool nullable = true;
    bool null_at_boundary = false;  // it may be empty where a word begins or ends
  };

  Part Add(const PatternNode& node);
  Part AddByte(const ByteSet& bytes);
  Part AddRepeat(const PatternNode& node);
  Part Concat(const Part& head, const Part& tail);
  static Part Open();
  void Link(const Mask& from, const Mask& to);
  bool Holds(size_t position, unsigned char c) const {
    return (sets_[positions_[position].set][c >> 6] >> (c & 63) & 1) != 0;
  }

  Mask first_;
  bool exact_ = true;          // no assertion but \b, and no count that the walk does not know
  bool unicode_fold_ = false;  // bytes beyond ASCII may stand for letters
  std::vector<Position> positions_;
  std::vector<ByteSet> sets_;
};

}  // namespace culprit
