// The life of incidents: identity between evaluations, tiers and hold-down, change of root, merge,
// split, relation, resolution, reopening, flapping (ROOT_CAUSE 5). Event time only; one thread,
// copyable. It decides; explain.h words it.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/counters.h"
#include "engine/correlate/live.h"
#include "engine/correlate/options.h"

namespace culprit {

class CheckpointReader;
class CheckpointWriter;
class StateNames;

class IncidentBook {
 public:
  // Fills in the explained parts of an incident from the latest evaluation.
  using Explainer = std::function<void(const LiveIncident&, Incident*)>;
  // Completes the ranking of a result of the latest evaluation (Rankings::kWhenAsked).
  using RankResult = std::function<void(size_t result)>;

  explicit IncidentBook(const CorrelatorOptions& options) : options_(options) {}

  // Incidents all of whose bursts have been quiet long enough by `now` are resolved; call before
  // Update. Their bursts are added to *done; true if there was one.
  bool Resolve(TimeUs now, const BurstMap& bursts, const Explainer& explain, BurstIds* done,
               Counters* counters);
  // Takes the results of an evaluation.
  void Update(const Evaluation& evaluation, const BurstMap& bursts, const Topology& topology,
              const Explainer& explain, const RankResult& rank, Counters* counters);
  // Hold-downs that ended by `now`, judged by the latest evaluation; where none is made now.
  void PageDue(TimeUs now);
  // End of input: pages what only waits for its hold-down.
  void PageNow(TimeUs now);

  // When Resolve or a hold-down is due next; INT64_MAX: never.
  TimeUs NextDue(const BurstMap& bursts) const;
  bool HasYoung(TimeUs now) const;
  bool empty() const { return live_.empty(); }

  const std::vector<LiveIncident>& live() const { return live_; }
  const std::deque<LiveIncident>& finished() const { return finished_; }

  void Write(const StateNames& names, CheckpointWriter& ar) const;
  void Read(const StateNames& names, CheckpointReader& ar);  // into an empty book
  // After Read: incidents let go of bursts that are gone, and of results if there are others now.
  void Reconcile(const BurstMap& bursts, bool same_results);

 private:
  void WriteOne(const StateNames& names, const LiveIncident& i, CheckpointWriter& ar) const;
  LiveIncident ReadOne(const StateNames& names, CheckpointReader& ar);
  TimeUs QuietSince(const LiveIncident& incident,
                    const BurstMap& bursts) const;  // kNoTime: still on
  DurationUs HoldDown(const LiveIncident& incident) const;
  // Sets `result` of each live incident: the one that continues it, or -1. `order`: results, the
  // likeliest first; `members`: bursts by result.
  void Match(const std::vector<InferredIncident>& results, const std::vector<size_t>& order,
             const std::vector<BurstIds>& members);
  LiveIncident& Open(const Evaluation& evaluation, size_t result, const BurstIds& members,
                     const BurstMap& bursts, const Topology& topology);
  void ChooseRoot(LiveIncident* incident, const InferredIncident& result, TimeUs now,
                  const Topology& topology, const RankResult& rank);
  void MergeOrDrop(const Evaluation& evaluation, const BurstMap& bursts, const Topology& topology,
                   const Explainer& explain, Counters* counters);
  void Page(LiveIncident* incident, TimeUs now);
  void Finish(LiveIncident incident, Counters* counters);

  CorrelatorOptions options_;
  uint64_t next_serial_ = 0;
  std::vector<LiveIncident> live_;     // by serial
  std::deque<LiveIncident> finished_;  // resolved and merged, in that order
  std::set<std::string> ids_;
};

}  // namespace culprit
