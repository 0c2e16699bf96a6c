// What can be said about the strings a pattern node matches. Stateless; private to match/.
#pragma once
#include <optional>
#include <vector>

#include "engine/match/literal.h"
#include "engine/match/pattern.h"

namespace culprit {

using Literals = std::vector<Literal>;

constexpr size_t kMaxStrings = 32;  // that a part of a pattern may expand to
constexpr size_t kMaxString = 256;  // bytes of one of them

// Makes of *heads each head followed by each tail. False, and as before: they are too many or too
// long.
bool Extend(const Literals& tails, Literals* heads);

// Exactly the strings a node can match, or nothing if they are too many, unknown or conditional.
std::optional<Literals> ExactStrings(const PatternNode& node);

// An unanchored search for `x y*` finds a match where one for `x` does: drops from both ends what
// can be empty, and all but the needed repetitions. What can be empty as a whole becomes kEmpty.
// Returns whether a match may now begin later than it did.
bool TrimEnds(PatternNode* root);

}  // namespace culprit
