// A look into the running pipeline: signals as they are found, to whoever asks, never at the cost
// of the pipeline. A subscriber that is slow loses signals and is told how many. Thread-safe.
#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/core/signal.h"

namespace culprit {

struct TapSignal {
  std::string source;
  std::string stream;     // for people
  std::string signature;  // id
  Signal signal;
};

class LiveTap {
 public:
  class Subscription {
   public:
    // Moves what has come into *out. Returns how many were lost since the last call.
    uint64_t Take(std::vector<TapSignal>* out);

   private:
    friend class LiveTap;
    std::mutex mutex_;
    std::deque<TapSignal> waiting_;  // guarded by mutex_
    uint64_t lost_ = 0;              // guarded by mutex_
    size_t limit_ = 0;
  };

  // Ends when the last reference but the tap's own goes. `limit`: signals that may wait.
  std::shared_ptr<Subscription> Subscribe(size_t limit = 1000);
  bool wanted() const { return subscribers_.load(std::memory_order_relaxed) > 0; }
  void Publish(const TapSignal& signal);

 private:
  std::atomic<size_t> subscribers_{0};
  std::mutex mutex_;
  std::vector<std::weak_ptr<Subscription>> list_;  // guarded by mutex_
};

}  // namespace culprit
