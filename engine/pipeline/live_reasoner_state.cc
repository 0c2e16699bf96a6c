// LiveReasoner: its state as bytes and back, and the tables of signatures.
#include <utility>

#include "engine/base/checkpoint.h"
#include "engine/base/status.h"
#include "engine/pipeline/live_reasoner.h"

namespace culprit {
namespace {

constexpr std::string_view kKind = "reason";
constexpr uint32_t kVersion = 2;

}  // namespace

std::string LiveReasoner::Save() const {
  return WriteCheckpoint(kKind, kVersion, [&](CheckpointWriter& ar) {
    ar.Text(orderer_->Save(*knowledge_));
    ar.Text(detector_->Save());
    ar.Text(correlator_->Save());
    ar(generations_);
    ar.Varint(partitions_.size());
    for (const auto& [id, p] : partitions_) ar(id, p.name, p.passive, p.ended);
    ar(watermark_, quiet_wall_, quiet_time_, bursts_);
    for (size_t i = 0; i < kReasonCount; ++i)
      ar.Varint(counters_->Get(static_cast<enum Reason>(i)));
    feed_.Write(ar);
    ar(now_);
    notifier_.Write(ar);
  });
}

absl::Status LiveReasoner::Restore(std::string_view bytes) {
  std::string orderer, detector, correlator;
  std::map<uint32_t, std::vector<std::string>> generations;
  Counters counts;
  CULPRIT_RETURN_IF_ERROR(ReadCheckpoint(bytes, kKind, kVersion, [&](CheckpointReader& ar) {
    ar(orderer, detector, correlator, generations);
    for (size_t n = ar.Count(); n > 0; --n) {
      PartitionId id = 0;
      Partition p;
      ar(id, p.name, p.passive, p.ended);
      partitions_.emplace(id, std::move(p));
    }
    ar(watermark_, quiet_wall_, quiet_time_, bursts_);
    // Counts of reasons that this program has more of start at 0: the names are only added to.
    for (size_t i = 0; i < kReasonCount; ++i)
      counts.Count(static_cast<enum Reason>(i), ar.Varint());
    feed_.Read(ar);
    ar(now_);
    notifier_.Read(ar);
  }));
  CULPRIT_RETURN_IF_ERROR(orderer_->Restore(*knowledge_, orderer));
  CULPRIT_RETURN_IF_ERROR(detector_->Restore(detector));
  CULPRIT_RETURN_IF_ERROR(correlator_->Restore(correlator));
  for (auto& [id, signatures] : generations) AddGeneration({.id = id, .signatures = signatures});
  counters_->Add(counts);
  seen_steps_ = correlator_->steps();
  return absl::OkStatus();
}

void LiveReasoner::AddGeneration(const Generation& generation) {
  Table table;
  table.reserve(generation.signatures.size());
  for (const std::string& id : generation.signatures) {
    const auto found = knowledge_->signature_by_id.find(id);
    table.push_back(found == knowledge_->signature_by_id.end() ? kGone : found->second);
  }
  tables_[generation.id] = std::move(table);
  generations_[generation.id] = generation.signatures;
  // Only the newest can still be written with; those before it may wait in the log.
  constexpr size_t kKept = 16;
  if (generations_.size() > kKept) {
    tables_.erase(generations_.begin()->first);
    generations_.erase(generations_.begin());
  }
}

}  // namespace culprit
