// Scenario files: patterns/packs/<pack>/scenarios/<name>/scenario.yaml. Format: patterns/README.md.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/config/scenario_story.h"
#include "engine/core/incident.h"

namespace culprit {

struct ExpectedSymptom {
  std::string signature;
  std::string at;  // empty: anywhere
};

struct ExpectedIncident {
  std::string root;
  std::string failure_mode;            // empty: any
  std::vector<Confidence> confidence;  // empty: any but a wrong one
  std::vector<ExpectedSymptom> explains;
  std::vector<std::string> spares;
  std::string impact;      // substring
  std::string first_step;  // substring of the first runbook step (say or run)
  FileLine where;
};

// What a perturbation changes of the expectation. Only what is set.
struct Override {
  bool set = false;
  std::string root;
  std::string failure_mode;
  std::vector<Confidence> confidence;
};

struct Scenario {
  std::string file;       // scenario.yaml
  std::string directory;  // its folder
  std::string pack;       // pack folder it belongs to
  std::string name;
  std::string title;
  std::vector<std::string> packs;  // empty: all defaults
  std::vector<ExpectedIncident> incidents;
  int others = 0;
  std::string skew_host;
  std::map<std::string, Override> overrides;  // by perturbation name
  ScenarioStory story;                        // people in it
};

// The names a scenario's `perturb:` may use.
inline constexpr std::string_view kPerturbations[] = {"shuffled", "missing_root", "dropped",
                                                      "skewed", "overlap"};

// InvalidArgument: one "file:line: ..." per mistake.
absl::StatusOr<Scenario> LoadScenario(const std::string& file);
// The same of a text that stands in `file`, which is not read.
absl::StatusOr<Scenario> ParseScenario(const std::string& text, const std::string& file);

// All scenario.yaml files below a pack folder or a folder of packs, sorted.
std::vector<std::string> FindScenarios(const std::string& path);

}  // namespace culprit
