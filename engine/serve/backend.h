// What the server asks of the running program. All functions are called from the server's threads,
// several at a time; each must be set, but those of actions and destinations: what they are behind
// then answers 501.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/report.h"
#include "engine/deliver/destination.h"
#include "engine/deliver/planner.h"
#include "engine/pipeline/live_stats.h"
#include "engine/pipeline/live_tap.h"
#include "engine/state/live_store.h"

namespace culprit {

// The last reload of the configuration; the start counts as one.
struct ReloadState {
  bool ok = true;  // false: the configuration before it goes on
  TimeUs at = kNoTime;
  std::string error;
  // Keys of culprit.yaml that say something else than at the start, and wait for a restart.
  std::vector<std::string> needs_restart;
};

// Moves what has come since the last call into *out; returns how many were lost since then. One
// thread at a time. What it looks at ends with it.
using TapReader = std::function<uint64_t(std::vector<TapSignal>* out)>;

// What one destination made of a drill.
struct DrillReceipt {
  std::string destination;
  DeliveryOutcome outcome = DeliveryOutcome::kDelivered;
  std::string detail;  // what the receiver answered, short
  std::string error;   // for operators; empty if it was delivered
};

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

  // Returns when the reason half did it and it is on disk. NotFound, FailedPrecondition,
  // InvalidArgument: as Planner::Act; DeadlineExceeded: not within 10 s, it may still happen;
  // Unavailable: the program stops. An empty id is given one.
  std::function<absl::Status(const OperatorAction&)> act;
  std::function<std::vector<SilenceSpec>()> silences;  // that are not over
  // As Planner::Preview. DeadlineExceeded: the reason half has too much to do.
  std::function<absl::StatusOr<std::vector<std::string>>(const std::vector<LabelMatcher>&)> preview;
  // A made-up incident, marked [DRILL], opened and resolved at these sinks (none named: at all).
  // Takes as long as the receivers do. NotFound: no such sink.
  std::function<absl::StatusOr<std::vector<DrillReceipt>>(const std::vector<std::string>& sinks)>
      drill;
  std::function<std::vector<DestinationStatus>()> destinations;
  // Of an incident, by number. As LiveStore::Journal.
  std::function<absl::StatusOr<std::vector<JournalRow>>(const std::string& id)> journal;
};

}  // namespace culprit
