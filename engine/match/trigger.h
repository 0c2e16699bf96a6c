// From a pattern to its triggers: literals of which each matching line holds at least one.
// Stateless; private to match/.
#pragma once
#include <string_view>
#include <vector>

#include "engine/match/literal.h"
#include "engine/match/pattern.h"
#include "engine/match/rarity.h"

namespace culprit {

constexpr size_t kMinTrigger = 2;  // shorter literals are no triggers

struct Trigger {
  Literal literal;
  // Every match that holds it here starts `anchor` bytes before it; -1: unknown. If `head_cut`,
  // some match does: the leftmost may start earlier.
  int anchor = -1;
  bool proves = false;   // where it stands in a subject, the pattern matches that subject
  bool escaped = false;  // how the literal looks inside JSON (one of its ways): never in a subject
  // A line that holds this trigger, and no other of its signature, matches only if its subject
  // holds one of these too; none: nothing is known.
  std::vector<Literal> companions;
  double companion_rate = 1;  // estimated occurrences per byte of text
  double cost = 0;            // estimate, in filter probes per byte of text
};

struct TriggerPlan {
  // Empty: none usable, RE2 must see every line. Else a line matches only if its subject holds one
  // of those not `escaped`; and if its bytes do not hold that one literally, then they hold an
  // `escaped` one, or a \uXXXX of one of its characters.
  std::vector<Trigger> triggers;
  double hit_rate = 0;    // estimated occurrences of any trigger per byte of text
  bool head_cut = false;  // the pattern begins with something optional, which was left out
};

TriggerPlan PlanTriggers(const Pattern& pattern, const RarityModel& model);

}  // namespace culprit
