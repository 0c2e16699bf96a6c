#include "engine/detect/order.h"

#include <algorithm>
#include <utility>

#include "engine/detect/open_slice.h"

namespace culprit {
namespace {
constexpr size_t kMaxSpareSlices = 8;
constexpr uint64_t kNoOffset = UINT64_MAX;
}  // namespace

Orderer::Orderer(OrderOptions options, Counters* counters)
    : options_(options), counters_(counters) {}

Orderer::~Orderer() = default;

Orderer::Partition& Orderer::Find(PartitionId partition) {
  if (partition >= partitions_.size() || !partitions_[partition].known) AddPartition(partition);
  return partitions_[partition];
}

void Orderer::AddPartition(PartitionId partition) {
  if (partition >= partitions_.size()) partitions_.resize(partition + 1);
  Partition& p = partitions_[partition];
  if (p.known) return;
  p.known = true;
  ++known_;
  Activate(partition, p);
}

void Orderer::Activate(PartitionId id, Partition& p) {
  p.active = true;
  if (p.in_heap) return;
  p.in_heap = true;
  heap_.push({p.pmax, id});
}

void Orderer::EndPartition(PartitionId partition) {
  Partition& p = Find(partition);
  p.active = false;
  p.ended = true;
}

void Orderer::Idle(PartitionId partition) { Find(partition).active = false; }

bool Orderer::Accept(PartitionId partition, TimeUs time, uint64_t offset, bool count_jump) {
  Partition& p = Find(partition);
  if (!p.active && !p.ended) Activate(partition, p);
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
  std::unique_ptr<OpenSlice>& slot = open_[start];
  if (slot == nullptr && !spare_.empty()) {
    slot = std::move(spare_.back());
    spare_.pop_back();
  } else if (slot == nullptr) {
    slot = std::make_unique<OpenSlice>(options_, counters_);
  }
  last_slice_ = slot.get();
  last_start_ = start;
  return *last_slice_;
}

void Orderer::Add(Signal&& signal) {
  if (!Accept(signal.position.partition, signal.time, signal.position.offset, true)) {
    counters_->Count(Reason::kLate);
    return;
  }
  SliceAt(signal.time).Add(std::move(signal));
}

void Orderer::AddMark(const Mark& mark) {
  if (!Accept(mark.partition, mark.time, kNoOffset, false)) return;
  SliceAt(mark.time).AddLife(mark.component, mark.partition, mark.time);
}

TimeUs Orderer::watermark() {
  while (!heap_.empty()) {
    const HeapEntry top = heap_.top();
    Partition& p = partitions_[top.partition];
    if (!p.active) {
      heap_.pop();
      p.in_heap = false;
    } else if (p.pmax != top.pmax) {
      heap_.pop();
      heap_.push({p.pmax, top.partition});
    } else {
      if (p.pmax != kNoTime) watermark_ = std::max(watermark_, p.pmax - options_.lateness);
      return watermark_;
    }
  }
  // Nobody is waited for. If all have ended, time has; idle ones may come back.
  bool all_ended = known_ > 0;
  for (const Partition& p : partitions_) all_ended &= !p.known || p.ended;
  if (all_ended) watermark_ = kEndOfTime;
  return watermark_;
}

bool Orderer::NextClosed(Slice* out) {
  if (open_.empty()) return false;
  auto it = open_.begin();
  const TimeUs end = it->first + options_.slice;
  if (end > watermark_ && end > watermark()) return false;
  it->second->Take(it->first, end, out);
  if (last_slice_ == it->second.get()) last_slice_ = nullptr;
  if (spare_.size() < kMaxSpareSlices) spare_.push_back(std::move(it->second));
  open_.erase(it);
  return true;
}

size_t Orderer::open_samples() const {
  size_t n = 0;
  for (const auto& [start, slice] : open_) n += slice->samples();
  return n;
}

}  // namespace culprit
