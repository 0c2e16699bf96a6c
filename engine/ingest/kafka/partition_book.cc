#include "engine/ingest/kafka/partition_book.h"

#include <algorithm>

namespace culprit {

void KafkaPartitionBook::Remember(const KafkaPartition& partition, int64_t next_offset) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[partition];
  entry.committed = std::max(entry.committed, next_offset);
}

int64_t KafkaPartitionBook::Committed(const KafkaPartition& partition) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(partition);
  return found == entries_.end() ? kNoOffset : found->second.committed;
}

void KafkaPartitionBook::Assign(const KafkaPartition& partition) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[partition];
  entry.assigned = true;
  entry.told = kNoOffset;
}

void KafkaPartitionBook::Unassign(const KafkaPartition& partition) {
  const std::lock_guard lock(mutex_);
  entries_[partition].assigned = false;
}

bool KafkaPartitionBook::assigned(const KafkaPartition& partition) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(partition);
  return found != entries_.end() && found->second.assigned;
}

std::vector<KafkaPartition> KafkaPartitionBook::Assigned() const {
  const std::lock_guard lock(mutex_);
  std::vector<KafkaPartition> out;
  for (const auto& [partition, entry] : entries_)
    if (entry.assigned) out.push_back(partition);
  return out;
}

int64_t KafkaPartitionBook::Uncommitted(const KafkaPartition& partition) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(partition);
  if (found == entries_.end()) return kNoOffset;
  return found->second.committed >= 0 ? found->second.committed : found->second.begun;
}

void KafkaPartitionBook::Pushed(const KafkaPartition& partition, int64_t offset) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[partition];
  ++entry.in_flight;
  if (entry.begun == kNoOffset) entry.begun = offset;
}

void KafkaPartitionBook::Done(const KafkaPartition& partition, int64_t next_offset,
                              bool committed) {
  const std::lock_guard lock(mutex_);
  ++done_;
  Entry& entry = entries_[partition];
  --entry.in_flight;
  if (committed) entry.committed = std::max(entry.committed, next_offset);
  moved_.notify_all();
}

void KafkaPartitionBook::Taken(const KafkaPartition& partition, int64_t next_offset) {
  const std::lock_guard lock(mutex_);
  Entry& entry = entries_[partition];
  entry.taken = std::max(entry.taken, next_offset);
}

int64_t KafkaPartitionBook::NextToRead(const KafkaPartition& partition) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(partition);
  if (found == entries_.end()) return kNoOffset;
  const Entry& entry = found->second;
  return entry.in_flight > 0 ? std::max(entry.taken, entry.committed) : entry.committed;
}

bool KafkaPartitionBook::WaitDone(const std::vector<KafkaPartition>& partitions,
                                  absl::Time deadline) const {
  std::unique_lock lock(mutex_);
  return moved_.wait_until(lock, absl::ToChronoTime(deadline), [&] {
    return std::all_of(partitions.begin(), partitions.end(), [&](const KafkaPartition& p) {
      const auto found = entries_.find(p);
      return found == entries_.end() || found->second.in_flight == 0;
    });
  });
}

void KafkaPartitionBook::WaitDone(absl::Duration at_most) const {
  std::unique_lock lock(mutex_);
  moved_.wait_for(lock, absl::ToChronoMicroseconds(at_most),
                  [this, before = done_] { return done_ != before; });
}

std::vector<std::pair<KafkaPartition, int64_t>> KafkaPartitionBook::TakeCommitted() {
  const std::lock_guard lock(mutex_);
  std::vector<std::pair<KafkaPartition, int64_t>> out;
  for (auto& [partition, entry] : entries_) {
    if (!entry.assigned || entry.committed <= entry.told) continue;
    entry.told = entry.committed;
    out.emplace_back(partition, entry.committed);
  }
  return out;
}

}  // namespace culprit
