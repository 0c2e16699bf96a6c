// culprit replay --send: tells the sinks of a configuration of the incidents of a report.
#pragma once
#include "absl/status/status.h"
#include "engine/config/live_config.h"
#include "engine/core/report.h"

namespace culprit {

// Opening and end of each incident that paged, with the picture as it was in the end, by routes,
// silences and mutes as they would have held then; no reminders, no escalation. Waits until all of
// it is told, or some of it cannot be for a minute; says on standard error what became of it.
// Unavailable: not all of it was delivered. InvalidArgument: a sink's configuration.
absl::Status SendReport(const Report& report, const LiveConfig& config);

}  // namespace culprit
