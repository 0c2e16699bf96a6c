#include "engine/detect/order.h"

#include <algorithm>
#include <utility>

#include "engine/detect/open_slice.h"

namespace culprit {
namespace {
constexpr size_t kMaxSpareSlices = 32;
constexpr uint64_t kNoOffset = UINT64_MAX;
}  // namespace

Orderer::Orderer(OrderOptions options, Counters* counters)
    : options_(options), counters_(counters) {}

Orderer::~Orderer() = default;

Orderer::Partition& Orderer::Find(PartitionId partition) {
  if (last_partition_ < partitions_.size()) {
    Partition& last = partitions_[last_partition_];
    if (last.used && last.id == partition) return last;
  }
  auto it = slots_.find(partition);
  if (it == slots_.end()) {
    AddPartition(partition);
    it = slots_.find(partition);
  }
  last_partition_ = it->second;
  return partitions_[last_partition_];
}

void Orderer::AddPartition(PartitionId partition) {
  const auto [it, added] = slots_.try_emplace(partition, 0);
  if (!added) {
    Partition& p = partitions_[it->second];
    if (!p.active) Activate(p);
    return;
  }
  if (free_partitions_.empty()) {
    it->second = static_cast<uint32_t>(partitions_.size());
    partitions_.emplace_back();
  } else {
    it->second = free_partitions_.back();
    free_partitions_.pop_back();
  }
  Partition& p = partitions_[it->second];
  p.id = partition;
  p.used = true;
  Activate(p);
}

// What is late must not depend on when somebody last asked for the watermark: it is brought up to
// date before the set of those it waits for changes.
void Orderer::Activate(Partition& p) {
  watermark();
  p.active = true;
  ++active_;
  if (p.in_heap) return;
  p.in_heap = true;
  heap_.push({p.reach(), p.id});
}

void Orderer::EndPartition(PartitionId partition) {
  watermark();
  if (auto it = slots_.find(partition); it != slots_.end()) {
    Partition& p = partitions_[it->second];
    active_ -= p.active;
    p = Partition();
    free_partitions_.push_back(it->second);
    slots_.erase(it);
    if (heap_.size() > 2 * slots_.size() + 64) RebuildHeap();
  }
  NobodyLeft();
}

void Orderer::Idle(PartitionId partition) {
  watermark();
  Partition& p = Find(partition);
  active_ -= p.active;
  p.active = false;
  NobodyLeft();
}

void Orderer::NobodyLeft() {
  if (active_ > 0) return;
  if (!options_.live) {
    if (slots_.empty()) watermark_ = kEndOfTime;  // idle ones may come back
  } else if (newest_pmax_ != kNoTime) {
    watermark_ = std::max(watermark_, SliceStart(newest_pmax_) + options_.slice);
  }
}

void Orderer::Progress(PartitionId partition, TimeUs time) {
  Partition& p = Find(partition);
  if (!p.active) Activate(p);
  if (time == kNoTime || (p.pmax != kNoTime && time > p.pmax + options_.jump_guard)) return;
  p.progress = std::max(p.progress, time);
}

void Orderer::PassTime(TimeUs time) {
  watermark();
  if (active_ == 0) watermark_ = std::max(watermark_, time);
}

// Leaves out the entries of partitions that have gone.
void Orderer::RebuildHeap() {
  heap_ = Heap();
  for (const auto& [id, slot] : slots_) {
    Partition& p = partitions_[slot];
    p.in_heap = p.active;
    if (p.active) heap_.push({p.reach(), id});
  }
}

bool Orderer::Accept(PartitionId partition, TimeUs time, uint64_t offset, bool count_jump) {
  Partition& p = Find(partition);
  if (!p.active) Activate(p);
  if (time == kNoTime || (p.pmax != kNoTime && time < p.pmax - options_.lateness)) return false;
  // Only after Idle or a late AddPartition: others may have moved on without this partition.
  if (watermark_ != kNoTime && time < watermark_) return false;
  if (p.pmax == kNoTime) {
    p.pmax = time;
  } else if (time <= p.pmax + options_.jump_guard) {
    if (time > p.pmax) {
      p.pmax = time;
      // Those within reach now were no jump; they do not move the time by themselves.
      const TimeUs* end = p.ahead + p.ahead_count;
      const TimeUs* keep =
          std::upper_bound(static_cast<const TimeUs*>(p.ahead), end, p.pmax + options_.jump_guard);
      p.ahead_count = static_cast<uint8_t>(std::copy(keep, end, p.ahead) - p.ahead);
    }
  } else {
    if (count_jump) counters_->Count(Reason::kTimeJump);
    // One record counts once, however many signatures it matched and whether or not it was sampled.
    const bool same_record =
        p.ahead_count > 0 &&
        (offset == kNoOffset || p.ahead_offset == kNoOffset
             ? std::find(p.ahead, p.ahead + p.ahead_count, time) != p.ahead + p.ahead_count
             : offset == p.ahead_offset);
    if (!same_record) {
      p.ahead_offset = offset;
      TimeUs* at = std::upper_bound(p.ahead, p.ahead + p.ahead_count, time);
      std::copy_backward(at, p.ahead + p.ahead_count, p.ahead + p.ahead_count + 1);
      *at = time;
      if (++p.ahead_count == 3) {
        p.pmax = p.ahead[0];
        const TimeUs* keep =
            std::upper_bound(p.ahead + 1, p.ahead + 3, p.pmax + options_.jump_guard);
        p.ahead_count = static_cast<uint8_t>(
            std::copy(keep, static_cast<const TimeUs*>(p.ahead + 3), p.ahead) - p.ahead);
      }
    }
  }
  newest_ = std::max(newest_, time);
  newest_pmax_ = std::max(newest_pmax_, p.pmax);
  return true;
}

TimeUs Orderer::SliceStart(TimeUs time) const {
  TimeUs rest = time % options_.slice;
  if (rest < 0) rest += options_.slice;
  return time - rest;
}

OpenSlice& Orderer::SliceAt(TimeUs time) {
  const TimeUs start = SliceStart(time);
  if (last_slice_ != nullptr && start == last_start_) return *last_slice_;
  auto it = open_.lower_bound(start);
  if (it == open_.end() || it->first != start) {
    if (spare_.empty()) {
      it = open_.emplace_hint(it, start, std::make_unique<OpenSlice>(options_, counters_));
    } else {
      spare_.back().key() = start;
      it = open_.insert(it, std::move(spare_.back()));
      spare_.pop_back();
    }
  }
  last_slice_ = it->second.get();
  last_start_ = start;
  return *last_slice_;
}

void Orderer::Add(PartitionId partition, const SignalView& signal) {
  if (!Accept(partition, signal.time, signal.offset, true)) {
    counters_->Count(Reason::kLate);
    return;
  }
  SliceAt(signal.time).Add(partition, signal);
}

void Orderer::AddMark(PartitionId partition, const MarkView& mark) {
  if (!Accept(partition, mark.time, kNoOffset, false)) return;
  SliceAt(mark.time).AddLife(mark.component, partition, mark.time);
}

TimeUs Orderer::watermark() {
  while (!heap_.empty()) {
    const HeapEntry top = heap_.top();
    const auto it = slots_.find(top.partition);
    Partition* p = it == slots_.end() ? nullptr : &partitions_[it->second];
    if (p == nullptr || !p->active) {
      heap_.pop();
      if (p != nullptr) p->in_heap = false;
    } else if (p->reach() != top.reach) {
      heap_.pop();
      heap_.push({p->reach(), top.partition});
    } else {
      if (top.reach != kNoTime) watermark_ = std::max(watermark_, top.reach - options_.lateness);
      break;
    }
  }
  return watermark_;
}

bool Orderer::NextClosed(Slice* out) {
  if (open_.empty()) return false;
  auto it = open_.begin();
  const TimeUs end = it->first + options_.slice;
  if (end > watermark_ && end > watermark()) return false;
  it->second->Take(it->first, end, out);
  if (last_slice_ == it->second.get()) last_slice_ = nullptr;
  if (spare_.size() < kMaxSpareSlices) {
    spare_.push_back(open_.extract(it));
  } else {
    open_.erase(it);
  }
  return true;
}

size_t Orderer::open_samples() const {
  size_t n = 0;
  for (const auto& [start, slice] : open_) n += slice->samples();
  return n;
}

}  // namespace culprit
