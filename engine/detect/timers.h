// Which keys are to be looked at when a slice closes. Adding one and running those that are due
// costs the same however many others wait. Plain state, one owner thread.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <map>
#include <vector>

namespace culprit {

class Timers {
 public:
  static constexpr int64_t kNone = INT64_MAX;
  struct Timer {
    uint32_t key;
    uint32_t generation;
  };

  void Add(int64_t slice, Timer timer) {
    if (slice < base_ || slice - base_ >= kNear) {
      far_[slice].push_back(timer);
      return;
    }
    const size_t i = Index(slice);
    near_[i].push_back(timer);
    set_[i / 64] |= uint64_t{1} << (i % 64);
  }
  // The oldest slice with one; kNone: none waits.
  int64_t next() const { return std::min(NextNear(), far_.empty() ? kNone : far_.begin()->first); }
  // Calls f(slice, timer) for all up to and including `slice`, and forgets them. f adds none.
  template <typename F>
  void RunUpTo(int64_t slice, F f) {
    while (!far_.empty() && far_.begin()->first <= slice) {
      for (const Timer& timer : far_.begin()->second) f(far_.begin()->first, timer);
      far_.erase(far_.begin());
    }
    for (int64_t at = NextNear(); at <= slice && at != kNone; at = NextNear()) {
      const size_t i = Index(at);
      for (const Timer& timer : near_[i]) f(at, timer);
      set_[i / 64] &= ~(uint64_t{1} << (i % 64));
      if (near_[i].capacity() > kRoom) near_[i] = {};
      near_[i].clear();
    }
    base_ = std::max(base_, slice + 1);
  }

 private:
  static constexpr int64_t kNear = 256;  // slices
  static constexpr size_t kRoom = 1024;

  static size_t Index(int64_t slice) { return static_cast<size_t>(slice & (kNear - 1)); }
  // The first one set from base_ on, once around.
  int64_t NextNear() const {
    const size_t from = Index(base_);
    for (size_t k = 0; k <= set_.size(); ++k) {
      const size_t word = (from / 64 + k) % set_.size();
      uint64_t bits = set_[word];
      if (k == 0) bits &= ~uint64_t{0} << (from % 64);
      if (bits == 0) continue;
      const size_t i = word * 64 + static_cast<size_t>(std::countr_zero(bits));
      return base_ + static_cast<int64_t>((i - from) & (kNear - 1));
    }
    return kNone;
  }

  int64_t base_ = 0;  // all before were run; those from kNear on are far
  std::array<std::vector<Timer>, kNear> near_;
  std::array<uint64_t, kNear / 64> set_{};  // by index: near_ has some
  std::map<int64_t, std::vector<Timer>> far_;
};

}  // namespace culprit
