// One closed second of event time, folded: what the orderer hands to the detector.
// Value type, owned by one thread. Everything in it is independent of the order in which the
// partitions were read, except the order of `cells`, `samples` and `life` themselves: whoever
// decides something by order must sort first.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/burst.h"

namespace cereal {
class access;
}

namespace culprit {

// How often each instance (host, pod) was seen. Bounded: the `kMax` smallest names are kept, with
// exact counts, whatever the order of adding.
class InstanceCounts {
 public:
  static constexpr size_t kMax = 64;
  void Add(std::string_view name, uint64_t n = 1);  // an empty name is not counted
  void Add(const InstanceCounts& other);
  // At most `n`, by (count descending, name).
  void Top(size_t n, std::vector<std::pair<std::string, uint64_t>>* out) const;
  size_t size() const { return (first_count_ > 0 ? 1 : 0) + more_.size(); }

 private:
  friend class cereal::access;
  template <typename Archive>
  void serialize(Archive& ar);  // NOLINT(readability-identifier-naming)
  void AddSlow(std::string_view name, uint64_t n);
  // Nearly always there is one; it costs no allocation of its own.
  std::string first_;
  uint64_t first_count_ = 0;
  std::vector<std::pair<std::string, uint64_t>> more_;  // by name, without first_
};

// All signals of one key in one slice. Key: signature, component, target and, for lines of a
// by_template signature, the masked text.
struct SliceCell {
  static constexpr size_t kMaxSamples = 8;

  uint64_t hash = 0;  // CellHash of the key: stable
  SignatureIndex signature = 0;
  uint8_t sample_count = 0;
  bool error_level = false;    // a line had level error or fatal
  bool unknown_level = false;  // a line had no level
  uint64_t count = 0;
  TimeUs first = 0;  // smallest and largest event time
  TimeUs last = 0;
  std::string component;
  std::string target;
  std::string text;                 // masked message; empty unless by_template
  uint32_t samples[kMaxSamples]{};  // indices into Slice::samples, by (time, partition, offset)
  uint32_t life = UINT32_MAX;       // last used entry of Slice::life
  InstanceCounts instances;
};

uint64_t CellHash(SignatureIndex signature, std::string_view component, std::string_view target,
                  std::string_view text);

// A component's signs of life (signals and marks) in one partition.
struct SliceLife {
  uint64_t hash = 0;
  std::string component;
  PartitionId partition = 0;
  TimeUs newest = 0;
  uint64_t count = 0;
  uint64_t marks = 0;  // of them, marks: the sample of the stream that depends on positions alone
};

struct Slice {
  TimeUs start = 0;
  TimeUs end = 0;
  std::vector<SliceCell> cells;
  std::vector<Evidence> samples;
  std::vector<SliceLife> life;
  uint64_t signals = 0;     // folded in here, overflow included
  size_t sample_bytes = 0;  // EvidenceBytes of all samples

  void Clear();
};

// (time, partition, offset): the one order of evidence.
bool EvidenceBefore(const Evidence& a, const Evidence& b);
// What it takes in memory, about; a function of its content alone.
size_t EvidenceBytes(const Evidence& e);

}  // namespace culprit
