// How the specs of deliver_config.h stand in checkpoints, actions and the signal log. Internal to
// engine/deliver; include in .cc files only.
#pragma once
#include "engine/base/checkpoint.h"
#include "engine/deliver/deliver_config.h"

namespace culprit {

// NOLINTBEGIN(readability-identifier-naming): cereal's names
template <typename Archive>
void serialize(Archive& ar, LabelMatcher& m) {
  ar(m.label, Choice(m.op, LabelMatcher::Op::kMatchesNot), m.value);
}
template <typename Archive>
void serialize(Archive& ar, SilenceSpec& s) {
  ar(s.id, s.matchers, Time(s.start), Time(s.end), s.author, s.comment);
}
// NOLINTEND(readability-identifier-naming)

}  // namespace culprit
