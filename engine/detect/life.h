// Who is alive, who fell silent (ROOT_CAUSE 2, flatline), which expected signature stopped. Time in
// which nothing at all was logged (an ingest gap) is never held against anyone: silence is measured
// on clocks that stand still while a partition gives no sign of life.
// One owner thread.
#pragma once
#include <algorithm>
#include <cstdint>
#include <queue>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/core/time.h"
#include "engine/detect/slice.h"

namespace cereal {
class access;
}

namespace culprit {

class CheckpointReader;
class CheckpointWriter;

// Slices during which something logged. A pause counts at most `max_step`.
class LiveClock {
 public:
  explicit LiveClock(int64_t max_step) : max_step_(max_step) {}
  void Touch(int64_t slice) {
    if (last_ != INT64_MIN && slice > last_) live_ += std::min(slice - last_, max_step_);
    if (slice > last_) last_ = slice;
  }
  int64_t live() const { return live_; }
  int64_t last() const { return last_; }  // slice of the last touch

 private:
  friend class cereal::access;
  template <typename Archive>
  void serialize(Archive& ar);  // NOLINT(readability-identifier-naming)
  int64_t max_step_;
  int64_t last_ = INT64_MIN;
  int64_t live_ = 0;
};

struct LifeOptions {
  DurationUs slice = kSecondUs;
  bool flatline = true;
  bool across_partitions = false;
  DurationUs min_history = 3 * kMinuteUs;
  double min_rate = 0.05;  // slices with a sign of life, per second
  DurationUs min_silence = 30 * kSecondUs;
  DurationUs max_silence = 600 * kSecondUs;
  size_t max_components = 200'000;
  size_t max_groups = 100'000;           // partitions remembered; above: those silent longest go
  DurationUs forget_group = 2 * kDayUs;  // without any sign of life: it has ended
};

class LifeTracker {
 public:
  struct Change {
    std::string component;
    TimeUs last;  // newest sign of life before
  };

  explicit LifeTracker(LifeOptions options) : options_(options), global_(MaxStep()) {}

  // Signs of life of one slice. Fills `alive` (component, newest), by name; `silent`: components
  // found silent at its close; `back`: silent ones that log again, or whose partitions are
  // forgotten (nobody expects them any more); both by name.
  void OnSlice(int64_t slice, const std::vector<SliceLife>& life,
               std::vector<std::pair<std::string, TimeUs>>* alive, std::vector<Change>* silent,
               std::vector<Change>* back);
  // Counts slices in which anything at all logged.
  const LiveClock& global() const { return global_; }
  size_t size() const { return index_.size(); }
  bool IsSilent(const std::string& component) const;
  void save(CheckpointWriter& ar) const;  // NOLINT(readability-identifier-naming)
  void load(CheckpointReader& ar);  // into an empty one. NOLINT(readability-identifier-naming)

 private:
  struct InGroup {
    PartitionId group = 0;
    int64_t mark = 0;            // the group's clock at the component's last sign of life
    uint64_t first_marks = 0;    // the group's marks when it came
    uint64_t own_marks = 0;      // marks of its own since
    uint64_t last_marks = 0;     // the group's marks at its last sign of life
    int64_t queued = INT64_MAX;  // due time of its entry in the group's queue
    template <typename Archive>
    void serialize(Archive& ar);  // NOLINT(readability-identifier-naming)
  };
  struct Component {
    std::string name;
    uint32_t generation = 0;
    uint32_t rank = 0;  // place by name
    bool used = false;
    bool silent = false;
    int64_t first_slice = 0;
    int64_t last_slice = INT64_MIN;
    TimeUs last = kNoTime;
    TimeUs newest_here = kNoTime;  // in the slice being closed
    // Rate of slices with life, per minute bin.
    int64_t bin = INT64_MIN;
    int64_t bins = 0;
    uint32_t in_bin = 0;
    double mu = 0;
    double longest_gap = 0;       // slices of live time; decays by half in a day
    std::vector<InGroup> groups;  // at most kMaxGroups, oldest first
    template <typename Archive>
    void serialize(Archive& ar);  // NOLINT(readability-identifier-naming)
  };
  struct Due {
    int64_t live;
    uint32_t component;
    uint32_t generation;
    bool operator>(const Due& o) const {
      return live != o.live ? live > o.live : component > o.component;
    }
  };
  struct Group {
    explicit Group(int64_t max_step) : clock(max_step) {}
    LiveClock clock;
    std::priority_queue<Due, std::vector<Due>, std::greater<>> due;
    int64_t touched = INT64_MIN;
    uint64_t marks = 0;
  };
  static constexpr size_t kMaxGroups = 4;

  static bool ExpectedMarksMissing(const InGroup& in, const Group& g);

  int64_t MaxStep() const { return 10 * kSecondUs / options_.slice; }
  uint32_t FindOrAdd(std::string_view name, int64_t slice);
  void RankNew();
  void Roll(Component& c, int64_t slice);
  int64_t AllowedSilence(const Component& c, int64_t slice) const;  // slices; INT64_MAX: any
  void Evict();
  void ForgetGroups(int64_t slice, std::vector<Change>* back);
  bool TooManyGroups() const { return groups_.size() > options_.max_groups; }

  LifeOptions options_;
  LiveClock global_;
  std::vector<Component> components_;
  std::vector<uint32_t> free_;
  absl::flat_hash_map<std::string, uint32_t> index_;
  std::vector<uint32_t> by_name_;  // ranks
  std::vector<uint32_t> new_;      // not ranked yet
  absl::flat_hash_map<PartitionId, Group> groups_;
  int64_t next_sweep_ = INT64_MIN;  // slice at which ended groups are looked for
  std::vector<uint32_t> here_;      // components with life in this slice
  std::vector<PartitionId> touched_groups_;
};

}  // namespace culprit
