// The reason half of a live run, one chunk of the signal log after the other: order -> burst ->
// cause -> incidents -> who is told of them. A pure function of the chunks and the options (no
// clock): the live run, its re-execution after a crash and `culprit replay --signal-log` use it
// alike, and come to the same incidents and notifications byte for byte.
// One owner thread.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "engine/core/report.h"
#include "engine/correlate/correlator.h"
#include "engine/pipeline/incident_feed.h"
#include "engine/pipeline/live_control.h"
#include "engine/pipeline/live_notifier.h"
#include "engine/pipeline/reason.h"
#include "engine/state/live_store.h"

namespace culprit {

class LiveReasoner {
 public:
  LiveReasoner(std::shared_ptr<const Knowledge> knowledge, const ReasonOptions& options);

  // Everything, between two chunks. Restore: into one that has read nothing; the knowledge may be
  // another one (what it does not have is let go and counted).
  std::string Save() const;
  absl::Status Restore(std::string_view bytes);

  // A table that chunks to come were encoded with. Known tables are kept in the checkpoint.
  void AddGeneration(const Generation& generation);
  bool KnowsGeneration(uint32_t id) const { return generations_.contains(id); }

  // The next chunk. DataLoss: it cannot be read, or its generation is not known; nothing of it was
  // used.
  absl::Status Read(const StoredChunk& chunk);

  // Rows of what changed since Taken was last called, to be written together with the progress;
  // Taken once they are.
  void Peek(ReasonCommit* commit);
  void Taken() {
    feed_.Taken();
    notifier_.Taken();
  }
  // Ids of actions that were read, and what came of them, since the last call.
  std::vector<std::pair<std::string, absl::Status>> TakeActed() { return notifier_.TakeActed(); }

  // Incidents and everything else of a Report that the reason half knows.
  Report MakeReport() const;

  // Something is on or waits: time that passes in silence matters, and is worth a tick.
  bool WaitsForTime() const;
  TimeUs watermark() const { return watermark_; }
  TimeUs newest() const { return orderer_->newest(); }  // event time
  const Counters& counters() const { return *counters_; }
  uint64_t bursts() const { return bursts_; }
  size_t open_incidents() const { return feed_.open(); }
  const Planner& planner() const { return notifier_.planner(); }
  TimeUs now() const { return now_; }  // event time up to which people were told

 private:
  struct Partition {
    std::string name;
    bool passive = false;
    bool ended = false;
  };
  // Of one generation: signature index -> ours, or kGone.
  using Table = std::vector<SignatureIndex>;
  static constexpr SignatureIndex kGone = UINT32_MAX;

  absl::Status OnControl(const ControlEntry& entry);
  absl::Status OnEntries(const LogChunk& chunk);
  void OnTick(TimeUs wall);
  void CloseSlices();
  void Correlate();
  void StepTo(TimeUs until);
  void Look();
  TellableIncident Tellable(Incident incident) const;
  IncidentFeed::Render RenderHook() const;

  const std::shared_ptr<const Knowledge> knowledge_;
  const ReasonOptions options_;
  std::unique_ptr<Counters> counters_ = std::make_unique<Counters>();
  std::unique_ptr<Orderer> orderer_;
  std::unique_ptr<Detector> detector_;
  std::unique_ptr<Correlator> correlator_;
  IncidentFeed feed_;
  LiveNotifier notifier_;

  std::map<PartitionId, Partition> partitions_;
  std::map<uint32_t, std::vector<std::string>> generations_;
  std::map<uint32_t, Table> tables_;
  TimeUs watermark_ = kNoTime;
  TimeUs now_ = 0;
  // Of the first tick since the last line: wall clock, and the newest event time then.
  TimeUs quiet_wall_ = kNoTime;
  TimeUs quiet_time_ = kNoTime;
  uint64_t seen_steps_ = 0;
  uint64_t bursts_ = 0;

  Slice slice_;
  SliceOutcome outcome_;
};

}  // namespace culprit
