// Event-time order: turns the partitions' signals and marks, read in any interleaving, into slices
// that close in order. Has no clock. One owner thread.
//
// What counts is decided inside each partition alone (ROOT_CAUSE 1), so the slices do not depend on
// how the partitions were interleaved; only the moment when a slice becomes available does.
// Empty slices are skipped: the detector is told that time passed by Detector::PassTime.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <queue>
#include <vector>

#include "engine/base/counters.h"
#include "engine/core/signal.h"
#include "engine/detect/slice.h"

namespace culprit {

struct OrderOptions {
  DurationUs lateness = 5 * kSecondUs;     // how far a partition may run backwards
  DurationUs jump_guard = 60 * kSecondUs;  // a step ahead this large needs three witnesses
  DurationUs slice = kSecondUs;
  // Bounds of one open slice. Which keys and texts stay is decided by hash, never by arrival.
  size_t max_keys_per_slice = 200'000;     // further keys: folded into (signature, "*"), counted
  size_t max_texts_per_component = 2'000;  // distinct masked texts: others are dropped, counted
};

class OpenSlice;

class Orderer {
 public:
  // `counters` must outlive the orderer.
  Orderer(OrderOptions options, Counters* counters);
  ~Orderer();
  Orderer(const Orderer&) = delete;
  Orderer& operator=(const Orderer&) = delete;

  // From now on the watermark waits for this partition. All partitions known at the start must be
  // added before the first signal; one added later starts at the watermark (what is below is late).
  void AddPartition(PartitionId partition);
  void Add(Signal&& signal);
  void Add(const Signal& signal) { Add(Signal(signal)); }
  // A late mark is no sign of life and is not counted: it is a sample, not a line.
  void AddMark(const Mark& mark);
  // End of its bytes: never holds the watermark again. Without any partition left the watermark is
  // kEndOfTime.
  void EndPartition(PartitionId partition);
  // Live: the watermark stops waiting until the partition's next signal or mark. The caller records
  // this call with its place in the sequence, or replay will differ.
  void Idle(PartitionId partition);

  static constexpr TimeUs kEndOfTime = INT64_MAX;
  // No further signal below it will be used. kNoTime at first. Never decreases.
  TimeUs watermark();
  // The oldest slice with anything in it that lies wholly below the watermark; false: none yet.
  // `out` is overwritten; reuse it to save allocations.
  bool NextClosed(Slice* out);

  TimeUs newest() const { return newest_; }  // largest accepted event time; kNoTime at first
  size_t open_slices() const { return open_.size(); }
  size_t open_samples() const;  // lines held in open slices: for back-pressure
  TimeUs SliceStart(TimeUs time) const;

 private:
  struct Partition {
    TimeUs pmax = kNoTime;
    bool known = false;
    bool active = false;
    bool ended = false;
    bool in_heap = false;
    // Times beyond the jump guard that wait for company, ascending, and the last record among them.
    uint8_t ahead_count = 0;
    TimeUs ahead[3] = {};
    uint64_t ahead_offset = 0;
  };
  struct HeapEntry {
    TimeUs pmax;
    PartitionId partition;
    bool operator>(const HeapEntry& o) const {
      return pmax != o.pmax ? pmax > o.pmax : partition > o.partition;
    }
  };

  Partition& Find(PartitionId partition);
  // Judges one record and moves its partition's time on. False: late.
  bool Accept(PartitionId partition, TimeUs time, uint64_t offset, bool count_jump);
  void Activate(PartitionId id, Partition& p);
  OpenSlice& SliceAt(TimeUs time);

  const OrderOptions options_;
  Counters* const counters_;
  std::vector<Partition> partitions_;  // by PartitionId
  // Lazy minimum: an entry may be older than its partition; it is put right when it comes up.
  std::priority_queue<HeapEntry, std::vector<HeapEntry>, std::greater<>> heap_;
  TimeUs watermark_ = kNoTime;
  TimeUs newest_ = kNoTime;
  size_t known_ = 0;
  std::map<TimeUs, std::unique_ptr<OpenSlice>> open_;  // by start
  OpenSlice* last_slice_ = nullptr;                    // most recently used
  TimeUs last_start_ = kNoTime;
  std::vector<std::unique_ptr<OpenSlice>> spare_;
};

}  // namespace culprit
