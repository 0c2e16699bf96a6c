#include "engine/pipeline/replay.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/base/status.h"
#include "engine/pipeline/late_captures.h"
#include "engine/state/memory_signal_log.h"

namespace culprit {

absl::StatusOr<Engine> Engine::Build(std::shared_ptr<const Knowledge> knowledge,
                                     const RedactOptions& redact) {
  Engine engine;
  CULPRIT_ASSIGN_OR_RETURN(engine.signatures, SignatureSet::Build(knowledge->signatures));
  CULPRIT_ASSIGN_OR_RETURN(engine.redactor, Redactor::Make(redact));
  engine.names = std::make_unique<NameResolver>(*knowledge);
  engine.knowledge = std::move(knowledge);
  return engine;
}

absl::StatusOr<Report> Replay(std::vector<std::unique_ptr<SourceUnit>> units, const Engine& engine,
                              const ReplayOptions& options, ScanProgress* progress,
                              const std::function<void(ReplayPhase, double)>& on_phase) {
  MemorySignalLog log(options.log_memory_bytes);
  on_phase(ReplayPhase::kScan, 0);
  ScanOptions scan_options = options.scan;
  scan_options.signals.late_captures = true;
  scan_options.signals.redactor = engine.redactor.get();
  CULPRIT_ASSIGN_OR_RETURN(ScanResult scan, Scan(std::move(units), *engine.knowledge, *engine.names,
                                                 *engine.signatures, scan_options, &log, progress));
  std::vector<ReasonInput> inputs;
  for (PartitionId i = 0; i < scan.streams.size(); ++i) {
    const auto found = options.skew_by_stream.find(scan.streams[i].report.name);
    for (PartitionId partition : scan.streams[i].log_partitions)
      inputs.push_back({partition, i, found == options.skew_by_stream.end() ? 0 : found->second});
  }
  on_phase(ReplayPhase::kReason, 0);
  LateCaptures captures(*engine.signatures, options.scan.signals.max_line_bytes);
  ReasonOptions reason = options.reason;
  reason.order_beside = options.scan.workers > 1;
  reason.correlate.captures = &captures;
  CULPRIT_ASSIGN_OR_RETURN(Report report,
                           Reason(log, inputs, engine.knowledge, reason, &scan.counters,
                                  [&](double done) { on_phase(ReplayPhase::kReason, done); }));
  ReportStats& stats = report.stats;
  for (ScannedStream& stream : scan.streams) {
    ++stats.streams;
    stats.bytes += stream.report.bytes;
    stats.lines += stream.lines;
    stats.signals += stream.report.signals;
    if (stream.first_time != kNoTime) {
      stats.first_time = stats.first_time == kNoTime
                             ? stream.first_time
                             : std::min(stats.first_time, stream.first_time);
      stats.last_time = stats.last_time == kNoTime ? stream.last_time
                                                   : std::max(stats.last_time, stream.last_time);
    }
    report.streams.push_back(std::move(stream.report));
  }
  stats.reasons = scan.counters;
  return report;
}

namespace {

class MemoryStream : public ByteStream {
 public:
  MemoryStream(const std::string& name, const std::string& bytes) : bytes_(bytes) {
    info_.path = name;
    info_.size_bytes = static_cast<int64_t>(bytes.size());
  }
  const StreamInfo& info() const override { return info_; }
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t n = std::min(size, bytes_.size() - at_);
    if (n > 0) memcpy(buffer, bytes_.data() + at_, n);
    at_ += n;
    return n;
  }

 private:
  StreamInfo info_;
  const std::string& bytes_;
  size_t at_ = 0;
};

class MemoryUnit : public SourceUnit {
 public:
  explicit MemoryUnit(std::pair<std::string, std::string> stream) : stream_(std::move(stream)) {}
  absl::Status ForEachStream(const std::function<absl::Status(ByteStream&)>& use) override {
    MemoryStream stream(stream_.first, stream_.second);
    return use(stream);
  }
  int64_t size_bytes() const override { return static_cast<int64_t>(stream_.second.size()); }
  int64_t consumed_bytes() const override { return size_bytes(); }
  std::string name() const override { return stream_.first; }

 private:
  const std::pair<std::string, std::string> stream_;
};

}  // namespace

std::vector<std::unique_ptr<SourceUnit>> MemoryUnits(
    std::vector<std::pair<std::string, std::string>> streams) {
  std::vector<std::unique_ptr<SourceUnit>> units;
  units.reserve(streams.size());
  for (auto& stream : streams) units.push_back(std::make_unique<MemoryUnit>(std::move(stream)));
  return units;
}

}  // namespace culprit
