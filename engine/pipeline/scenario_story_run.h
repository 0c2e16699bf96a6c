// Plays a scenario with people in it on virtual time: its lines through the scan half, then second
// by second through the reason half of a live run, with silence, ticks and what people do at their
// place. Any thread may call; nothing is shared.
#pragma once
#include "absl/status/statusor.h"
#include "engine/config/scenario.h"
#include "engine/pipeline/scenario_run.h"

namespace culprit {

// The logs that `lines` of the scenario make; empty: it has none.
ScenarioLogs LogsOfLines(const ScenarioStory& story);

// Only for scenarios with a `delivery`. Differences are those of `told` and `journal`.
absl::StatusOr<ScenarioOutcome> PlayStory(const Scenario& scenario, const ScenarioLogs& logs,
                                          const Engine& engine);

}  // namespace culprit
