// What following 2,000 files costs beside reading them once as `culprit replay` does: processor
// time per byte of the reading threads, without what the pipeline does with the bytes.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "engine/ingest/line_blocks.h"
#include "engine/ingest/path_source.h"
#include "engine/ingest/tail/tail_source.h"

namespace culprit {
namespace {

constexpr int kFiles = 2000;

double Seconds(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}
// Of all threads but this one.
double OtherThreads() {
  return Seconds(CLOCK_PROCESS_CPUTIME_ID) - Seconds(CLOCK_THREAD_CPUTIME_ID);
}

class Logs {
 public:
  Logs() {
    rlimit limit{};  // as a service that follows so many is set up
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
      limit.rlim_cur = limit.rlim_max;
      setrlimit(RLIMIT_NOFILE, &limit);
    }
    path_ = (std::filesystem::temp_directory_path() / "culprit-bench-XXXXXX").string();
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  ~Logs() { std::filesystem::remove_all(path_); }
  // `bytes` more in every file, in whole lines. Returns how many bytes there are then.
  uint64_t Grow(size_t bytes) {
    std::string text;
    for (int file = 0; file < kFiles; ++file) {
      text.clear();
      while (text.size() < bytes) {
        absl::StrAppend(&text, "2026-11-21T06:51:05.123Z INFO [worker-", file, "] order ", line_++,
                        " accepted in 12 ms for customer 4711\n");
      }
      const int fd = open(absl::StrCat(path_, "/app", file, "x.log").c_str(),
                          O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
      if (write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
      close(fd);
      bytes_ += text.size();
    }
    return bytes_;
  }
  const std::string& path() const { return path_; }
  uint64_t bytes() const { return bytes_; }

 private:
  std::string path_;
  uint64_t bytes_ = 0;
  int64_t line_ = 0;
};

// Commits at once.
class CountingSink : public LiveSink {
 public:
  absl::Status Push(LiveBatch batch) override {
    bytes_ += batch.bytes.size();
    batch.done(absl::OkStatus());
    return absl::OkStatus();
  }
  absl::StatusOr<bool> TryPush(LiveBatch* batch) override { return Push(std::move(*batch)).ok(); }
  bool HasReceipt(std::string_view, std::string_view) const override { return false; }
  absl::Status PushDeadLetter(DeadLetter) override { return absl::OkStatus(); }
  bool Accepting() const override { return true; }
  TimeUs Now() const override {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  void Await(uint64_t bytes) const {
    while (bytes_ < bytes) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }

 private:
  std::atomic<uint64_t> bytes_{0};
};

void Rate(benchmark::State& state, uint64_t bytes) {
  state.SetBytesProcessed(static_cast<int64_t>(bytes));
}

void Replay(benchmark::State& state) {
  Logs logs;
  logs.Grow(static_cast<size_t>(state.range(0)));
  uint64_t bytes = 0;
  for (auto _ : state) {
    const double before = Seconds(CLOCK_PROCESS_CPUTIME_ID);
    auto source = MakePathSource({logs.path()}, {});
    if (!source.ok()) std::abort();
    for (const auto& unit : (*source)->Units()) {
      const absl::Status read = unit->ForEachStream([&](ByteStream& stream) {
        Counters counters;
        LineBlocks blocks(stream, {}, &counters);
        LineBlocks::Block block;
        for (;;) {
          const absl::StatusOr<bool> more = blocks.Next(&block);
          if (!more.ok()) return more.status();
          if (!*more) return absl::OkStatus();
          bytes += block.bytes.size();
        }
      });
      if (!read.ok()) std::abort();
    }
    state.SetIterationTime(Seconds(CLOCK_PROCESS_CPUTIME_ID) - before);
  }
  Rate(state, bytes);
}

// From the first look at the files to the last byte.
void TailCatchesUp(benchmark::State& state) {
  Logs logs;
  logs.Grow(static_cast<size_t>(state.range(0)));
  for (auto _ : state) {
    TailConfig config;
    config.include = {logs.path() + "/*.log"};
    CountingSink sink;
    auto source = MakeTailSource(config);
    const double before = OtherThreads();
    if (!source.ok() || !(*source)->Start(&sink, {}).ok()) std::abort();
    sink.Await(logs.bytes());
    state.SetIterationTime(OtherThreads() - before);
  }
  Rate(state, logs.bytes() * state.iterations());
}

// All files are known and grow, each by one write; inotify tells.
void TailFollows(benchmark::State& state) {
  Logs logs;
  logs.Grow(100);
  TailConfig config;
  config.include = {logs.path() + "/*.log"};
  CountingSink sink;
  auto source = MakeTailSource(config);
  if (!source.ok() || !(*source)->Start(&sink, {}).ok()) std::abort();
  sink.Await(logs.bytes());
  const uint64_t known = logs.bytes();
  for (auto _ : state) {
    const double before = OtherThreads();
    sink.Await(logs.Grow(static_cast<size_t>(state.range(0))));
    state.SetIterationTime(OtherThreads() - before);
  }
  Rate(state, logs.bytes() - known);
}

constexpr int kKb = 1024;
BENCHMARK(Replay)->Arg(16 * kKb)->Arg(64 * kKb)->UseManualTime()->Unit(benchmark::kMillisecond);
BENCHMARK(TailCatchesUp)
    ->Arg(16 * kKb)
    ->Arg(64 * kKb)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK(TailFollows)
    ->Arg(16 * kKb)
    ->Arg(64 * kKb)
    ->UseManualTime()
    ->Iterations(3)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace culprit
