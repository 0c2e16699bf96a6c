// Where other threads meet the reason thread: what became of an action, and questions about what it
// knows. Thread-safe.
#pragma once
#include <atomic>
#include <functional>
#include <future>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace culprit {

class LiveReasoner;

class LiveDesk {
 public:
  // Runs on the reason thread, between two chunks, perhaps when nobody waits for it any more: it
  // owns what it writes to.
  using Question = std::function<void(const LiveReasoner&)>;

  // Any thread. Both are ready when it is done; Unavailable: the reason thread has ended. Expect
  // before the action is sent; what became of it, once that is on disk.
  std::future<absl::Status> Expect(const std::string& action);
  std::future<absl::Status> Ask(Question question);
  bool asked() const { return asked_; }

  // The reason thread.
  void Answer(const LiveReasoner& reasoner);
  void Settle(const std::vector<std::pair<std::string, absl::Status>>& acted);
  void Close();

 private:
  using Promise = std::promise<absl::Status>;

  std::atomic<bool> asked_{false};
  std::mutex mutex_;
  bool closed_ = false;                                  // guarded by mutex_
  std::multimap<std::string, Promise> expected_;         // guarded by mutex_
  std::vector<std::pair<Question, Promise>> questions_;  // guarded by mutex_
};

}  // namespace culprit
