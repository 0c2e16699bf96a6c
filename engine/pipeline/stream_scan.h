// One stream on its way through the scan half, by as many workers as come to help. What it writes
// does not depend on how many they are: blocks are read one after the other, matched side by side,
// and what must see them in order (sample, records, signals, log) takes its turn in their order.
//
//   read (one at a time, in order) -> match (side by side) -> turn (one at a time, in order)
//
// Blocks in flight are bounded: who has nothing to do waits. Owned by the worker that opened the
// stream; Work() may be called by any number of threads, one MatchScratch each.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "engine/base/counters.h"
#include "engine/core/source.h"
#include "engine/ingest/line_blocks.h"
#include "engine/pipeline/sample_schedule.h"
#include "engine/pipeline/scan.h"
#include "engine/pipeline/segment_writer.h"
#include "engine/pipeline/signal_maker.h"

namespace culprit {

class StreamScan {
 public:
  // All must outlive the scan. `on_read(n)`: called after the n-th block was read (from 1), by the
  // thread that read it; never by two at a time.
  StreamScan(ByteStream& stream, const SignalRules& rules, const SignatureSet& signatures,
             const ScanOptions& options, SignalLog* log, std::atomic<PartitionId>* next_partition,
             ScanProgress* progress, std::function<void(uint64_t)> on_read);

  // Takes part until nothing is left to do: then every block had its turn, or the log failed.
  void Work(MatchScratch* scratch);

  // After Work() returned, by the owner, once no other thread works on it. Adds what was counted.
  // An error is one of the log; those of the stream are in the report.
  absl::Status Finish(ScannedStream* out, Counters* counters);

 private:
  // A block on its way. Not used: sequence is kNone.
  struct Slot {
    static constexpr uint64_t kNone = UINT64_MAX;
    uint64_t sequence = kNone;
    bool matched = false;
    LineBlocks::Block block;
    LineBlocks::Buffer buffer;  // of the block, if it is no longer LineBlocks' own
    std::vector<Hit> hits;
    uint64_t lines = 0;
  };

  bool Done() const { return !log_error_.ok() || (ended_ && next_turn_ == next_read_); }
  Slot* SlotOf(uint64_t sequence);  // nullptr: not in flight
  Slot* FreeSlot();                 // nullptr: all are in flight
  void Read(std::unique_lock<std::mutex>* lock, Slot* slot);
  void Match(Slot* slot, MatchScratch* scratch) const;
  absl::Status Turn(const Slot& slot, MatchScratch* scratch);

  const SignatureSet& signatures_;
  ByteStream& stream_;
  ScanProgress* const progress_;
  const std::function<void(uint64_t)> on_read_;

  std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  std::vector<Slot> slots_;
  std::vector<LineBlocks::Buffer> spare_;
  uint64_t next_read_ = 0;
  uint64_t next_turn_ = 0;
  bool reading_ = false;
  bool turning_ = false;
  bool ended_ = false;
  int waiting_ = 0;
  absl::Status log_error_;

  // Of the thread that set reading_.
  Counters read_counters_;
  LineBlocks blocks_;
  absl::Status read_error_;

  // Of the thread that set turning_.
  Counters turn_counters_;
  StreamParser parser_;
  SegmentWriter writer_;
  SignalMaker maker_;
  SampleSchedule schedule_;
  std::vector<uint32_t> samples_;
  uint64_t bytes_ = 0;
  uint64_t lines_ = 0;
  uint64_t signals_ = 0;
};

}  // namespace culprit
