// Scan against the other ways to find the same signatures in the same text, in one run. Counter
// MB/s is of 10^6 bytes; `hits` must agree between those that judge whole lines.
#include <benchmark/benchmark.h>
#include <re2/re2.h>
#include <re2/set.h>

#include <memory>
#include <set>

#include "bench/micro/match/bench_input.h"
#include "engine/match/lines.h"
#include "engine/match/signature_set.h"
#include "engine/match/subject.h"
#include "engine/match/trigger.h"
#ifdef CULPRIT_HAVE_VECTORSCAN
#include <hs.h>
#endif

namespace culprit {
namespace {

void Report(benchmark::State& state, size_t bytes, size_t hits) {
  const double total = static_cast<double>(state.iterations()) * static_cast<double>(bytes);
  state.counters["MB/s"] = benchmark::Counter(total / 1e6, benchmark::Counter::kIsRate);
  state.counters["hits"] = static_cast<double>(hits);
}

std::unique_ptr<const SignatureSet> BuildInputSet() {
  auto set = SignatureSet::Build(Input().specs);
  if (!set.ok()) {
    std::fprintf(stderr, "%s\n", std::string(set.status().message()).c_str());
    std::exit(1);
  }
  return *std::move(set);
}

void BM_Scan(benchmark::State& state) {
  const auto set = BuildInputSet();
  MatchScratch scratch;
  std::vector<Hit> hits;
  size_t found = 0;
  for (auto _ : state) {
    found = 0;
    for (const std::string_view block : Input().blocks) {
      hits.clear();
      set->Scan(block, scratch, &hits);
      found += hits.size();
    }
  }
  Report(state, Input().size, found);
}
BENCHMARK(BM_Scan)->Unit(benchmark::kMillisecond);

void BM_Build(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(BuildInputSet());
}
BENCHMARK(BM_Build)->Unit(benchmark::kMillisecond);

void BM_CountLines(benchmark::State& state) {
  size_t lines = 0;
  for (auto _ : state) {
    lines = 0;
    for (const std::string_view block : Input().blocks) lines += CountLines(block);
  }
  Report(state, Input().size, lines);
}
BENCHMARK(BM_CountLines)->Unit(benchmark::kMillisecond);

void BM_Re2SetPerLine(benchmark::State& state) {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(64 << 20);
  RE2::Set set(options, RE2::UNANCHORED);
  for (const SignatureSpec& spec : Input().specs) set.Add(spec.regex, nullptr);
  if (!set.Compile()) {
    state.SkipWithError("RE2::Set does not compile");
    return;
  }
  std::string scratch;
  std::vector<int> matched;
  size_t found = 0;
  for (auto _ : state) {
    found = 0;
    for (const std::string_view block : Input().blocks) {
      ForEachLine(block, [&](const char* begin, const char* end) {
        const std::string_view subject =
            Subject({begin, static_cast<size_t>(end - begin)}, &scratch);
        if (set.Match({subject.data(), subject.size()}, &matched)) found += matched.size();
      });
    }
  }
  Report(state, Input().size, found);
}
BENCHMARK(BM_Re2SetPerLine)->Unit(benchmark::kMillisecond);

// One block only: it is slow.
void BM_EachRe2InTurn(benchmark::State& state) {
  const auto set = BuildInputSet();
  MatchScratch scratch;
  std::vector<Hit> hits;
  for (auto _ : state) {
    hits.clear();
    set->ScanSlow(Input().blocks.front(), scratch, &hits);
  }
  Report(state, Input().blocks.front().size(), hits.size());
}
BENCHMARK(BM_EachRe2InTurn)->Unit(benchmark::kMillisecond);

#ifdef CULPRIT_HAVE_VECTORSCAN
// Vectorscan looking for the literals that Scan looks for: raw, nothing done with what it finds.
void BM_VectorscanLiterals(benchmark::State& state) {
  std::set<Literal> literals;
  for (const SignatureSpec& spec : Input().specs) {
    for (const Trigger& trigger :
         PlanTriggers(ParsePattern(spec.regex), RarityModel::Builtin()).triggers) {
      if (!trigger.escaped) literals.insert(trigger.literal);
    }
  }
  std::vector<const char*> texts;
  std::vector<unsigned> flags;
  std::vector<unsigned> ids;
  std::vector<size_t> sizes;
  for (const Literal& literal : literals) {
    const bool caseless = literal.free.find(kCaseBit) != std::string::npos;
    texts.push_back(literal.text.data());
    sizes.push_back(literal.size());
    flags.push_back(caseless ? HS_FLAG_CASELESS : 0);
    ids.push_back(static_cast<unsigned>(ids.size()));
  }
  hs_database_t* database = nullptr;
  hs_compile_error_t* error = nullptr;
  hs_scratch_t* scratch = nullptr;
  if (hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), sizes.data(),
                           static_cast<unsigned>(texts.size()), HS_MODE_BLOCK, nullptr, &database,
                           &error) != HS_SUCCESS ||
      hs_alloc_scratch(database, &scratch) != HS_SUCCESS) {
    state.SkipWithError("Vectorscan does not compile the literals");
    return;
  }
  size_t found = 0;
  const auto count = [](unsigned, unsigned long long, unsigned long long, unsigned,
                        void* context) noexcept {
    ++*static_cast<size_t*>(context);
    return 0;
  };
  for (auto _ : state) {
    found = 0;
    for (const std::string_view block : Input().blocks) {
      hs_scan(database, block.data(), static_cast<unsigned>(block.size()), 0, scratch, count,
              &found);
    }
  }
  Report(state, Input().size, found);
  state.counters["literals"] = static_cast<double>(literals.size());
  hs_free_scratch(scratch);
  hs_free_database(database);
}
BENCHMARK(BM_VectorscanLiterals)->Unit(benchmark::kMillisecond);
#endif

}  // namespace
}  // namespace culprit
