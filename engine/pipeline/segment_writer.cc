#include "engine/pipeline/segment_writer.h"

#include <algorithm>
#include <utility>

#include "engine/base/status.h"

namespace culprit {

SegmentWriter::SegmentWriter(SignalLog* log, std::atomic<PartitionId>* next_partition)
    : log_(log), next_partition_(next_partition) {
  Open();
}

void SegmentWriter::Open() {
  partitions_.push_back((*next_partition_)++);
  writer_ = log_->OpenWriter(partitions_.back());
  reach_ = kNoTime;
  beyond_.clear();
}

void SegmentWriter::Reach(TimeUs time) {
  if (reach_ == kNoTime || (time > reach_ && time <= reach_ + kJump)) {
    reach_ = time;
    return;
  }
  if (time <= reach_) return;
  beyond_.push_back(time);
  if (beyond_.size() < kJumpWitnesses) return;
  reach_ = *std::min_element(beyond_.begin(), beyond_.end());
  beyond_.clear();
}

absl::Status SegmentWriter::Write(const LogEntry& entry) {
  return std::visit([&](const auto& e) { return writer_->Append(e); }, entry);
}

absl::Status SegmentWriter::WriteHeld() {
  for (const LogEntry& entry : held_) CULPRIT_RETURN_IF_ERROR(Write(entry));
  held_.clear();
  return absl::OkStatus();
}

template <typename Entry>
absl::Status SegmentWriter::Add(const Entry& entry) {
  if (reach_ != kNoTime && entry.time < reach_ - kFall) {
    held_.emplace_back(entry);
    if (held_.size() < kWitnesses) return absl::OkStatus();
    CULPRIT_RETURN_IF_ERROR(writer_->Close());
    Open();
    for (const LogEntry& e : held_) Reach(std::visit([](const auto& x) { return x.time; }, e));
    return WriteHeld();
  }
  // Back again: what fell was stragglers of this log, in their place.
  CULPRIT_RETURN_IF_ERROR(WriteHeld());
  Reach(entry.time);
  return writer_->Append(entry);
}

template absl::Status SegmentWriter::Add(const Signal& entry);
template absl::Status SegmentWriter::Add(const Mark& entry);

absl::Status SegmentWriter::Close() {
  CULPRIT_RETURN_IF_ERROR(WriteHeld());
  return writer_->Close();
}

}  // namespace culprit
