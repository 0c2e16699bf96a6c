// LiveReasoner: the control partition.
#include <algorithm>

#include "engine/pipeline/live_reasoner.h"

namespace culprit {
namespace {

constexpr size_t kMaxEndedNames = 20'000;  // names of ended partitions, for evidence

}  // namespace

absl::Status LiveReasoner::OnControl(const ControlEntry& entry) {
  switch (entry.kind) {
    case ControlKind::kHold:
      orderer_->AddPartition(kControlPartition);
      for (const auto& [id, p] : partitions_)
        if (!p.ended && !p.passive) orderer_->AddPartition(id);
      quiet_wall_ = kNoTime;
      break;
    case ControlKind::kRelease:
      orderer_->EndPartition(kControlPartition);
      break;
    case ControlKind::kAdd:
    case ControlKind::kPassive: {
      Partition& p = partitions_[entry.partition];
      p = {.name = entry.text, .passive = entry.kind == ControlKind::kPassive};
      if (!p.passive) orderer_->AddPartition(entry.partition);
      break;
    }
    case ControlKind::kEnd: {
      orderer_->EndPartition(entry.partition);
      partitions_[entry.partition].ended = true;
      size_t ended = 0;
      auto oldest = partitions_.end();
      for (auto it = partitions_.begin(); it != partitions_.end(); ++it) {
        if (!it->second.ended) continue;
        if (++ended == 1) oldest = it;
      }
      if (ended > kMaxEndedNames) partitions_.erase(oldest);
      break;
    }
    case ControlKind::kIdle:
      if (!partitions_[entry.partition].ended) orderer_->Idle(entry.partition);
      break;
    case ControlKind::kCut:
      orderer_->EndPartition(entry.partition);
      orderer_->AddPartition(entry.partition);
      break;
    case ControlKind::kTick:
      OnTick(entry.time);
      break;
    case ControlKind::kKnowledge:
      break;
    case ControlKind::kAction:
      return notifier_.Act(entry.text, now_);
    case ControlKind::kRouting:
      return notifier_.Route(entry.text, now_);
    case ControlKind::kFinish:
      if (orderer_->newest() != kNoTime)
        orderer_->PassTime(orderer_->SliceStart(orderer_->newest()) + options_.order.slice);
      CloseSlices();
      if (detector_->now() != kNoTime) {
        now_ = std::max({now_, detector_->now(), watermark_});
        correlator_->Finish(std::max(detector_->now(), watermark_));
        Look();
      }
      break;
  }
  return absl::OkStatus();
}

// While nobody is waited for, event time goes on as the clock does, from where the lines stopped.
void LiveReasoner::OnTick(TimeUs wall) {
  if (orderer_->newest() == kNoTime) return;
  if (quiet_wall_ == kNoTime) {
    quiet_wall_ = wall;
    quiet_time_ = orderer_->newest();
  }
  if (wall > quiet_wall_)
    orderer_->PassTime(orderer_->SliceStart(quiet_time_ + (wall - quiet_wall_)));
}

}  // namespace culprit
