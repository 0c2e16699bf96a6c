// What else a line must hold, besides a trigger, for its signature to match: asked before RE2 is.
// Immutable; thread-safe. Private to match/.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/match/literal.h"
#include "engine/match/pair_finder.h"
#include "engine/match/rarity.h"

namespace culprit {

class Companion {
 public:
  // `unicode_fold`: as in Pattern.
  Companion(const std::vector<Literal>& literals, const RarityModel& model, bool unicode_fold);

  // False: `subject` holds none of the literals, however RE2 folds case. Needs kBlockPadding
  // readable bytes behind it.
  bool MayStandIn(std::string_view subject) const;

 private:
  struct Needle {
    Literal literal;
    uint32_t pair_offset = 0;  // of the pair that finds it
  };
  std::vector<Needle> needles_;
  PairFinder pairs_;  // tag: index in needles_
  bool unicode_fold_;
};

}  // namespace culprit
