// One closed second of event time, folded: what the orderer hands to the detector.
// Owned by one thread; moves, but does not copy: all its texts are views into `texts`. Everything
// in it is independent of the order in which the partitions were read, except the order of `cells`,
// `samples` and `life` themselves: whoever decides something by order must sort first.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/burst.h"
#include "engine/detect/text_arena.h"

namespace cereal {
class access;
}

namespace culprit {

// How often each instance (host, pod) was seen. Bounded: the `kMax` smallest names are kept, with
// exact counts, whatever the order of adding.
class InstanceCounts {
 public:
  static constexpr size_t kMax = 64;
  struct Counted {
    uint64_t count;   // of this name now; 0: it is not counted (empty, or beyond the bound)
    bool pushed_out;  // another name had to go
  };
  Counted Add(std::string_view name, uint64_t n = 1);
  // At most `n`, by (count descending, name).
  void Top(size_t n, std::vector<std::pair<std::string, uint64_t>>* out) const;
  size_t size() const { return (first_count_ > 0 ? 1 : 0) + more_.size(); }
  template <typename F>
  void ForEach(F f) const {  // f(name, count)
    if (first_count_ > 0) f(std::string_view(first_), first_count_);
    for (const auto& [name, n] : more_) f(std::string_view(name), n);
  }

 private:
  friend class cereal::access;
  template <typename Archive>
  void serialize(Archive& ar);  // NOLINT(readability-identifier-naming)
  Counted AddSlow(std::string_view name, uint64_t n);
  // Nearly always there is one; it costs no allocation of its own.
  std::string first_;
  uint64_t first_count_ = 0;
  std::vector<std::pair<std::string, uint64_t>> more_;  // by name, without first_
};

// A line of a slice: what its Evidence would be.
struct SliceSample {
  Position position;
  TimeUs time = kNoTime;
  TimeOrigin time_origin = TimeOrigin::kAssumed;
  Level level = Level::kUnknown;
  std::string_view service;
  std::string_view instance;
  std::string_view line;
  uint32_t capture = 0;  // first of `captures` in Slice::captures
  uint32_t captures = 0;
};

// All signals of one key in one slice. Key: signature, component, target and, for lines of a
// by_template signature, the masked text.
struct SliceCell {
  static constexpr size_t kMaxSamples = 8;
  static constexpr uint32_t kNone = UINT32_MAX;

  uint64_t hash = 0;  // CellHash of the key: stable
  SignatureIndex signature = 0;
  uint8_t sample_count = 0;
  bool error_level = false;    // a line had level error or fatal
  bool unknown_level = false;  // a line had no level
  uint64_t count = 0;
  TimeUs first = 0;  // smallest and largest event time
  TimeUs last = 0;
  std::string_view component;
  std::string_view target;
  std::string_view text;            // masked message; empty unless by_template
  uint32_t samples[kMaxSamples]{};  // indices into Slice::samples, by (time, partition, offset)
  uint32_t life = kNone;            // last used entry of Slice::life
  // The instance and how often, if there is one; of several, all are in Slice::instances.
  uint32_t instances = kNone;
  std::string_view instance;
  uint64_t instance_count = 0;
};

uint64_t CellHash(SignatureIndex signature, std::string_view component, std::string_view target,
                  std::string_view text);

// A component's signs of life (signals and marks) in one partition.
struct SliceLife {
  uint64_t hash = 0;
  std::string_view component;
  PartitionId partition = 0;
  TimeUs newest = 0;
  uint64_t count = 0;
  uint64_t marks = 0;  // of them, marks: the sample of the stream that depends on positions alone
};

struct Slice {
  TimeUs start = 0;
  TimeUs end = 0;
  std::vector<SliceCell> cells;
  std::vector<SliceSample> samples;
  std::vector<CaptureView> captures;
  std::vector<InstanceCounts> instances;
  std::vector<SliceLife> life;
  uint64_t signals = 0;     // folded in here, overflow included
  size_t sample_bytes = 0;  // EvidenceBytes of all samples
  TextArena texts;

  Slice() = default;
  Slice(Slice&&) = default;
  Slice& operator=(Slice&&) = default;

  // Keeps the memory for the next content, but not much more than that needed last.
  void Clear();
};

// Calls f(name, count) for each instance of the cell.
template <typename F>
void ForEachInstance(const Slice& slice, const SliceCell& cell, F f) {
  if (cell.instances != SliceCell::kNone) {
    slice.instances[cell.instances].ForEach(f);
  } else if (cell.instance_count > 0) {
    f(cell.instance, cell.instance_count);
  }
}

// All of them, as a copy.
InstanceCounts InstancesOf(const Slice& slice, const SliceCell& cell);

// (time, partition, offset): the one order of evidence.
template <typename A, typename B>
bool EvidenceBefore(const A& a, const B& b) {
  if (a.time != b.time) return a.time < b.time;
  if (a.position.partition != b.position.partition)
    return a.position.partition < b.position.partition;
  return a.position.offset < b.position.offset;
}

Evidence MakeEvidence(const Slice& slice, const SliceSample& sample);
// What it takes in memory as Evidence, about; a function of its content alone.
size_t EvidenceBytes(const Evidence& e);
size_t EvidenceBytes(const SliceSample& sample);
// `names`: length of service and instance.
size_t EvidenceBytes(size_t names, size_t line, size_t captures);

}  // namespace culprit
