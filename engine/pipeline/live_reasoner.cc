#include "engine/pipeline/live_reasoner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/pipeline/tellable.h"
#include "engine/state/entry_codec.h"

namespace culprit {

LiveReasoner::LiveReasoner(std::shared_ptr<const Knowledge> knowledge, const ReasonOptions& options)
    : knowledge_(std::move(knowledge)), options_(options) {
  OrderOptions order = options_.order;
  order.live = true;
  orderer_ = std::make_unique<Orderer>(order, counters_.get());
  detector_ = std::make_unique<Detector>(knowledge_, options_.detect, counters_.get());
  correlator_ = std::make_unique<Correlator>(knowledge_, options_.correlate, counters_.get());
}

absl::Status LiveReasoner::Read(const StoredChunk& stored) {
  const LogChunk& chunk = stored.chunk;
  if (chunk.partition == kControlPartition) {
    CULPRIT_ASSIGN_OR_RETURN(const std::vector<ControlEntry> entries, DecodeControl(chunk.entries));
    for (const ControlEntry& entry : entries) CULPRIT_RETURN_IF_ERROR(OnControl(entry));
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
  EntryView entry;
  // All of it is decoded before any of it is used.
  EntryDecoder trial;
  for (std::string_view rest = chunk.entries; !rest.empty();) {
    if (!trial.Decode(&rest, &entry))
      return absl::DataLossError(
          absl::StrCat("signal log: damaged chunk of partition ", chunk.partition));
  }
  quiet_wall_ = kNoTime;
  EntryDecoder decoder;
  for (std::string_view rest = chunk.entries; decoder.Decode(&rest, &entry);) {
    if (auto* view = std::get_if<SignalView>(&entry)) {
      const SignatureIndex old = view->signature;
      view->signature = old < table->second.size() ? table->second[old] : kGone;
      if (view->signature == kGone) {
        counters_->Count(Reason::kSignatureGone);
        continue;
      }
      orderer_->Add(chunk.partition, *view);
    } else {
      const MarkView& mark = std::get<MarkView>(entry);
      if (mark.component.empty()) {
        orderer_->Progress(chunk.partition, mark.time);
      } else {
        orderer_->AddMark(chunk.partition, mark);
      }
    }
  }
  if (const auto it = partitions_.find(chunk.partition);
      it != partitions_.end() && it->second.passive)
    orderer_->Idle(chunk.partition);
  return absl::OkStatus();
}

void LiveReasoner::CloseSlices() {
  while (orderer_->NextClosed(&slice_)) {
    while (detector_->PassTime(slice_.start, 0, &outcome_)) Correlate();
    StepTo(slice_.start);
    detector_->OnSlice(slice_, &outcome_);
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
  now_ = std::max(now_, outcome_.slice_end);
  Look();
}

// Whatever falls due on the way is done one by one: what people are told, and when, does not depend
// on how far the time went at once.
void LiveReasoner::StepTo(TimeUs until) {
  for (;;) {
    const TimeUs due = std::min(correlator_->next_due(), notifier_.next_due());
    if (due > until) break;
    now_ = std::max(now_, due);
    if (correlator_->next_due() <= due) {
      correlator_->AdvanceTo(due);
      Look();
      continue;
    }
    std::vector<TellableIncident> open;
    for (Incident& incident : correlator_->OpenIncidents())
      if (incident.paged_at != kNoTime) open.push_back(Tellable(std::move(incident)));
    notifier_.PassTime(std::move(open), now_);
  }
  now_ = std::max(now_, until);
}

void LiveReasoner::Look() {
  if (correlator_->steps() == seen_steps_) return;
  seen_steps_ = correlator_->steps();
  for (IncidentFeed::Change& change : feed_.Look(*correlator_, RenderHook()))
    notifier_.OnChange(change.event, Tellable(std::move(change.incident)), now_);
}

TellableIncident LiveReasoner::Tellable(Incident incident) const {
  return MakeTellable(std::move(incident), [this](PartitionId id) {
    const auto it = partitions_.find(id);
    return it == partitions_.end() ? absl::StrCat("stream ", id) : it->second.name;
  });
}

IncidentFeed::Render LiveReasoner::RenderHook() const {
  return [this](const Incident& i) { return TellableJson(Tellable(i)); };
}

void LiveReasoner::Peek(ReasonCommit* commit) {
  feed_.Peek(*correlator_, RenderHook(), commit);
  notifier_.Peek(commit);
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
         notifier_.next_due() != INT64_MAX || orderer_->open_slices() > 0;
}

}  // namespace culprit
