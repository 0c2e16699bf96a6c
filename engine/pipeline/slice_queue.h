// Closed slices on their way from the thread that reads and orders the log to the one that reasons
// about them. Bounded: who is too fast waits. One producer, one consumer.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/detect/slice.h"

namespace culprit {

class SliceQueue {
 public:
  // By the producer.
  void Push(std::vector<Slice> batch) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return batches_.size() < kMaxBatches; });
    batches_.push_back(std::move(batch));
    changed_.notify_all();
  }
  // By the producer: nothing follows.
  void End() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  // By the consumer, until it returns false: the producer may wait for it.
  bool Pop(std::vector<Slice>* batch) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return ended_ || !batches_.empty(); });
    if (batches_.empty()) return false;
    *batch = std::move(batches_.front());
    batches_.pop_front();
    changed_.notify_all();
    return true;
  }

 private:
  static constexpr size_t kMaxBatches = 8;  // each of a few thousand log entries

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<Slice>> batches_;  // guarded by mutex_
  bool ended_ = false;                      // guarded by mutex_
};

}  // namespace culprit
