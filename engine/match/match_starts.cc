#include "engine/match/match_starts.h"

#include <algorithm>

namespace culprit {
namespace {

constexpr size_t kMaxNeedles = 8;  // each is looked for on its own

}  // namespace

MatchStarts::MatchStarts(const TriggerPlan& plan) {
  if (plan.head_cut) return;
  for (const Trigger& trigger : plan.triggers) {
    if (trigger.escaped) continue;  // stands in bytes, not in subjects
    const Literal& literal = trigger.literal;
    const bool exact = std::all_of(literal.free.begin(), literal.free.end(),
                                   [](char free) { return free == '\0'; });
    if (!exact || trigger.anchor < 0 || needles_.size() == kMaxNeedles) {
      needles_.clear();
      return;
    }
    needles_.push_back({literal.text, static_cast<size_t>(trigger.anchor)});
  }
}

size_t MatchStarts::Next(std::string_view subject, size_t from) const {
  size_t best = kNone;
  for (const Needle& needle : needles_) {
    // A later one cannot be better: the text is looked for no further than it would matter.
    const size_t stop = best == kNone
                            ? subject.size()
                            : std::min(subject.size(), best + needle.anchor + needle.text.size());
    const size_t at = subject.substr(0, stop).find(needle.text, from + needle.anchor);
    if (at != std::string_view::npos) best = std::min(best, at - needle.anchor);
  }
  return best;
}

}  // namespace culprit
