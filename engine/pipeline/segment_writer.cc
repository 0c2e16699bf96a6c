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
  state_.reach = kNoTime;
  state_.beyond.clear();
}

void SegmentWriter::Reach(TimeUs time) {
  if (state_.reach == kNoTime || (time > state_.reach && time <= state_.reach + kJump)) {
    state_.reach = time;
    return;
  }
  if (time <= state_.reach) return;
  state_.beyond.push_back(time);
  if (state_.beyond.size() < kJumpWitnesses) return;
  state_.reach = *std::min_element(state_.beyond.begin(), state_.beyond.end());
  state_.beyond.clear();
}

absl::Status SegmentWriter::Write(const LogEntry& entry) {
  if (const Mark* mark = std::get_if<Mark>(&entry)) return writer_->Append(ViewOf(*mark));
  return writer_->Append(ViewOf(std::get<Signal>(entry), &captures_));
}

absl::Status SegmentWriter::WriteHeld() {
  for (const LogEntry& entry : state_.held) CULPRIT_RETURN_IF_ERROR(Write(entry));
  state_.held.clear();
  return absl::OkStatus();
}

template <typename View>
absl::Status SegmentWriter::Add(const View& entry) {
  if (state_.reach != kNoTime && entry.time < state_.reach - kFall) {
    state_.held.emplace_back(CopyOf(entry));
    if (state_.held.size() < kWitnesses) return absl::OkStatus();
    CULPRIT_RETURN_IF_ERROR(writer_->Close());
    Open();
    for (const LogEntry& e : state_.held)
      Reach(std::visit([](const auto& x) { return x.time; }, e));
    return WriteHeld();
  }
  // Back again: what fell was stragglers of this log, in their place.
  if (!state_.held.empty()) CULPRIT_RETURN_IF_ERROR(WriteHeld());
  Reach(entry.time);
  return writer_->Append(entry);
}

template absl::Status SegmentWriter::Add(const SignalView& entry);
template absl::Status SegmentWriter::Add(const MarkView& entry);

absl::Status SegmentWriter::Close() {
  CULPRIT_RETURN_IF_ERROR(WriteHeld());
  return writer_->Close();
}

}  // namespace culprit
