// Labels of an incident, and what matches them: routes, silences, teams. Pure functions; a
// CompiledMatchers is immutable.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/incident.h"
#include "engine/deliver/deliver_config.h"

namespace re2 {
class RE2;
}

namespace culprit {

using Labels = std::vector<std::pair<std::string, std::string>>;

// incident, severity, component, mode, pack, kind, confidence, team, affected (one per component),
// and those of the configuration.
Labels LabelsOf(const Incident& incident, std::string_view team, const Labels& configured);

// "etcd" of "etcd/no-leader".
std::string_view PackOf(std::string_view failure_mode);

std::string MatcherText(const LabelMatcher& matcher);

class CompiledMatchers {
 public:
  // InvalidArgument: a regular expression is none.
  static absl::StatusOr<CompiledMatchers> Make(std::vector<LabelMatcher> matchers);
  bool Match(const Labels& labels) const;  // all of them

 private:
  std::vector<LabelMatcher> matchers_;
  std::vector<std::shared_ptr<const re2::RE2>> expressions_;  // null where none is needed
};

// The team that owns the incident's root; null: none.
const Team* OwnerOf(const Incident& incident, const DeliverConfig& config);

}  // namespace culprit
