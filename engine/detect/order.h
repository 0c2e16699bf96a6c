// Event-time order: turns the partitions' signals and marks, read in any interleaving, into slices
// that close in order. Has no clock. One owner thread.
//
// What counts is decided inside each partition alone (ROOT_CAUSE 1), so the slices do not depend on
// how the partitions were interleaved; only the moment when a slice becomes available does.
// Empty slices are skipped: the detector is told that time passed by Detector::PassTime.
#pragma once
#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
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
  // Partitions come and go, and all may be gone for a while. Without one to wait for, the watermark
  // then goes to the end of the newest slice (jumps left out) instead of kEndOfTime.
  bool live = false;
};

class CheckpointReader;
class CheckpointWriter;
class OpenSlice;

class Orderer {
 public:
  // `counters` must outlive the orderer.
  Orderer(OrderOptions options, Counters* counters);
  ~Orderer();
  Orderer(const Orderer&) = delete;
  Orderer& operator=(const Orderer&) = delete;

  // From now on the watermark waits for this partition, idle or not; a signal or mark adds it too.
  // All partitions known at the start must be added before the first signal; one added later starts
  // at the watermark (what is below is late). Ids need not be dense; a partition takes about 100 B.
  void AddPartition(PartitionId partition);
  // Copies what it keeps.
  void Add(PartitionId partition, const SignalView& signal);
  void Add(const Signal& signal) { Add(signal.position.partition, ViewOf(signal, &captures_)); }
  // A late mark is no sign of life and is not counted: it is a sample, not a line.
  void AddMark(PartitionId partition, const MarkView& mark);
  void AddMark(const Mark& mark) { AddMark(mark.partition, ViewOf(mark)); }
  // End of its bytes: forgotten. Without any partition left the watermark is kEndOfTime (but see
  // `live`; there, add a successor before its predecessor ends). Should the id come again, it is a
  // new partition.
  void EndPartition(PartitionId partition);
  // Live: the watermark stops waiting until the partition's next signal or mark. The caller records
  // these two calls with their place in the sequence, or replay will differ.
  void Idle(PartitionId partition);
  // Live: a line of this time was read there that is no part of the sample: moves the watermark on,
  // is neither judged nor counted, and says nothing about what is late within the partition.
  void Progress(PartitionId partition, TimeUs time);
  // Live: moves the watermark on to `time` while there is nobody to wait for; else does nothing.
  void PassTime(TimeUs time);

  static constexpr TimeUs kEndOfTime = INT64_MAX;
  // No further signal below it will be used. kNoTime at first. Never decreases.
  TimeUs watermark();
  // The oldest slice with anything in it that lies wholly below the watermark; false: none yet.
  // What was in `out` is gone, its memory is used for slices to come: pass the same one again.
  bool NextClosed(Slice* out);

  // Everything but the options, as bytes (base/checkpoint.h). What comes after is the same as if
  // nothing had happened, wherever between two calls it is taken. `knowledge`: whose indices the
  // signals carry.
  std::string Save(const Knowledge& knowledge) const;
  // Into an orderer that has seen nothing. Signatures that `knowledge` does not have are left out
  // and counted (kSignatureGone). On an error of ReadCheckpoint the orderer is as before.
  absl::Status Restore(const Knowledge& knowledge, std::string_view bytes);

  TimeUs newest() const { return newest_; }  // largest accepted event time; kNoTime at first
  size_t open_slices() const { return open_.size(); }
  size_t partitions() const { return slots_.size(); }
  size_t open_samples() const;  // lines held in open slices: for back-pressure
  TimeUs SliceStart(TimeUs time) const;

 private:
  struct Partition {
    PartitionId id = 0;
    bool used = false;  // else the slot is free
    bool active = false;
    bool in_heap = false;
    // Times beyond the jump guard that wait for company, ascending, and the last record among them.
    uint8_t ahead_count = 0;
    TimeUs pmax = kNoTime;
    TimeUs progress = kNoTime;
    TimeUs reach() const { return std::max(pmax, progress); }
    TimeUs ahead[3] = {};
    uint64_t ahead_offset = 0;
  };
  struct HeapEntry {
    TimeUs reach;
    PartitionId partition;
    bool operator>(const HeapEntry& o) const {
      return reach != o.reach ? reach > o.reach : partition > o.partition;
    }
  };
  using Open = std::map<TimeUs, std::unique_ptr<OpenSlice>>;  // by start
  using Heap = std::priority_queue<HeapEntry, std::vector<HeapEntry>, std::greater<>>;

  Partition& Find(PartitionId partition);
  // Judges one record and moves its partition's time on. False: late.
  bool Accept(PartitionId partition, TimeUs time, uint64_t offset, bool count_jump);
  void Activate(Partition& p);
  void NobodyLeft();
  void RebuildHeap();
  OpenSlice& SliceAt(TimeUs time);
  void Write(const Knowledge& knowledge, CheckpointWriter& ar) const;
  size_t Read(const Knowledge& knowledge, CheckpointReader& ar);

  const OrderOptions options_;
  Counters* const counters_;
  std::vector<Partition> partitions_;
  std::vector<uint32_t> free_partitions_;
  absl::flat_hash_map<PartitionId, uint32_t> slots_;  // into partitions_
  uint32_t last_partition_ = 0;                       // slot, most recently used
  size_t active_ = 0;
  // Lazy minimum: an entry may be older than its partition; it is put right when it comes up.
  Heap heap_;
  TimeUs watermark_ = kNoTime;
  TimeUs newest_ = kNoTime;
  TimeUs newest_pmax_ = kNoTime;  // of all partitions that ever were
  Open open_;
  OpenSlice* last_slice_ = nullptr;  // most recently used
  TimeUs last_start_ = kNoTime;
  std::vector<Open::node_type> spare_;
  std::vector<CaptureView> captures_;  // scratch
};

}  // namespace culprit
