// bench_bursts PACK.yaml|all WORKERS INPUT...
//
// A replay from reading to bursts, without their causes and without the start (packs, compilation).
// Prints JSON: CPU seconds of all threads, wall seconds, what was found.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "bench/macro/tool.h"
#include "engine/base/counters.h"
#include "engine/ingest/path_source.h"

namespace culprit::bench {
namespace {

int Run(int argc, char** argv) {
  if (argc < 4) Fail("usage: bench_bursts PACK.yaml|all WORKERS INPUT...");
  const Engine engine = EngineOf(argv[1]);
  const auto source =
      Must(MakePathSource(std::vector<std::string>(argv + 3, argv + argc), IngestOptions()));
  ReplayOptions options;
  options.scan.workers = std::atoi(argv[2]);
  options.reason.causes = false;
  ScanProgress progress;
  const double cpu = Seconds(CLOCK_PROCESS_CPUTIME_ID), wall = Seconds(CLOCK_MONOTONIC);
  const Report report =
      Must(Replay(source->Units(), engine, options, &progress, [](ReplayPhase, double) {}));
  const double cpu_end = Seconds(CLOCK_PROCESS_CPUTIME_ID), wall_end = Seconds(CLOCK_MONOTONIC);
  const ReportStats& stats = report.stats;
  uint64_t pairs = stats.signals;
  for (const enum Reason reason : {Reason::kWhereFailed, Reason::kWeakSuppressed,
                                   Reason::kDuplicateInRecord, Reason::kOutsideRange})
    pairs += stats.reasons.Get(reason);
  std::printf(
      "{\"bytes\": %llu, \"pairs\": %llu, \"signals\": %llu, \"bursts\": %llu, "
      "\"cpu_seconds\": %.4f, \"wall_seconds\": %.4f}\n",
      static_cast<unsigned long long>(stats.bytes), static_cast<unsigned long long>(pairs),
      static_cast<unsigned long long>(stats.signals), static_cast<unsigned long long>(stats.bursts),
      cpu_end - cpu, wall_end - wall);
  return 0;
}

}  // namespace
}  // namespace culprit::bench

int main(int argc, char** argv) { return culprit::bench::Run(argc, argv); }
