#include "engine/pipeline/live_reasoner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/checkpoint.h"
#include "engine/base/status.h"
#include "engine/state/entry_codec.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

constexpr std::string_view kKind = "reason";
constexpr uint32_t kVersion = 1;
constexpr size_t kMaxEndedNames = 20'000;  // names of ended partitions, for evidence

// What renders an incident needs dense stream numbers: those of its evidence.
std::string RenderOne(Incident incident, const std::function<std::string(PartitionId)>& name_of) {
  Report report;
  std::map<PartitionId, PartitionId> places;
  for (Evidence& e : incident.evidence) {
    const auto [it, added] =
        places.try_emplace(e.position.partition, static_cast<PartitionId>(places.size()));
    if (added) report.streams.push_back({.name = name_of(e.position.partition)});
    e.position.partition = it->second;
  }
  return RenderIncidentJson(incident, report);
}

}  // namespace

LiveReasoner::LiveReasoner(std::shared_ptr<const Knowledge> knowledge, const ReasonOptions& options)
    : knowledge_(std::move(knowledge)), options_(options) {
  OrderOptions order = options_.order;
  order.live = true;
  orderer_ = std::make_unique<Orderer>(order, counters_.get());
  detector_ = std::make_unique<Detector>(knowledge_, options_.detect, counters_.get());
  correlator_ = std::make_unique<Correlator>(knowledge_, options_.correlate, counters_.get());
}

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

absl::Status LiveReasoner::Read(const StoredChunk& stored) {
  const LogChunk& chunk = stored.chunk;
  if (chunk.partition == kControlPartition) {
    CULPRIT_ASSIGN_OR_RETURN(const std::vector<ControlEntry> entries, DecodeControl(chunk.entries));
    for (const ControlEntry& entry : entries) OnControl(entry);
  } else {
    CULPRIT_RETURN_IF_ERROR(OnEntries(chunk));
  }
  CloseSlices();
  return absl::OkStatus();
}

absl::Status LiveReasoner::OnEntries(const LogChunk& chunk) {
  const auto table = tables_.find(chunk.generation);
  if (table == tables_.end())
    return absl::DataLossError(absl::StrCat("signal log: chunk of partition ", chunk.partition,
                                            ": signature table ", chunk.generation,
                                            " is not known"));
  // All of it is decoded before any of it is used.
  entries_.clear();
  EntryDecoder decoder;
  for (std::string_view rest = chunk.entries; !rest.empty();) {
    if (!decoder.Decode(&rest, &entries_.emplace_back()))
      return absl::DataLossError(
          absl::StrCat("signal log: damaged chunk of partition ", chunk.partition));
  }
  quiet_wall_ = kNoTime;
  for (LogEntry& entry : entries_) {
    if (auto* signal = std::get_if<Signal>(&entry)) {
      signal->position.partition = chunk.partition;
      const SignatureIndex old = signal->signature;
      signal->signature = old < table->second.size() ? table->second[old] : kGone;
      if (signal->signature == kGone) {
        counters_->Count(Reason::kSignatureGone);
        continue;
      }
      orderer_->Add(std::move(*signal));
    } else {
      Mark& mark = std::get<Mark>(entry);
      mark.partition = chunk.partition;
      if (mark.component.empty()) {
        orderer_->Progress(mark.partition, mark.time);
      } else {
        orderer_->AddMark(mark);
      }
    }
  }
  if (const auto it = partitions_.find(chunk.partition);
      it != partitions_.end() && it->second.passive)
    orderer_->Idle(chunk.partition);
  return absl::OkStatus();
}

void LiveReasoner::OnControl(const ControlEntry& entry) {
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
    case ControlKind::kAction:  // tells people something, not the reasoning
      break;
    case ControlKind::kFinish:
      if (orderer_->newest() != kNoTime)
        orderer_->PassTime(orderer_->SliceStart(orderer_->newest()) + options_.order.slice);
      CloseSlices();
      if (detector_->now() != kNoTime) {
        correlator_->Finish(std::max(detector_->now(), watermark_));
        Look();
      }
      break;
  }
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

void LiveReasoner::CloseSlices() {
  while (orderer_->NextClosed(&slice_)) {
    while (detector_->PassTime(slice_.start, 0, &outcome_)) Correlate();
    StepTo(slice_.start);
    detector_->OnSlice(std::move(slice_), &outcome_);
    Correlate();
  }
  watermark_ = orderer_->watermark();
  if (watermark_ == kNoTime || detector_->now() == kNoTime) return;
  const TimeUs until = orderer_->SliceStart(watermark_);
  while (detector_->PassTime(until, 0, &outcome_)) Correlate();
  StepTo(until);
}

void LiveReasoner::Correlate() {
  bursts_ += outcome_.opened.size();
  StepTo(outcome_.slice_end - 1);
  correlator_->OnSlice(outcome_);
  Look();
}

// Whatever falls due on the way is looked at one by one: what people are told does not depend on
// how far the time went at once.
void LiveReasoner::StepTo(TimeUs until) {
  while (correlator_->next_due() <= until) {
    correlator_->AdvanceTo(correlator_->next_due());
    Look();
  }
}

void LiveReasoner::Look() {
  if (correlator_->steps() == seen_steps_) return;
  seen_steps_ = correlator_->steps();
  feed_.Look(*correlator_, [this](const Incident& i) { return Render(i); });
}

std::string LiveReasoner::Render(const Incident& incident) const {
  return RenderOne(incident, [this](PartitionId id) {
    const auto it = partitions_.find(id);
    return it == partitions_.end() ? absl::StrCat("stream ", id) : it->second.name;
  });
}

void LiveReasoner::Peek(ReasonCommit* commit) {
  feed_.Peek(
      *correlator_, [this](const Incident& i) { return Render(i); }, commit);
  commit->counters = *counters_;
}

Report LiveReasoner::MakeReport() const {
  Report report;
  report.incidents = correlator_->Incidents();
  report.unattributed = correlator_->Unattributed();
  report.edges = correlator_->Edges();
  report.stats.bursts = bursts_;
  report.stats.reasons = *counters_;
  std::map<PartitionId, PartitionId> places;
  for (const auto& [id, p] : partitions_) {
    places.emplace(id, static_cast<PartitionId>(report.streams.size()));
    report.streams.push_back({.name = p.name});
  }
  report.stats.streams = report.streams.size();
  for (Incident& incident : report.incidents) {
    for (Evidence& e : incident.evidence) {
      const auto it = places.find(e.position.partition);
      e.position.partition =
          it == places.end() ? static_cast<PartitionId>(report.streams.size()) : it->second;
    }
  }
  return report;
}

bool LiveReasoner::WaitsForTime() const {
  return detector_->open_bursts() > 0 || correlator_->next_due() != INT64_MAX ||
         orderer_->open_slices() > 0;
}

}  // namespace culprit
