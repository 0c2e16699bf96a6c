// Writes one stream's entries to the signal log, cut where the stream turns out to be several logs
// one after the other (`cat a.log b.log`, an appended archive): time falls back and stays back.
// Each piece becomes a partition of its own, so that nothing of it counts as late. See
// doc/adr/0003. Depends on the sequence of entries alone. One thread.
#pragma once
#include <atomic>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "engine/core/signal_log.h"

namespace culprit {

class SegmentWriter : public PartitionWriter {
 public:
  // Partitions are numbered from *next_partition, shared by all writers of the log.
  SegmentWriter(SignalLog* log, std::atomic<PartitionId>* next_partition);

  absl::Status Append(const SignalView& signal) override { return Add(signal); }
  absl::Status Append(const MarkView& mark) override { return Add(mark); }
  absl::Status Close() override;

  const std::vector<PartitionId>& partitions() const { return partitions_; }

  // What goes on from block to block, in a place of its own so that it can be stored.
  struct State {
    TimeUs reach = kNoTime;
    std::vector<TimeUs> beyond;  // times beyond the jump guard
    std::deque<LogEntry> held;   // entries that fell back
  };
  const State& state() const { return state_; }
  void set_state(State state) { state_ = std::move(state); }

 private:
  // Copies the entry only if it has to wait.
  template <typename View>
  absl::Status Add(const View& entry);
  absl::Status Write(const LogEntry& entry);
  absl::Status WriteHeld();
  void Open();
  void Reach(TimeUs time);

  // A fall of this much, by this many entries on end, is another log; fewer are stragglers of this
  // one.
  static constexpr DurationUs kFall = 5 * kMinuteUs;
  static constexpr size_t kWitnesses = 8;
  // As in the order stage: a lone far-off time does not move the reach.
  static constexpr DurationUs kJump = 60 * kSecondUs;
  static constexpr size_t kJumpWitnesses = 3;

  SignalLog* const log_;
  std::atomic<PartitionId>* const next_partition_;
  std::unique_ptr<PartitionWriter> writer_;
  std::vector<PartitionId> partitions_;
  State state_;
  std::vector<CaptureView> captures_;  // of the held entry being written
};

}  // namespace culprit
