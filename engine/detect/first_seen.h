// When each (signature or template, component) was last seen, by day: what has not been seen for a
// week counts as new. Bounded; one owner thread.
#pragma once
#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/core/time.h"

namespace culprit {

class CheckpointReader;
class CheckpointWriter;

class FirstSeen {
 public:
  FirstSeen(DurationUs forget, size_t max_entries)
      : forget_days_(std::max<int64_t>(1, forget / kDayUs)), max_entries_(max_entries) {}

  // `day` must not decrease.
  bool IsNew(uint64_t hash, int64_t day) const {
    auto it = last_day_.find(hash);
    return it == last_day_.end() || day - it->second > forget_days_;
  }
  // Returns how many remembered entries a bound pushed out.
  size_t See(uint64_t hash, int64_t day) {
    if (day != day_) {
      day_ = day;
      absl::erase_if(last_day_, [&](const auto& e) { return day - e.second > forget_days_; });
    }
    last_day_[hash] = day;
    return last_day_.size() > max_entries_ ? DropOldest() : 0;
  }
  size_t size() const { return last_day_.size(); }
  void save(CheckpointWriter& ar) const;  // NOLINT(readability-identifier-naming)
  void load(CheckpointReader& ar);        // NOLINT(readability-identifier-naming)

 private:
  size_t DropOldest() {
    std::vector<std::pair<int64_t, uint64_t>> all;
    for (const auto& [hash, day] : last_day_) all.emplace_back(day, hash);
    std::sort(all.begin(), all.end());
    const size_t drop = std::max<size_t>(1, all.size() / 4);
    for (size_t i = 0; i < drop; ++i) last_day_.erase(all[i].second);
    return drop;
  }

  const int64_t forget_days_;
  const size_t max_entries_;
  int64_t day_ = INT64_MIN;
  absl::flat_hash_map<uint64_t, int64_t> last_day_;
};

}  // namespace culprit
