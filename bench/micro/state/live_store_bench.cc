// Commits of the live store: bytes of log per second and time per commit, by size of the commit and
// number of streams whose positions it updates; with the upkeep that a run does every second, so
// that emptying the write-ahead log and cutting the log's head are part of it. Reading the log
// back. Needs 1 GiB in $TMPDIR (or /tmp); the disk decides most of the time where `sync` is on.
#include <benchmark/benchmark.h>
#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "engine/state/sqlite_store.h"

namespace culprit {
namespace {

constexpr size_t kChunkBytes = 64 << 10;

class Store {
 public:
  explicit Store(bool sync) {
    const char* tmp = getenv("TMPDIR");
    path_ = std::string(tmp ? tmp : "/tmp") + "/culprit-bench-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) abort();
    StoreOptions options;
    options.directory = path_ + "/state";
    options.sync = sync;
    options.log_bytes = 256 << 20;
    auto store = OpenSqliteStore(options, nullptr);
    if (!store.ok()) abort();
    store_ = *std::move(store);
  }
  ~Store() {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  LiveStore* operator->() { return store_.get(); }

 private:
  std::string path_;
  std::unique_ptr<LiveStore> store_;
};

// Like encoded entries: text that repeats, with numbers in it.
std::string Entries(std::mt19937_64& random) {
  std::string out;
  while (out.size() < kChunkBytes)
    out += "dial tcp 10.0.0.5:2379: connect: connection refused " + std::to_string(random());
  out.resize(kChunkBytes);
  return out;
}

// Arguments: MiB of entries in a commit, streams updated by it, sync.
void BM_Commit(benchmark::State& state) {
  Store store(state.range(2) != 0);
  std::mt19937_64 random(3);
  ScanCommit commit;
  for (int64_t bytes = 0; bytes < state.range(0) << 20; bytes += kChunkBytes)
    commit.chunks.push_back({1, 1, Entries(random), 100});
  for (int64_t p = 1; p <= state.range(1); ++p)
    commit.partitions.push_back({static_cast<PartitionId>(p),
                                 {"tail", "dev 8:1 inode " + std::to_string(p), "/var/log/x.log"},
                                 std::string(80, 'r'),
                                 std::string(200, 's')});
  commit.signature_totals = {{"etcd/timeout", 100}, {"generic/error", 10}};
  commit.counters.Count(Reason::kLate);
  std::vector<double> times;
  uint64_t since_upkeep = 0;
  uint64_t n = 0;
  for (auto _ : state) {
    commit.now = static_cast<TimeUs>(++n) * kSecondUs;
    for (StoredPartition& p : commit.partitions) p.resume[n % 80]++;
    const auto start = std::chrono::steady_clock::now();
    const auto seq = store->Commit(commit);
    times.push_back(
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
            .count());
    if (!seq.ok()) {
      state.SkipWithError(std::string(seq.status().message()).c_str());
      break;
    }
    since_upkeep += commit.chunks.size() * kChunkBytes;
    if (n % 100 != 0 && since_upkeep < 100 << 20) continue;
    since_upkeep = 0;
    ReasonCommit reason;
    reason.log_seq = *seq;
    reason.checkpoint = std::string(1 << 20, 'c');
    if (!store->Commit(reason).ok() || !store->Maintain(commit.now).ok()) abort();
  }
  std::sort(times.begin(), times.end());
  state.SetBytesProcessed(static_cast<int64_t>(n * commit.chunks.size() * kChunkBytes));
  if (!times.empty()) {
    state.counters["p50_ms"] = times[times.size() / 2];
    state.counters["p99_ms"] = times[times.size() * 99 / 100];
    state.counters["max_ms"] = times.back();
  }
}
BENCHMARK(BM_Commit)
    ->Args({0, 1, 1})
    ->Args({0, 1, 0})
    ->Args({0, 5000, 1})
    ->Args({1, 1, 1})
    ->Args({1, 200, 1})
    ->Args({8, 1, 1})
    ->Args({8, 5000, 1})
    ->Args({8, 5000, 0})
    ->MeasureProcessCPUTime()
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

void BM_ReadLog(benchmark::State& state) {
  Store store(false);
  std::mt19937_64 random(3);
  ScanCommit commit;
  for (int i = 0; i < 16; ++i) commit.chunks.push_back({1, 1, Entries(random), 100});
  for (int i = 0; i < 100; ++i)
    if (!store->Commit(commit).ok()) abort();
  if (!store->Maintain(kNoTime).ok()) abort();
  uint64_t seq = 0;
  int64_t bytes = 0;
  for (auto _ : state) {
    const auto chunks = store->ReadChunks(seq, 1 << 20);
    if (!chunks.ok()) abort();
    for (const StoredChunk& chunk : *chunks)
      bytes += static_cast<int64_t>(chunk.chunk.entries.size());
    seq = chunks->empty() || chunks->back().seq == 1600 ? 0 : chunks->back().seq;
  }
  state.SetBytesProcessed(bytes);
}
BENCHMARK(BM_ReadLog);

}  // namespace
}  // namespace culprit
