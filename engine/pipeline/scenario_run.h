// Runs a pack's own tests: sample lines, and scenarios with their perturbations
// (patterns/README.md). Any thread may call; nothing is shared.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/config/scenario.h"
#include "engine/pipeline/replay.h"

namespace culprit {

// One failed expectation: "where: what was expected, what came".
using Differences = std::vector<std::string>;

// Every `match` line matches its signature, no `no_match` line does; every signature has a literal
// trigger or says always_verify.
Differences CheckSamples(const Engine& engine, std::string_view pack = "");

struct ScenarioLogs {
  std::vector<std::pair<std::string, std::string>>
      streams;  // name below the scenario's logs/, bytes
};
absl::StatusOr<ScenarioLogs> ReadScenarioLogs(const Scenario& scenario);

struct ScenarioOutcome {
  Differences differences;  // empty: passed
  Report report;            // of the run, for --verbose
};

// `perturbation`: "" (as it is) or one of kPerturbations. `partner` (with its logs) only for
// overlap.
absl::StatusOr<ScenarioOutcome> RunScenario(const Scenario& scenario, const ScenarioLogs& logs,
                                            std::string_view perturbation, const Scenario* partner,
                                            const ScenarioLogs* partner_logs, const Engine& engine);

// The scenario that `index` is overlapped with: the next one, in order, of another pack whose
// stream names do not clash; nullptr if there is none.
const Scenario* OverlapPartner(const std::vector<Scenario>& all,
                               const std::vector<ScenarioLogs>& logs, size_t index);

}  // namespace culprit
