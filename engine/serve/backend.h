// What the server asks of the running program. All functions are called from the server's threads,
// several at a time; each must be set.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/report.h"
#include "engine/pipeline/live_stats.h"
#include "engine/pipeline/live_tap.h"
#include "engine/state/live_store.h"

namespace culprit {

// The last reload of the configuration; the start counts as one.
struct ReloadState {
  bool ok = true;  // false: the configuration before it goes on
  TimeUs at = kNoTime;
  std::string error;
};

// Moves what has come since the last call into *out; returns how many were lost since then. One
// thread at a time. What it looks at ends with it.
using TapReader = std::function<uint64_t(std::vector<TapSignal>* out)>;

struct ServeBackend {
  std::string version;
  std::function<PipelineStats()> stats;
  std::function<ReloadState()> reload_state;
  // Returns when it is done. InvalidArgument: the configuration has mistakes, the old one goes on.
  std::function<absl::Status()> reload;
  // As LiveStore::Incidents and FindIncident.
  std::function<absl::StatusOr<std::vector<IncidentRow>>(const std::string& state, size_t limit)>
      incidents;
  std::function<absl::StatusOr<std::optional<IncidentRow>>(const std::string& id)> incident;
  std::function<std::vector<ReportEdge>()> topology;
  std::function<TapReader(size_t limit)> tap;  // `limit`: signals that may wait
  std::function<std::string()> dump;           // the program's state as JSON, for debugging
};

}  // namespace culprit
