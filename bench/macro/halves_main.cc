// bench_halves PACK.yaml|all WORKERS INPUT...
//
// The scan half alone, then reading its signal log back, then the reason half without causes.
// Prints JSON: CPU seconds of each (all threads), what was found, and a hash over every field of
// every entry, stream by stream: two binaries that say the same hash gave the reason half the same.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "bench/macro/tool.h"
#include "engine/ingest/path_source.h"
#include "engine/pipeline/reason.h"
#include "engine/pipeline/scan.h"
#include "engine/state/memory_signal_log.h"

namespace culprit::bench {
namespace {

// FNV-1a; every field ends with a separator.
class Hash {
 public:
  void Add(std::string_view text) {
    for (const char c : text) Byte(static_cast<uint8_t>(c));
    Byte(0xff);
  }
  void Add(uint64_t number) {
    for (int i = 0; i < 64; i += 8) Byte(static_cast<uint8_t>(number >> i));
  }
  void Add(const SignalView& s) {
    Add(s.signature);
    Add(s.offset);
    Add(s.length);
    Add(static_cast<uint64_t>(s.time));
    Add(static_cast<uint64_t>(s.time_origin));
    Add(static_cast<uint64_t>(s.level));
    for (const std::string_view text :
         {s.component, s.target, s.service, s.instance, s.line, s.message})
      Add(text);
    Add(s.captures.size());
    for (const auto& [name, text] : s.captures) {
      Add(name);
      Add(text);
    }
  }
  void Add(const MarkView& mark) {
    Add(static_cast<uint64_t>(mark.time));
    Add(mark.component);
  }
  uint64_t value() const { return value_; }

 private:
  void Byte(uint8_t byte) { value_ = (value_ ^ byte) * 0x100000001b3ull; }
  uint64_t value_ = 0xcbf29ce484222325ull;
};

int Run(int argc, char** argv) {
  if (argc < 4) Fail("usage: bench_halves PACK.yaml|all WORKERS INPUT...");
  const Engine engine = EngineOf(argv[1]);
  const auto source =
      Must(MakePathSource(std::vector<std::string>(argv + 3, argv + argc), IngestOptions()));
  ScanOptions options;
  options.workers = std::atoi(argv[2]);
  options.signals.late_captures = true;  // as a replay does
  MemorySignalLog log;
  ScanProgress progress;
  const double start = Seconds(CLOCK_PROCESS_CPUTIME_ID);
  const double wall_start = Seconds(CLOCK_MONOTONIC);
  const ScanResult result = Must(Scan(source->Units(), *engine.knowledge, *engine.names,
                                      *engine.signatures, options, &log, &progress));
  const double scanned = Seconds(CLOCK_PROCESS_CPUTIME_ID);
  const double wall = Seconds(CLOCK_MONOTONIC) - wall_start;
  uint64_t entries = 0, bytes = 0;
  EntryView entry;
  for (int pass = 0; pass < 2; ++pass) {
    (void)pass;
    entries = 0;
    for (const ScannedStream& stream : result.streams) {
      for (const PartitionId partition : stream.log_partitions) {
        const auto reader = log.OpenReader(partition);
        while (Must(reader->Next(&entry))) ++entries;
      }
    }
  }
  const double read = Seconds(CLOCK_PROCESS_CPUTIME_ID);
  std::vector<ReasonInput> inputs;
  for (PartitionId i = 0; i < result.streams.size(); ++i)
    for (const PartitionId partition : result.streams[i].log_partitions)
      inputs.push_back({partition, i, 0});
  ReasonOptions reason_options;
  reason_options.causes = false;
  reason_options.order_beside = options.workers > 1;
  Counters counters;
  const double reason_start = Seconds(CLOCK_MONOTONIC);
  const uint64_t bursts =
      Must(Reason(log, inputs, engine.knowledge, reason_options, &counters, [](double) {
      })).stats.bursts;
  const double reasoned = Seconds(CLOCK_PROCESS_CPUTIME_ID);
  const double reason_wall = Seconds(CLOCK_MONOTONIC) - reason_start;
  Hash hash;
  for (const ScannedStream& stream : result.streams) {
    hash.Add(std::string_view(stream.report.name));
    hash.Add(std::string_view(stream.report.service));
    hash.Add(std::string_view(stream.report.format));
    hash.Add(std::string_view(stream.report.error));
    hash.Add(stream.lines);
    hash.Add(static_cast<uint64_t>(stream.first_time));
    hash.Add(static_cast<uint64_t>(stream.last_time));
    bytes += stream.report.bytes;
    for (const PartitionId partition : stream.log_partitions) {
      hash.Add(std::string_view("partition"));
      const auto reader = log.OpenReader(partition);
      while (Must(reader->Next(&entry))) std::visit([&](const auto& e) { hash.Add(e); }, entry);
    }
  }
  for (size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<enum Reason>(i);
    if (result.counters.Get(reason) == 0) continue;
    hash.Add(ReasonName(reason));
    hash.Add(result.counters.Get(reason));
  }
  std::printf(
      "{\"bytes\": %llu, \"signals\": %llu, \"entries\": %llu, \"scan_cpu_seconds\": %.4f, "
      "\"scan_wall_seconds\": %.4f, \"read_cpu_seconds\": %.4f, \"reason_cpu_seconds\": %.4f, "
      "\"reason_wall_seconds\": %.4f, \"bursts\": %llu, \"hash\": \"%016llx\"}\n",
      static_cast<unsigned long long>(bytes),
      static_cast<unsigned long long>(progress.signals.load()),
      static_cast<unsigned long long>(entries), scanned - start, wall, (read - scanned) / 2,
      reasoned - read, reason_wall, static_cast<unsigned long long>(bursts),
      static_cast<unsigned long long>(hash.value()));
  return 0;
}

}  // namespace
}  // namespace culprit::bench

int main(int argc, char** argv) { return culprit::bench::Run(argc, argv); }
