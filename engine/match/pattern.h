// The structure of an RE2 pattern, as far as literals can be derived from it. RE2's own parse tree
// is not public. Stateless; private to match/.
#pragma once
#include <bitset>
#include <string>
#include <string_view>
#include <vector>

#include "engine/match/literal.h"

namespace culprit {

struct PatternNode {
  enum class Kind : uint8_t {
    kEmpty,
    kLiteral,    // these characters, one or more: `literal`
    kClass,      // one character out of `options`
    kAny,        // something of which no literal is known, not even its length
    kAssert,     // ^ $ \b \B \A \z
    kConcat,     // children in order
    kAlternate,  // one of children
    kRepeat      // children[0], min to max times; max -1: no limit
  };
  Kind kind = Kind::kEmpty;
  Literal literal;
  std::vector<Literal> options;  // at most kMaxClassOptions, else kAny
  bool boundary = false;         // kAssert: \b
  // kAny: it is one character, of these ASCII ones or, if `beyond_ascii`, perhaps any other.
  bool one_character = false;
  std::bitset<128> ascii;
  bool beyond_ascii = false;
  std::vector<PatternNode> children;
  int min = 0;
  int max = 0;
};

constexpr size_t kMaxClassOptions = 16;

struct Pattern {
  PatternNode root;
  // (?i) on a 'k' or 's': RE2 then also matches U+212A (Kelvin sign) and U+017F (long s), which the
  // literals of `root` do not say.
  bool unicode_fold = false;
  bool named_groups = false;  // it has some (or, of what is not followed, may have)
};

// Parses a pattern that RE2 accepts (UTF-8, Perl syntax, default flags). Whatever it does not
// follow becomes kAny, which is always sound. Groups leave no other trace.
Pattern ParsePattern(std::string_view regex);

}  // namespace culprit
