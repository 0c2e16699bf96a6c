// What is known of each topic partition: whether it is ours, how far it was read, how far that is
// committed. The consumer's thread assigns and reads; `done` callbacks of the pipeline note
// commits. Thread-safe. Shared, since callbacks may outlive the source.
#pragma once
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "engine/core/live.h"

namespace culprit {

using KafkaPartition = std::pair<std::string, int32_t>;  // topic, number

class KafkaPartitionBook {
 public:
  static constexpr int64_t kNoOffset = -1;

  // What an earlier run committed.
  void Remember(const KafkaPartition& partition, int64_t next_offset);
  // The next offset that culprit itself committed; kNoOffset: none.
  int64_t Committed(const KafkaPartition& partition) const;

  void Assign(const KafkaPartition& partition);
  void Unassign(const KafkaPartition& partition);
  bool assigned(const KafkaPartition& partition) const;
  std::vector<KafkaPartition> Assigned() const;

  // The first offset that is not safe: behind what is committed, or where the first batch began.
  int64_t Uncommitted(const KafkaPartition& partition) const;

  // A batch that begins with `offset` (kNoOffset: has no message) was pushed. Its `done` is Done
  // with the offset behind it.
  void Pushed(const KafkaPartition& partition, int64_t offset);
  void Done(const KafkaPartition& partition, int64_t next_offset, bool committed);
  // The sink took a batch that ends before `next_offset`.
  void Taken(const KafkaPartition& partition, int64_t next_offset);
  // Where to read on: behind what is in flight, which will be committed, or what is committed.
  int64_t NextToRead(const KafkaPartition& partition) const;
  // Until nothing of these partitions is in flight; false at the deadline.
  bool WaitDone(const std::vector<KafkaPartition>& partitions, absl::Time deadline) const;
  // Until a batch is done after this call, for so long at most.
  void WaitDone(absl::Duration at_most) const;

  // Assigned partitions whose commit moved since the last call, with the next offset.
  std::vector<std::pair<KafkaPartition, int64_t>> TakeCommitted();

 private:
  struct Entry {
    int64_t begun = kNoOffset;  // first offset ever pushed
    int64_t taken = kNoOffset;  // next offset behind what the sink ever took
    int64_t committed = kNoOffset;
    int64_t told = kNoOffset;  // to the broker
    int in_flight = 0;
    bool assigned = false;
  };
  mutable std::mutex mutex_;
  mutable std::condition_variable moved_;    // Done was called
  std::map<KafkaPartition, Entry> entries_;  // guarded by mutex_
  uint64_t done_ = 0;                        // guarded by mutex_: calls of Done
};

}  // namespace culprit
