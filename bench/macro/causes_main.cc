// bench_causes PACK.yaml|all [--trace|--rounds N] INPUT...
//
// Causes alone: scans, finds the bursts, keeps what the detector said of each slice, and then lets
// a Correlator see it, N times (default 5). Prints JSON: CPU seconds of the fastest round, bursts,
// evaluations, and a hash over all incidents, filled completely. --trace: instead, a hash of the
// whole state after each step, rankings included: two binaries that print the same decided and
// knew the same at every moment.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "bench/macro/tool.h"
#include "engine/correlate/correlator.h"
#include "engine/correlate/state.h"
#include "engine/detect/detector.h"
#include "engine/detect/order.h"
#include "engine/ingest/path_source.h"
#include "engine/pipeline/late_captures.h"
#include "engine/pipeline/scan.h"
#include "engine/state/memory_signal_log.h"

namespace culprit::bench {
namespace {

uint64_t HashOf(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325ull;  // FNV-1a
  for (const char c : bytes) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3ull;
  return hash;
}

// What the detector says of a slice, on its own.
struct Kept {
  SliceOutcome outcome;
  std::deque<Burst> bursts;
  explicit Kept(const SliceOutcome& other) : outcome(other) {
    for (auto* list : {&outcome.opened, &outcome.changed, &outcome.closed}) {
      for (const Burst*& burst : *list) burst = &bursts.emplace_back(*burst);
    }
  }
};

std::deque<Kept> Detect(const Engine& engine, char** inputs, int count) {
  const auto source =
      Must(MakePathSource(std::vector<std::string>(inputs, inputs + count), IngestOptions()));
  ScanOptions options;
  options.workers = 1;
  options.signals.late_captures = true;  // as a replay does
  MemorySignalLog log;
  ScanProgress progress;
  const ScanResult scan = Must(Scan(source->Units(), *engine.knowledge, *engine.names,
                                    *engine.signatures, options, &log, &progress));
  Counters counters;
  Orderer orderer(OrderOptions(), &counters);
  std::vector<PartitionId> partitions;
  for (const ScannedStream& stream : scan.streams) {
    for (const PartitionId partition : stream.log_partitions) partitions.push_back(partition);
  }
  for (PartitionId p = 0; p < partitions.size(); ++p) orderer.AddPartition(p);
  EntryView view;
  for (PartitionId p = 0; p < partitions.size(); ++p) {
    const auto reader = log.OpenReader(partitions[p]);
    while (Must(reader->Next(&view))) {
      LogEntry entry = CopyOf(view);
      if (auto* signal = std::get_if<Signal>(&entry)) {
        signal->position.partition = p;
        orderer.Add(std::move(*signal));
      } else {
        std::get<Mark>(entry).partition = p;
        orderer.AddMark(std::get<Mark>(entry));
      }
    }
    orderer.EndPartition(p);
  }
  std::deque<Kept> kept;
  Detector detector(engine.knowledge, DetectorOptions(), &counters);
  SliceOutcome outcome;
  for (Slice slice; orderer.NextClosed(&slice);) {
    while (detector.PassTime(slice.start, 0, &outcome)) kept.emplace_back(outcome);
    detector.OnSlice(slice, &outcome);
    kept.emplace_back(outcome);
  }
  return kept;
}

int Run(int argc, char** argv) {
  if (argc < 3) Fail("usage: bench_causes PACK.yaml|all [--trace|--rounds N] INPUT...");
  int first = 2, rounds = 5;
  const bool trace = std::string_view(argv[first]) == "--trace";
  if (trace) ++first;
  if (std::string_view(argv[first]) == "--rounds") {
    rounds = std::atoi(argv[first + 1]);
    first += 2;
  }
  const Engine engine = EngineOf(argv[1]);
  const std::deque<Kept> slices = Detect(engine, argv + first, argc - first);
  size_t bursts = 0;
  for (const Kept& kept : slices) bursts += kept.outcome.opened.size();
  double best = 1e9;
  uint64_t evaluations = 0, hash = 0;
  size_t incidents = 0;
  for (int round = 0; round < (trace ? 1 : rounds); ++round) {
    LateCaptures captures(*engine.signatures, SignalOptions().max_line_bytes);
    CorrelatorOptions options;
    options.captures = &captures;
    Counters counters;
    evaluations = 0;
    const double start = Seconds(CLOCK_PROCESS_CPUTIME_ID);
    Correlator correlator(engine.knowledge, options, &counters);
    for (const Kept& kept : slices) {
      const uint64_t steps = correlator.steps();
      correlator.OnSlice(kept.outcome);
      if (correlator.steps() == steps) continue;
      ++evaluations;
      if (!trace) continue;
      std::printf("%lld %016llx\n", static_cast<long long>(kept.outcome.slice_end),
                  static_cast<unsigned long long>(HashOf(correlator.Save())));
    }
    if (!slices.empty()) correlator.Finish(slices.back().outcome.slice_end);
    const std::vector<Incident> all = correlator.Incidents();
    best = std::min(best, Seconds(CLOCK_PROCESS_CPUTIME_ID) - start);
    CheckpointWriter ar;
    ar(all, correlator.Unattributed());
    incidents = all.size();
    hash = HashOf(ar.bytes());
  }
  std::printf(
      "{\"slices\": %zu, \"bursts\": %zu, \"steps\": %llu, \"incidents\": %zu, "
      "\"cpu_seconds\": %.4f, \"hash\": \"%016llx\"}\n",
      slices.size(), bursts, static_cast<unsigned long long>(evaluations), incidents, best,
      static_cast<unsigned long long>(hash));
  return 0;
}

}  // namespace
}  // namespace culprit::bench

int main(int argc, char** argv) { return culprit::bench::Run(argc, argv); }
