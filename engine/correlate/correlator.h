// The door of this folder: slices in, incidents out. One owner thread; no clock, event time only;
// the same slices give the same incidents byte for byte. Copyable; Save makes a checkpoint.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/counters.h"
#include "engine/core/burst.h"
#include "engine/core/incident.h"
#include "engine/core/knowledge.h"
#include "engine/core/report.h"
#include "engine/correlate/activation.h"
#include "engine/correlate/burst_table.h"
#include "engine/correlate/cadence.h"
#include "engine/correlate/incidents.h"
#include "engine/correlate/leaks.h"
#include "engine/correlate/live.h"
#include "engine/correlate/modes.h"
#include "engine/correlate/options.h"
#include "engine/correlate/topology.h"

namespace culprit {

struct ExplainContext;

class Correlator {
 public:
  // `counters` outlives the correlator and belongs to the same thread.
  Correlator(std::shared_ptr<const Knowledge> knowledge, const CorrelatorOptions& options,
             Counters* counters);

  // A closed slice; slices come in order. Evaluates if a burst opened or a pack became active, and
  // whatever fell due before its end, as often as the Cadence allows. Slices without bursts may be
  // left out if nobody lived in them.
  void OnSlice(const SliceOutcome& slice);
  // Event time passed: evaluations, hold-downs and resolutions that fell due by `now`.
  void AdvanceTo(TimeUs now);
  // End of the input: the last evaluation; pages what only waits for its hold-down. What is still
  // on stays open.
  void Finish(TimeUs end);

  // All incidents, over or not, by (onset, id); filled completely. Computes on call.
  std::vector<Incident> Incidents() const;
  // Live: those that are not over, filled completely, and those that are, oldest first.
  std::vector<Incident> OpenIncidents() const;
  const std::deque<LiveIncident>& finished() const { return book_.finished(); }
  // Live: how often incidents were looked at so far, and when they are next, should no slice come
  // before (INT64_MAX: never). Nothing about them changes in between.
  uint64_t steps() const { return steps_; }
  TimeUs next_due() const { return NextDue(); }
  std::vector<Symptom> Unattributed() const;  // bursts in no incident, by onset
  std::vector<ReportEdge> Edges() const;      // active topology, sorted
  // A person confirmed this root: its prior grows (mode as in Hypothesis::failure_mode).
  void ConfirmRoot(std::string_view failure_mode, std::string_view component);

  // Everything but the options, as bytes (base/checkpoint.h), between any two calls. What comes
  // after is the same as if nothing had happened.
  std::string Save() const;
  // Into a correlator that has seen nothing, perhaps of other Knowledge: bursts of signatures that
  // it does not have are left out and counted (kSignatureGone), failure modes that it does not have
  // become the generic one of their kind, and what is open is judged anew at once. On an error of
  // ReadCheckpoint the correlator is as before.
  absl::Status Restore(std::string_view bytes);

  const Evaluation& last_evaluation() const {
    RankAll();
    return evaluation_;
  }
  const Topology& topology() const { return topology_; }
  const ModeCatalog& modes() const { return modes_; }

 private:
  ComponentId Intern(std::string_view name);
  void Track(const Burst& burst);
  void ActivatePacks();
  void See(const SliceOutcome& slice);
  TimeUs NextDue() const;
  void Advance(TimeUs until);
  void Step(TimeUs now);
  void Evaluate(TimeUs now);
  void Expire(TimeUs now);
  IncidentBook::Explainer Explainer() const;
  // Rankings of the latest evaluation, if they were not asked for before. Before edges, modes or
  // the bonus change otherwise than by the next evaluation.
  void RankAll() const;
  void Rank(size_t result) const;
  // The prior of a root that was confirmed so many times; false: unknown failure mode or place.
  bool Favour(std::string_view failure_mode, std::string_view component, int times);
  void Write(CheckpointWriter& ar) const;
  void Read(CheckpointReader& ar);
  ExplainContext Context() const;

  std::shared_ptr<const Knowledge> knowledge_;
  CorrelatorOptions options_;
  Counters* counters_;
  PackActivation activation_;
  Topology topology_;
  ModeCatalog modes_;
  LeakTable leaks_;
  IncidentBook book_;
  BurstTable bursts_;
  Cadence cadence_;
  struct Alive {
    TimeUs last = kNoTime;
    ComponentId component = kNoComponent;  // if it is interned
  };
  struct NameHash {
    using is_transparent = void;
    size_t operator()(std::string_view name) const { return std::hash<std::string_view>()(name); }
  };
  std::unordered_map<std::string, Alive, NameHash, std::equal_to<>> alive_;
  std::vector<Symptom> unattributed_;  // of bursts that are no longer evidence
  std::map<std::pair<std::string, std::string>, int> confirmed_;
  PriorBonus bonus_;
  mutable InferenceCache cache_;
  mutable Evaluation evaluation_;  // its rankings are made when somebody asks
  TimeUs now_ = kNoTime;
  TimeUs next_evaluation_ = INT64_MAX;
  mutable TimeUs due_ = INT64_MAX;  // of NextDue, while due_known_
  mutable bool due_known_ = false;
  bool dirty_ = false;
  uint64_t steps_ = 0;
};

}  // namespace culprit
