#include "engine/pipeline/signal_log_replay.h"

#include <utility>

#include "engine/base/status.h"

namespace culprit {

absl::StatusOr<Report> ReplaySignalLog(LiveStore* store, std::shared_ptr<const Knowledge> knowledge,
                                       const ReasonOptions& options,
                                       const std::function<void(double done)>& progress) {
  constexpr size_t kReadBytes = size_t{4} << 20;
  CULPRIT_ASSIGN_OR_RETURN(const LogRange log, store->Log());
  LiveReasoner reasoner(std::move(knowledge), options);
  uint64_t seq = 0;
  if (log.first_seq > 1) {
    CULPRIT_ASSIGN_OR_RETURN(const std::optional<Checkpoint> checkpoint, store->OldestCheckpoint());
    if (!checkpoint.has_value())
      return absl::DataLossError("the beginning of the signal log is gone, and no checkpoint left");
    if (!checkpoint->bytes.empty()) CULPRIT_RETURN_IF_ERROR(reasoner.Restore(checkpoint->bytes));
    seq = checkpoint->log_seq;
  }
  CULPRIT_ASSIGN_OR_RETURN(const std::vector<Generation> generations, store->Generations());
  for (const Generation& generation : generations)
    if (!reasoner.KnowsGeneration(generation.id)) reasoner.AddGeneration(generation);
  while (seq < log.progress) {
    CULPRIT_ASSIGN_OR_RETURN(const std::vector<StoredChunk> chunks,
                             store->ReadChunks(seq, kReadBytes));
    if (chunks.empty()) break;
    for (const StoredChunk& chunk : chunks) {
      if (chunk.seq > log.progress) break;
      CULPRIT_RETURN_IF_ERROR(reasoner.Read(chunk));
    }
    seq = chunks.back().seq;
    progress(static_cast<double>(seq) / static_cast<double>(log.progress));
  }
  Report report = reasoner.MakeReport();
  CULPRIT_ASSIGN_OR_RETURN(const StoreTotals totals, store->Totals());
  report.stats.signals = totals.signals;
  report.stats.reasons.Add(totals.scan);
  return report;
}

}  // namespace culprit
