// Closed slices on their way from the thread that reads and orders the log to the one that reasons
// about them, in batches that go back and forth: their memory is used again. Bounded: who is too
// fast waits. One producer, one consumer.
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/detect/slice.h"

namespace culprit {

struct SliceBatch {
  static constexpr size_t kSlices = 64;
  std::vector<Slice> slices{kSlices};
  size_t used = 0;  // of them, the first ones
};

class SliceQueue {
 public:
  // By the producer: hands over what is in *batch, which is empty then.
  void Push(SliceBatch* batch) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return full_.size() < kMaxBatches; });
    full_.push_back(std::move(*batch));
    if (empty_.empty()) {
      *batch = SliceBatch();
    } else {
      *batch = std::move(empty_.back());
      empty_.pop_back();
    }
    changed_.notify_all();
  }
  // By the producer: nothing follows.
  void End() {
    const std::lock_guard<std::mutex> lock(mutex_);
    ended_ = true;
    changed_.notify_all();
  }

  // By the consumer, until it returns false: the producer may wait for it. What was in *batch goes
  // back to the producer.
  bool Pop(SliceBatch* batch) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return ended_ || !full_.empty(); });
    if (full_.empty()) return false;
    batch->used = 0;
    empty_.push_back(std::move(*batch));
    *batch = std::move(full_.front());
    full_.pop_front();
    changed_.notify_all();
    return true;
  }

 private:
  static constexpr size_t kMaxBatches = 8;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<SliceBatch> full_;    // guarded by mutex_
  std::vector<SliceBatch> empty_;  // guarded by mutex_
  bool ended_ = false;             // guarded by mutex_
};

}  // namespace culprit
