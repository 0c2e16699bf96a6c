// What a set of literals would cost as the triggers of a signature. Stateless; private to match/.
#pragma once
#include <limits>
#include <vector>

#include "engine/match/literal.h"
#include "engine/match/rarity.h"
#include "engine/match/trigger.h"

namespace culprit {

constexpr double kNoCost = std::numeric_limits<double>::infinity();

struct Placed {
  Literal literal;
  int offset = -1;  // from the match's start; -1: unknown
};

struct Candidate {
  std::vector<Trigger> triggers;
  double cost = kNoCost;
  double hit_rate = 0;
};

// The cheapest triggers that stand for the set: a part of each literal, in each of its JSON
// spellings. `whole_pattern`: the pattern matches these strings and no others. No triggers if some
// literal has none.
Candidate PlanSet(const std::vector<Placed>& set, bool whole_pattern, const RarityModel& model);

}  // namespace culprit
