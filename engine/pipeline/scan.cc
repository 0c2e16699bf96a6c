#include "engine/pipeline/scan.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/base/status.h"
#include "engine/pipeline/stream_scan.h"

namespace culprit {
namespace {

// Shared by the workers of one Scan.
struct Work {
  std::vector<std::unique_ptr<SourceUnit>> units;  // the largest first
  std::atomic<size_t> next_unit{0};
  std::atomic<PartitionId> next_partition{0};

  // A stream of more than one block: whoever has no unit left helps with it.
  struct Open {
    StreamScan* scan = nullptr;
    int helpers = 0;
  };
  std::mutex mutex;
  std::condition_variable changed;
  // Guarded by mutex.
  std::vector<Open*> open;  // those with something left to do
  size_t owners = 0;        // workers that may still open streams
  std::vector<ScannedStream> streams;
  Counters counters;
  absl::Status status;  // the log's first error
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
    std::unique_lock<std::mutex> lock(work_->mutex);
    --work_->owners;
    work_->changed.notify_all();
    Help(&lock);
    work_->counters.Add(counters_);
  }

 private:
  // Until nobody can open a stream any more.
  void Help(std::unique_lock<std::mutex>* lock) {
    for (;;) {
      const auto least =
          std::min_element(work_->open.begin(), work_->open.end(),
                           [](const auto* a, const auto* b) { return a->helpers < b->helpers; });
      if (least != work_->open.end()) {
        Work::Open* const open = *least;
        ++open->helpers;
        lock->unlock();
        open->scan->Work(&scratch_);
        lock->lock();
        --open->helpers;
        std::erase(work_->open, open);
        work_->changed.notify_all();
      } else if (work_->owners > 0) {
        work_->changed.wait(*lock);
      } else {
        return;
      }
    }
  }

  // Only errors of the log come back; those of the input end up in the stream's report.
  absl::Status RunUnit(SourceUnit& unit) {
    absl::Status log_status;
    int64_t seen = 0;
    const auto report_progress = [&] {
      const int64_t now = unit.consumed_bytes();
      progress_->stored_bytes += now - std::exchange(seen, now);
    };
    const absl::Status status = unit.ForEachStream([&](ByteStream& stream) {
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
    Work::Open open;
    StreamScan scan(stream, rules_, signatures_, options_, log_, &work_->next_partition, progress_,
                    [&](uint64_t blocks) {
                      report_progress();
                      if (blocks != 2 || options_.workers <= 1) return;
                      const std::lock_guard<std::mutex> lock(work_->mutex);
                      work_->open.push_back(&open);
                      work_->changed.notify_all();
                    });
    open.scan = &scan;
    scan.Work(&scratch_);
    {
      std::unique_lock<std::mutex> lock(work_->mutex);
      std::erase(work_->open, &open);
      work_->changed.wait(lock, [&] { return open.helpers == 0; });
    }
    ScannedStream out;
    CULPRIT_RETURN_IF_ERROR(scan.Finish(&out, &counters_));
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
};

// More threads than there is work for only cost their start.
size_t Threads(const ScanOptions& options, size_t units, bool size_known, int64_t stored_bytes) {
  constexpr int64_t kLeastStoredBytes = 16 << 10;  // worth a thread
  const auto most = static_cast<size_t>(std::max(1, options.workers));
  if (!size_known) return most;
  return std::clamp(static_cast<size_t>(stored_bytes / kLeastStoredBytes), std::min(most, units),
                    most);
}

}  // namespace

absl::StatusOr<ScanResult> Scan(std::vector<std::unique_ptr<SourceUnit>> units,
                                const Knowledge& knowledge, const NameResolver& names,
                                const SignatureSet& signatures, const ScanOptions& options,
                                SignalLog* log, ScanProgress* progress) {
  Work work;
  work.units = std::move(units);
  // The largest first: what is left at the end is small.
  std::stable_sort(work.units.begin(), work.units.end(),
                   [](const auto& a, const auto& b) { return a->size_bytes() > b->size_bytes(); });
  int64_t total = 0;
  bool known = true;
  for (const auto& unit : work.units) {
    known &= unit->size_bytes() >= 0;
    total += std::max<int64_t>(0, unit->size_bytes());
  }
  progress->stored_total = known ? total : 0;
  const SignalRules rules(knowledge, names, signatures);
  work.owners = std::max<size_t>(1, Threads(options, work.units.size(), known, total));
  std::vector<std::thread> threads;
  const auto run = [&] { Worker(&work, rules, signatures, options, log, progress).Run(); };
  const size_t helpers = work.owners - 1;
  for (size_t i = 0; i < helpers; ++i) threads.emplace_back(run);
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
