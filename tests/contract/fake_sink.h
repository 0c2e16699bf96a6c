// A LiveSink that keeps what is committed, and can be slow, refuse, or crash. It also checks what a
// source must keep to; violations() has what it found. Thread-safe.
#pragma once
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "engine/base/counters.h"
#include "engine/core/live.h"

namespace culprit {

// Polls until `done` is true; false after the deadline, which only a failing test sees.
bool WaitUntil(const std::function<bool()>& done,
               std::chrono::milliseconds deadline = std::chrono::minutes(2));

class FakeSink : public LiveSink {
 public:
  struct Stream {
    LiveStream stream;
    std::string resume;
    std::string bytes;                // all that was committed, if keep_bytes
    std::vector<uint64_t> positions;  // of messages
    uint64_t begin = 0;               // offset of the first byte
    uint64_t end = 0;                 // offset behind the last byte
    uint64_t batches = 0;
    bool any = false;
    bool ended = false;
  };

  // At most `max_in_flight` batches are taken and not yet committed.
  explicit FakeSink(size_t max_in_flight = 64, bool keep_bytes = true);
  ~FakeSink() override;

  absl::Status Push(LiveBatch batch) override;
  absl::StatusOr<bool> TryPush(LiveBatch* batch) override;
  bool HasReceipt(std::string_view source, std::string_view receipt) const override;
  absl::Status PushDeadLetter(DeadLetter letter) override;
  bool Accepting() const override;
  TimeUs Now() const override;

  // Hold: nothing is committed until Release (that many batches) or Resume (all from now on).
  void Hold();
  void Release(size_t batches);
  void Resume();
  // The next `batches` commits fail.
  void Refuse(size_t batches);
  // What is not committed is gone; Push is cancelled until Reopen. The source is then to be stopped
  // and destroyed; a new one gets ResumePoints().
  void Crash();
  void Reopen();
  // As a program that stops in order: commits everything that was pushed. False: it did not end.
  bool Settle();

  std::vector<ResumePoint> ResumePoints() const;
  std::map<std::string, Stream> streams() const;  // by key
  std::vector<std::string> Lines() const;         // of all streams, each in order
  size_t LineCount() const;
  uint64_t ByteCount() const;
  size_t in_flight() const;
  size_t pushed() const;     // batches taken, ever
  size_t committed() const;  // of these
  size_t blocked() const;    // calls of Push that wait now
  Counters counters() const;
  std::vector<DeadLetter> dead_letters() const;
  std::vector<std::string> violations() const;

 private:
  bool Full() const { return queue_.size() + committing_ >= max_in_flight_; }
  void Take(LiveBatch batch);
  void Commit(const LiveBatch& batch);
  void Run();

  const size_t max_in_flight_;
  const bool keep_bytes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<LiveBatch> queue_;
  size_t committing_ = 0, allowed_ = 0, refuse_ = 0, pushed_ = 0, committed_ = 0, blocked_ = 0,
         lines_ = 0;
  uint64_t bytes_ = 0;
  bool held_ = false, crashed_ = false, stopping_ = false;
  std::map<std::string, Stream> streams_;
  std::set<std::pair<std::string, std::string>> receipts_;
  std::vector<DeadLetter> dead_letters_;
  Counters counters_;
  std::vector<std::string> violations_;
  std::thread committer_;
};

}  // namespace culprit
