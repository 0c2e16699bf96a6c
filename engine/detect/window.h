// Counts of the last slices of one key, sparse: the sum over a slice-aligned window is exact.
// Plain value, one owner thread.
#pragma once
#include <cstdint>

#include "absl/container/inlined_vector.h"
#include "engine/core/time.h"

namespace culprit {

class CheckpointReader;
class CheckpointWriter;

class SlidingWindow {
 public:
  struct Bin {
    int64_t slice;
    uint64_t count;
    TimeUs first;  // smallest event time in it
  };

  // `slice` is not older than the newest bin.
  void Add(int64_t slice, uint64_t count, TimeUs first) {
    sum_ += count;
    if (head_ < bins_.size() && bins_.back().slice == slice) {
      bins_.back().count += count;
      if (first < bins_.back().first) bins_.back().first = first;
      return;
    }
    bins_.push_back({slice, count, first});
  }
  // Forgets bins up to and including `slice`.
  void DropUpTo(int64_t slice) {
    while (head_ < bins_.size() && bins_[head_].slice <= slice) sum_ -= bins_[head_++].count;
    if (head_ == bins_.size()) {
      bins_.clear();
      head_ = 0;
    } else if (head_ > 8 && head_ * 2 > bins_.size()) {
      bins_.erase(bins_.begin(), bins_.begin() + static_cast<std::ptrdiff_t>(head_));
      head_ = 0;
    }
  }
  uint64_t sum() const { return sum_; }
  bool empty() const { return head_ == bins_.size(); }
  const Bin& oldest() const { return bins_[head_]; }
  const Bin& newest() const { return bins_.back(); }
  // The newest slice whose leaving makes the doubled sum fall below `level2`. Requires
  // 2 * sum() >= level2 > 0.
  int64_t SliceThatHolds(uint64_t level2) const {
    uint64_t sum = sum_;
    for (size_t i = head_;; ++i) {
      sum -= bins_[i].count;
      if (2 * sum < level2) return bins_[i].slice;
    }
  }
  // `base`: a slice near the newest.
  void Write(int64_t base, CheckpointWriter& ar) const;
  void Read(int64_t base, CheckpointReader& ar);
  size_t heap_bytes() const { return bins_.capacity() > 2 ? bins_.capacity() * sizeof(Bin) : 0; }

 private:
  absl::InlinedVector<Bin, 2> bins_;
  size_t head_ = 0;
  uint64_t sum_ = 0;
};

}  // namespace culprit
