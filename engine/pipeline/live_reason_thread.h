// The reason thread of a live run: reads the signal log behind what it has read, reasons, and
// commits progress, incidents and who is to be told what, now and then with a checkpoint. After a
// crash it goes on from the newest checkpoint and comes to the same rows again.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "engine/pipeline/live_desk.h"
#include "engine/pipeline/live_knowledge.h"
#include "engine/pipeline/live_options.h"
#include "engine/pipeline/live_reasoner.h"
#include "engine/pipeline/live_stats.h"

namespace culprit {

struct LiveReasonOptions {
  ReasonOptions reason;
  DurationUs checkpoint_period = 5 * kSecondUs;    // while there is work
  uint64_t checkpoint_bytes = uint64_t{32} << 20;  // of log
  DurationUs commit_period = 200'000;              // rows wait at most this long
  size_t read_bytes = size_t{4} << 20;
};

class LiveReasonThread {
 public:
  struct Hooks {
    // After a commit with rows, on the reason thread: the outbox rows, and the incidents that they
    // are about. Not for rows that an earlier run told already.
    std::function<void(const std::vector<OutboxRow>&, const Report&)> told;
    std::function<void()> planned;  // after a commit with deliveries, on the reason thread
    std::function<void(bool)> wants_ticks;
    std::function<void(uint64_t seq)> reasoned;  // read up to here
  };

  LiveReasonThread(LiveStore* store, const LiveReasonOptions& options,
                   std::shared_ptr<const LiveKnowledge> knowledge, Hooks hooks);
  ~LiveReasonThread();

  // Restores the newest checkpoint. An error: the state cannot be used.
  absl::Status Start();
  const std::string& note() const { return note_; }  // after Start: what a person should know
  void OnCommit(uint64_t last_seq);                  // any thread: there is more to read
  // Knowledge that a kKnowledge entry of the log may name from now on. Any thread.
  void AddKnowledge(std::shared_ptr<const LiveKnowledge> knowledge);
  // Reads on to the log's end, or until the deadline (SteadyNow), makes a checkpoint and ends.
  void Stop(int64_t deadline);

  // Any thread. What becomes of an action, whose entry of the log is written after this.
  std::future<absl::Status> Expect(const std::string& action) { return desk_.Expect(action); }
  std::future<absl::Status> Ask(LiveDesk::Question question);
  std::vector<SilenceSpec> silences() const;  // any thread: that are not over

  void AddStats(PipelineStats* stats) const;
  absl::Status error() const;  // of the last read or commit

 private:
  void Run();
  bool Wait();
  absl::Status Work();
  absl::Status Read(const StoredChunk& chunk);
  absl::Status Readable(const StoredChunk& chunk, absl::Status read);
  absl::Status Learn(const std::string& fingerprint);
  absl::Status LoadGenerations();
  absl::Status Commit(bool checkpoint);
  void Publish();

  LiveStore* const store_;
  const LiveReasonOptions options_;
  const Hooks hooks_;

  // The thread's own.
  std::unique_ptr<LiveReasoner> reasoner_;
  std::shared_ptr<const LiveKnowledge> knowledge_;
  uint64_t seq_ = 0;            // read so far
  uint64_t committed_seq_ = 0;  // with the last commit
  uint64_t told_seq_ = 0;       // an earlier run committed up to here
  uint64_t untold_seq_ = 0;     // up to here nobody is told again
  uint64_t bytes_ = 0;          // of log since the last checkpoint
  int64_t checkpoint_at_ = 0;   // SteadyNow
  int64_t commit_at_ = 0;
  DurationUs retry_ = 0;
  std::string note_;
  std::vector<std::pair<std::string, absl::Status>> acted_;  // not committed yet
  LiveDesk desk_;                                            // thread-safe

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  uint64_t last_seq_ = 0;         // guarded by mutex_: of the log
  bool stop_ = false;             // guarded by mutex_
  int64_t deadline_ = INT64_MAX;  // guarded by mutex_
  std::map<std::string, std::shared_ptr<const LiveKnowledge>> known_;  // guarded by mutex_
  PipelineStats stats_;                                                // guarded by mutex_
  std::vector<SilenceSpec> silences_;                                  // guarded by mutex_
  absl::Status error_;                                                 // guarded by mutex_
  std::thread thread_;
};

}  // namespace culprit
