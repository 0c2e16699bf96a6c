// The committing thread of a live run: gathers what the workers scanned, and what time decided
// (live_clockwork.h), into transactions of the store. Nothing is acknowledged before its commit; a
// commit that fails is tried again until it succeeds or the run is given up.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "engine/pipeline/live_control.h"
#include "engine/pipeline/live_options.h"
#include "engine/pipeline/live_stats.h"
#include "engine/pipeline/live_stream_slot.h"
#include "engine/state/live_store.h"

namespace culprit {

class LiveCommitter {
 public:
  struct Hooks {
    // All on the committing thread, about every 50 ms and after each commit. Decisions of time.
    std::function<void(std::vector<ControlEntry>*)> tick;
    // The bytes of a batch are no longer in flight.
    std::function<void(const ScannedBatch&)> released;
    std::function<void(uint64_t last_seq, uint64_t log_bytes)> committed;
  };

  LiveCommitter(LiveStore* store, const LivePipelineOptions& options, Hooks hooks);
  ~LiveCommitter();

  void Start(std::vector<ControlEntry> first);
  // Any thread. A stream is added before any batch that is pushed behind it, of whatever stream: in
  // the log it stands before them, though workers are not equally fast.
  void Add(std::shared_ptr<StreamSlot> slot);
  void Add(ScannedBatch scanned);
  void Add(std::vector<ControlEntry> controls);
  // Another table of signatures from here on; `done` is called on the committing thread, with the
  // table's number, before anything that was encoded with it is committed.
  void AddGeneration(std::shared_ptr<const LiveKnowledge> knowledge,
                     std::function<void(uint32_t)> done);
  // Ends the thread: commits what is there; gives up what cannot be committed by `deadline`
  // (SteadyNow), whose batches are told the error.
  void Stop(int64_t deadline);

  absl::Status state_error() const;  // of the last try; OK: the store takes commits
  void AddStats(PipelineStats* stats) const;
  void CountSources(std::map<std::string, SourceStats>* sources) const;

 private:
  struct Table {
    std::shared_ptr<const LiveKnowledge> knowledge;
    std::function<void(uint32_t)> done;
  };
  struct Gathered {
    std::vector<std::shared_ptr<StreamSlot>> added;
    std::vector<ScannedBatch> batches;
    std::vector<ControlEntry> controls;
    std::vector<Table> tables;
    size_t bytes = 0;
    bool empty() const {
      return added.empty() && batches.empty() && controls.empty() && tables.empty();
    }
  };

  void Run();
  bool Wait(Gathered* work);
  void CommitAll(Gathered work);
  ScanCommit Build(Gathered* work);
  bool CommitOne(const ScanCommit& commit);
  bool Retry(const absl::Status& status, DurationUs* wait);
  void Count(const ScanCommit& commit, const std::vector<ScannedBatch>& batches, int64_t took);

  LiveStore* const store_;
  const LivePipelineOptions& options_;
  const Hooks hooks_;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Gathered waiting_;                            // guarded by mutex_
  bool stop_ = false;                           // guarded by mutex_
  int64_t deadline_ = INT64_MAX;                // guarded by mutex_
  absl::Status state_error_;                    // guarded by mutex_
  PipelineStats totals_;                        // guarded by mutex_
  std::map<std::string, SourceStats> sources_;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace culprit
