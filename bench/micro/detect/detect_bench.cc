// Signals per second through order and detector, on one core, by number of keys and by how many
// signals fall into one second of event time; checkpoints; masking and mining of unknown messages.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "engine/detect/detector.h"
#include "engine/detect/mask.h"
#include "engine/detect/order.h"
#include "engine/detect/template_miner.h"

namespace culprit {
namespace {

constexpr TimeUs kStart = 1'772'000'040 * kSecondUs;

std::shared_ptr<Knowledge> SixtySignatures(BurstRule::Kind kind) {
  auto k = std::make_shared<Knowledge>();
  k->packs.resize(1);
  for (int i = 0; i < 60; ++i) {
    SignatureSpec spec;
    spec.id = "p/" + std::to_string(i);
    spec.burst.kind = kind;
    k->signatures.push_back(spec);
  }
  return k;
}

Signal MakeSignal(uint64_t key, uint64_t offset, TimeUs time) {
  Signal s;
  s.signature = static_cast<SignatureIndex>(key % 60);
  s.position = {0, offset, 120};
  s.time = time;
  s.level = Level::kError;
  s.component = "svc-" + std::to_string(key / 60);
  s.service = s.component;
  s.instance = "pod-" + std::to_string(key % 7);
  s.line =
      "2026-02-25T06:13:20.123Z ERROR dial tcp 10.0.0.5:2379: connect: connection refused "
      "while doing something for request 12345";
  s.captures = {{"host", "10.0.0.5"}, {"port", "2379"}};
  return s;
}

void Run(benchmark::State& state, BurstRule::Kind kind) {
  const auto keys = static_cast<uint64_t>(state.range(0));
  const auto per_second = static_cast<uint64_t>(state.range(1));
  constexpr size_t kBatch = 100'000;
  Counters counters;
  Orderer orderer({}, &counters);
  DetectorOptions options;
  Detector detector(SixtySignatures(kind), options, &counters);
  std::mt19937_64 rng(1);
  uint64_t offset = 0;
  size_t most_memory = 0;
  size_t bursts = 0;
  Slice slice;
  SliceOutcome out;
  std::vector<Signal> batch;
  const auto feed = [&] {
    for (const Signal& s : batch) orderer.Add(s);
    while (orderer.NextClosed(&slice)) {
      while (detector.PassTime(slice.start, 5 * kSecondUs, &out)) bursts += out.opened.size();
      detector.OnSlice(slice, &out);
      bursts += out.opened.size();
    }
  };
  const auto fill = [&] {
    batch.clear();
    batch.reserve(kBatch);
    for (size_t i = 0; i < kBatch; ++i, ++offset) {
      const auto time = kStart + static_cast<TimeUs>(offset * kSecondUs / per_second);
      batch.push_back(MakeSignal(rng() % keys, offset, time));
    }
  };
  // Warm: the steady state is what is measured.
  for (uint64_t i = 0; i < 20 + 10 * per_second / kBatch; ++i) {
    fill();
    feed();
  }
  for (auto _ : state) {
    state.PauseTiming();
    fill();
    state.ResumeTiming();
    feed();
    state.PauseTiming();
    most_memory = std::max(most_memory, detector.memory_bytes());
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * kBatch));
  state.counters["keys"] = static_cast<double>(detector.keys());
  state.counters["bursts"] = static_cast<double>(bursts);
  state.counters["overflow"] = static_cast<double>(counters.Get(Reason::kKeyOverflow));
  state.counters["MB"] = static_cast<double>(most_memory) / 1e6;
}

// A checkpoint of orderer and detector with everything in it that their bounds allow.
void BM_Checkpoint(benchmark::State& state) {
  const auto keys = static_cast<uint64_t>(state.range(0));
  const auto per_second = static_cast<uint64_t>(state.range(1));
  const auto knowledge = SixtySignatures(BurstRule::Kind::kThreshold);
  Counters counters;
  Orderer orderer({}, &counters);
  Detector detector(knowledge, {}, &counters);
  std::mt19937_64 rng(1);
  Slice slice;
  SliceOutcome out;
  const uint64_t signals = std::max(per_second * 40, keys * 2);
  for (uint64_t i = 0; i < signals; ++i) {
    orderer.Add(
        MakeSignal(rng() % keys, i, kStart + static_cast<TimeUs>(i * kSecondUs / per_second)));
    while (orderer.NextClosed(&slice)) detector.OnSlice(slice, &out);
  }
  std::string order;
  std::string detect;
  const bool save = state.range(2) == 0;
  for (auto _ : state) {
    if (save || order.empty()) {
      order = orderer.Save(*knowledge);
      detect = detector.Save();
    }
    if (save) continue;
    Orderer orderer2({}, &counters);
    Detector detector2(knowledge, {}, &counters);
    if (!orderer2.Restore(*knowledge, order).ok() || !detector2.Restore(detect).ok())
      state.SkipWithError("refused");
  }
  state.counters["keys"] = static_cast<double>(detector.keys());
  state.counters["orderer_MB"] = static_cast<double>(order.size()) / 1e6;
  state.counters["detector_MB"] = static_cast<double>(detect.size()) / 1e6;
}
BENCHMARK(BM_Checkpoint)
    ->ArgNames({"keys", "per_second", "restore"})
    ->ArgsProduct({{100'000}, {5'000, 100'000}, {0, 1}})
    ->Unit(benchmark::kMillisecond)
    ->Iterations(5);

void BM_Signals(benchmark::State& state) { Run(state, BurstRule::Kind::kThreshold); }
void BM_SignalsRate(benchmark::State& state) { Run(state, BurstRule::Kind::kRate); }
BENCHMARK(BM_Signals)
    ->ArgNames({"keys", "per_second"})
    ->ArgsProduct({{60, 100'000, 1'000'000}, {1'000, 100'000, 1'000'000}})
    ->Iterations(20);
BENCHMARK(BM_SignalsRate)
    ->ArgNames({"keys", "per_second"})
    ->ArgsProduct({{60, 100'000}, {100'000}})
    ->Iterations(20);

const char* const kMessages[] = {
    "dial tcp 10.0.0.5:2379: connect: connection refused",
    "Failed to open /var/lib/app/data/segment-000123.log after 35 ms: No space left on device",
    "java.net.SocketTimeoutException: Read timed out at com.example.http.Client.execute",
    "user 123e4567-e89b-12d3-a456-426614174000 could not be loaded from shard 17 at 10:20:30",
    "an error without anything that varies in it, just a number of plain words"};

void BM_Mask(benchmark::State& state) {
  std::string out;
  size_t bytes = 0;
  size_t i = 0;
  for (auto _ : state) {
    const std::string_view message = kMessages[i++ % std::size(kMessages)];
    MaskMessage(message, &out);
    benchmark::DoNotOptimize(out.data());
    bytes += message.size();
  }
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(BM_Mask);

void BM_Mine(benchmark::State& state) {
  std::vector<std::string> texts;
  std::mt19937_64 rng(1);
  for (int i = 0; i < state.range(0); ++i) {
    std::string text = "component" + std::string(1, static_cast<char>('a' + rng() % 26));
    for (int k = 0; k < 8; ++k)
      text += " word" + std::string(1, static_cast<char>('a' + rng() % 3));
    texts.push_back(text);
  }
  TemplateMiner miner;
  size_t i = 0;
  for (auto _ : state) benchmark::DoNotOptimize(miner.Add(texts[i++ % texts.size()]));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(BM_Mine)->Arg(100)->Arg(10'000)->Arg(100'000);

}  // namespace
}  // namespace culprit
