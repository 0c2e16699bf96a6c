// The scan half of a live run, joined: what sources push is scanned by workers and committed
// together with the sources' positions; what time decides goes into the same log. Thread-safe.
//
// Life: construct, Start, start the sources, ... , drain the sources, Drain, stop the sources,
// Stop.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "engine/pipeline/live_clockwork.h"
#include "engine/pipeline/live_committer.h"
#include "engine/pipeline/live_options.h"
#include "engine/pipeline/live_stats.h"
#include "engine/pipeline/live_tap.h"
#include "engine/pipeline/live_workers.h"

namespace culprit {

class LivePipeline : public LiveSink {
 public:
  // `store` must outlive the pipeline.
  LivePipeline(LiveStore* store, LivePipelineOptions options,
               std::shared_ptr<const LiveKnowledge> knowledge);
  ~LivePipeline() override;

  // Called on the committing thread with the log's last seq.
  void set_on_commit(std::function<void(uint64_t)> on_commit) { on_commit_ = std::move(on_commit); }
  // Whose health decides who is waited for; before Start. They must outlive the pipeline's Stop.
  void set_sources(std::vector<LiveSource*> sources) { sources_ = std::move(sources); }
  // The reason half has read the log up to `seq`. Any thread.
  void Reasoned(uint64_t seq);
  // The reason half waits for time to pass.
  void set_wants_ticks(bool wants) { wants_ticks_ = wants; }

  // Reads the streams as they were left off, and begins.
  absl::Status Start();
  std::vector<ResumePoint> ResumePoints(std::string_view source) const;

  // From now on batches are scanned with other packs and topology. Returns at once.
  void Reload(std::shared_ptr<const LiveKnowledge> knowledge);
  // All inputs have ended for good: the last evaluation is made.
  void Finish();
  // Into the log, as of now: what a person does (EncodeAction), who is told of what from here on
  // (EncodeRouting). Return at once.
  void Act(std::string action);
  void Route(std::string routing);
  // Waits until all that was taken is committed. DeadlineExceeded: not by then (SteadyNow).
  absl::Status Drain(int64_t deadline);
  // Push returns Cancelled from here on; what is not committed by then is given up.
  void Stop(int64_t deadline);

  // LiveSink.
  absl::Status Push(LiveBatch batch) override;
  absl::StatusOr<bool> TryPush(LiveBatch* batch) override;
  bool HasReceipt(std::string_view source, std::string_view receipt) const override;
  absl::Status PushDeadLetter(DeadLetter letter) override;
  bool Accepting() const override;
  TimeUs Now() const override { return options_.clock(); }

  // All but the reason half's.
  PipelineStats stats() const;
  absl::Status state_error() const;  // of the last commit tried
  LiveTap* tap() { return &tap_; }

 private:
  using Key = std::pair<std::string, std::string>;  // source, key

  std::shared_ptr<StreamSlot> SlotOf(const std::shared_ptr<const LiveStream>& stream);
  void Post(LiveBatch batch, size_t cost);
  void Released(const ScannedBatch& scanned);
  void Committed(uint64_t seq, uint64_t log_bytes);
  void Tick(std::vector<ControlEntry>* controls);
  bool HasRoom(size_t cost) const;

  LiveStore* const store_;
  const LivePipelineOptions options_;
  const std::shared_ptr<const LiveKnowledge> first_knowledge_;
  std::function<void(uint64_t)> on_commit_;
  std::vector<LiveSource*> sources_;
  std::atomic<bool> wants_ticks_{false};
  TimeUs started_ = kNoTime;

  mutable std::mutex mutex_;
  std::condition_variable room_;
  std::map<Key, std::shared_ptr<StreamSlot>> slots_;  // guarded by mutex_; that have not ended
  size_t in_flight_ = 0;                              // guarded by mutex_: bytes
  bool stopped_ = false;                              // guarded by mutex_
  // Commits that are not reasoned about: last seq, bytes of log; guarded by mutex_.
  std::deque<std::pair<uint64_t, uint64_t>> unreasoned_;
  uint64_t unreasoned_bytes_ = 0;  // guarded by mutex_

  LiveTap tap_;
  std::unique_ptr<LiveClockwork> clockwork_;
  std::unique_ptr<LiveCommitter> committer_;
  std::unique_ptr<LiveWorkers> workers_;
};

}  // namespace culprit
