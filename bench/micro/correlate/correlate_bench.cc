// One evaluation of the correlator among N components: cold (nothing kept), warm (trees and scores
// kept, one second later), and update (a new burst that lights an edge). Counters: bursts, roots.
#include <benchmark/benchmark.h>

#include <algorithm>

#include "engine/correlate/inference.h"
#include "tests/unit/correlate/simulator.h"

namespace culprit {
namespace {

struct Case {
  testing::Cascade cascade;
  Topology topology;
  std::vector<SymptomItem> items;
  TimeUs now;
  InferenceCache kept = {};  // a copy starts empty
};

CorrelatorOptions Options() {
  CorrelatorOptions options;
  options.forced_unknown_edge = 0;
  return options;
}

// The cascade with the most bursts among a few: large blast radius, two faults.
Case Make(int components, double noise = 6) {
  testing::CascadeOptions cascade;
  cascade.components = components;
  cascade.two_faults = 1;
  cascade.noise = noise;
  testing::Cascade worst;
  for (uint64_t seed = 1; seed <= 12; ++seed) {
    auto one = testing::Simulate(seed, cascade);
    if (one.bursts.size() > worst.bursts.size()) worst = std::move(one);
  }
  Topology topology = testing::TopologyOf(worst, 90, Options());
  auto items = testing::ItemsOf(worst, 90, topology);
  return {worst, std::move(topology), std::move(items), testing::SimulatedTime(90), {}};
}

InferenceResult Evaluate(Case& c, const std::vector<SymptomItem>& items, TimeUs now) {
  const CorrelatorOptions options = Options();
  static const ModeCatalog modes;
  ObserveEdges(items, now, options, &c.topology);
  const EvidenceSet evidence(c.topology, items);
  return Infer(c.topology, modes, evidence, now, options, nullptr, &c.kept);
}

void Report(benchmark::State& state, const Case& c, const InferenceResult& result) {
  state.counters["bursts"] = static_cast<double>(c.items.size());
  state.counters["roots"] = static_cast<double>(result.incidents.size());
}

void BM_EvaluateCold(benchmark::State& state) {
  const Case base = Make(static_cast<int>(state.range(0)));
  InferenceResult result;
  for (auto _ : state) {
    state.PauseTiming();
    Case c = base;
    state.ResumeTiming();
    result = Evaluate(c, c.items, c.now);
  }
  Report(state, base, result);
}
BENCHMARK(BM_EvaluateCold)->Arg(20)->Arg(200)->Arg(1000)->Arg(5000)->Unit(benchmark::kMillisecond);

void BM_EvaluateWarm(benchmark::State& state) {
  Case c = Make(static_cast<int>(state.range(0)));
  Evaluate(c, c.items, c.now);
  InferenceResult result;
  for (auto _ : state) {
    c.now += kSecondUs;
    result = Evaluate(c, c.items, c.now);
  }
  Report(state, c, result);
}
BENCHMARK(BM_EvaluateWarm)->Arg(20)->Arg(200)->Arg(1000)->Arg(5000)->Unit(benchmark::kMillisecond);

// A burst more, a burst less: each second one changes.
void BM_EvaluateUpdate(benchmark::State& state) {
  Case c = Make(static_cast<int>(state.range(0)));
  Evaluate(c, c.items, c.now);
  InferenceResult result;
  size_t turn = 0;
  for (auto _ : state) {
    auto items = c.items;
    items.erase(items.begin() + static_cast<ptrdiff_t>(turn++ % items.size()));
    c.now += kSecondUs;
    result = Evaluate(c, items, c.now);
  }
  Report(state, c, result);
}
BENCHMARK(BM_EvaluateUpdate)
    ->Arg(20)
    ->Arg(200)
    ->Arg(1000)
    ->Arg(5000)
    ->Unit(benchmark::kMillisecond);

// A storm: bursts all over the place, most of them unrelated.
void BM_EvaluateStorm(benchmark::State& state) {
  Case c = Make(static_cast<int>(state.range(0)), static_cast<double>(state.range(1)));
  Evaluate(c, c.items, c.now);
  InferenceResult result;
  for (auto _ : state) {
    c.now += kSecondUs;
    result = Evaluate(c, c.items, c.now);
  }
  Report(state, c, result);
}
BENCHMARK(BM_EvaluateStorm)
    ->Args({200, 100})
    ->Args({1000, 500})
    ->Args({5000, 700})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace culprit
