#include "engine/pipeline/scan.h"

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/base/status.h"
#include "engine/ingest/line_blocks.h"
#include "engine/match/lines.h"
#include "engine/pipeline/sample_schedule.h"
#include "engine/pipeline/segment_writer.h"

namespace culprit {
namespace {

// Shared by the workers of one Scan.
struct Work {
  std::vector<std::unique_ptr<SourceUnit>> units;
  std::atomic<size_t> next_unit{0};
  std::atomic<PartitionId> next_partition{0};
  std::mutex mutex;
  std::vector<ScannedStream> streams;  // guarded by mutex
  Counters counters;                   // guarded by mutex
  absl::Status status;                 // guarded by mutex: the log's first error
};

class Worker {
 public:
  Worker(Work* work, const SignalRules& rules, const SignatureSet& signatures,
         const ScanOptions& options, SignalLog* log, ScanProgress* progress)
      : work_(work),
        rules_(rules),
        signatures_(signatures),
        options_(options),
        log_(log),
        progress_(progress) {}

  void Run() {
    for (size_t i; (i = work_->next_unit++) < work_->units.size();) {
      const absl::Status status = RunUnit(*work_->units[i]);
      if (status.ok()) continue;
      const std::lock_guard<std::mutex> lock(work_->mutex);
      if (work_->status.ok()) work_->status = status;
      work_->next_unit = work_->units.size();
    }
    const std::lock_guard<std::mutex> lock(work_->mutex);
    work_->counters.Add(counters_);
  }

 private:
  // Only errors of the log come back; those of the input end up in the stream's report.
  absl::Status RunUnit(SourceUnit& unit) {
    absl::Status log_status;
    int64_t seen = 0;
    const auto report_progress = [&] {
      const int64_t now = unit.consumed_bytes();
      progress_->stored_bytes += now - std::exchange(seen, now);
    };
    size_t streams = 0;
    const absl::Status status = unit.ForEachStream([&](ByteStream& stream) {
      ++streams;
      log_status = ScanStream(stream, report_progress);
      return log_status;
    });
    report_progress();
    CULPRIT_RETURN_IF_ERROR(log_status);
    if (!status.ok()) {
      // The damage may lie behind streams that were read whole: it gets a line of its own.
      ScannedStream damaged;
      damaged.report.name = unit.name();
      damaged.report.error = std::string(status.message());
      counters_.Count(Reason::kUnreadableInput);
      Keep(std::move(damaged));
    }
    return absl::OkStatus();
  }

  template <typename Report>
  absl::Status ScanStream(ByteStream& stream, const Report& report_progress) {
    ScannedStream out;
    out.report.name = stream.info().DisplayName();
    StreamParser parser(stream.info(), options_.parse, &counters_);
    SegmentWriter writer(log_, &work_->next_partition);
    SignalMaker maker(rules_, options_.signals, &parser, &writer, &counters_);
    LineBlocks blocks(stream, LineBlockOptions(), &counters_);
    SampleSchedule schedule;
    LineBlocks::Block block;
    bool first = true;
    uint64_t signals = 0;
    for (;;) {
      const absl::StatusOr<bool> more = blocks.Next(&block);
      if (!more.ok()) {
        out.report.error = std::string(more.status().message());
        counters_.Count(Reason::kUnreadableInput);
        break;
      }
      if (!*more) break;
      if (std::exchange(first, false)) parser.Sniff(block.bytes);
      hits_.clear();
      samples_.clear();
      signatures_.Scan(block.bytes, scratch_, &hits_);
      schedule.Take(block.bytes, block.offset, &samples_);
      CULPRIT_RETURN_IF_ERROR(maker.OnBlock(block.bytes, block.offset, hits_, samples_, &scratch_));
      parser.EndBlock(block.bytes, block.offset);
      out.report.bytes = block.offset + block.bytes.size();
      out.lines += CountLines(block.bytes);
      if (!block.bytes.empty() && block.bytes.back() != '\n') ++out.lines;
      progress_->bytes_scanned += static_cast<int64_t>(block.bytes.size());
      progress_->signals += maker.tally().signals - std::exchange(signals, maker.tally().signals);
      report_progress();
    }
    stream.AddCounts(&counters_);
    CULPRIT_RETURN_IF_ERROR(maker.End());
    CULPRIT_RETURN_IF_ERROR(writer.Close());
    out.log_partitions = writer.partitions();
    const StreamTally& tally = maker.tally();
    out.report.format = std::string(parser.format_name());
    out.report.service = tally.service;
    out.report.signals = tally.signals;
    out.first_time = tally.first_time;
    out.last_time = tally.last_time;
    ++progress_->streams_done;
    Keep(std::move(out));
    return absl::OkStatus();
  }

  void Keep(ScannedStream stream) {
    const std::lock_guard<std::mutex> lock(work_->mutex);
    work_->streams.push_back(std::move(stream));
  }

  Work* const work_;
  const SignalRules& rules_;
  const SignatureSet& signatures_;
  const ScanOptions& options_;
  SignalLog* const log_;
  ScanProgress* const progress_;
  Counters counters_;
  MatchScratch scratch_;
  std::vector<Hit> hits_;
  std::vector<uint32_t> samples_;
};

}  // namespace

absl::StatusOr<ScanResult> Scan(std::vector<std::unique_ptr<SourceUnit>> units,
                                const Knowledge& knowledge, const NameResolver& names,
                                const SignatureSet& signatures, const ScanOptions& options,
                                SignalLog* log, ScanProgress* progress) {
  Work work;
  work.units = std::move(units);
  int64_t total = 0;
  bool known = true;
  for (const auto& unit : work.units) {
    known &= unit->size_bytes() >= 0;
    total += std::max<int64_t>(0, unit->size_bytes());
  }
  progress->stored_total = known ? total : 0;
  const size_t count = std::clamp<size_t>(static_cast<size_t>(std::max(1, options.workers)), 1,
                                          std::max<size_t>(1, work.units.size()));
  const SignalRules rules(knowledge, names, signatures);
  std::vector<std::thread> threads;
  const auto run = [&] { Worker(&work, rules, signatures, options, log, progress).Run(); };
  for (size_t i = 1; i < count; ++i) threads.emplace_back(run);
  run();
  for (std::thread& thread : threads) thread.join();
  CULPRIT_RETURN_IF_ERROR(work.status);
  ScanResult result;
  result.streams = std::move(work.streams);
  result.counters = work.counters;
  std::stable_sort(result.streams.begin(), result.streams.end(),
                   [](const ScannedStream& a, const ScannedStream& b) {
                     return a.report.name != b.report.name ? a.report.name < b.report.name
                                                           : a.report.error < b.report.error;
                   });
  return result;
}

}  // namespace culprit
