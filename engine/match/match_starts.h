// Where in a matching subject the match may begin: next to one of the pattern's triggers. Captures
// are then taken from there, which RE2 does several times faster than finding the match anew.
// Immutable; thread-safe. Private to match/.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "engine/match/trigger.h"

namespace culprit {

class MatchStarts {
 public:
  static constexpr size_t kNone = std::string_view::npos;

  // Of nothing, and of plans that do not tell: not known().
  MatchStarts() = default;
  explicit MatchStarts(const TriggerPlan& plan);

  bool known() const { return !needles_.empty(); }

  // The first place from `from` on where a match may begin, or kNone: every match in `subject`
  // begins at such a place. Only if known().
  size_t Next(std::string_view subject, size_t from) const;

 private:
  struct Needle {
    std::string text;
    size_t anchor = 0;  // the match begins so many bytes before the text
  };
  std::vector<Needle> needles_;
};

}  // namespace culprit
