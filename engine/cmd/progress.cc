#include "engine/cmd/progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <string>

namespace culprit {
namespace {
constexpr auto kFirst = std::chrono::milliseconds(400);  // shorter work shows nothing
constexpr auto kEvery = std::chrono::milliseconds(100);
constexpr int kBarCells = 24;

std::string Bar(double share) {
  const int full = static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * kBarCells));
  std::string out;
  for (int i = 0; i < kBarCells; ++i) out += i < full ? "█" : "░";
  return out;
}
}  // namespace

ProgressLine::ProgressLine(const ScanProgress& progress, bool enabled) : progress_(progress) {
  if (enabled) thread_ = std::thread([this] { Run(); });
}

void ProgressLine::Phase(ReplayPhase phase, double done) {
  phase_ = static_cast<int>(phase);
  done_ = done;
}

void ProgressLine::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  wake_.notify_all();
  thread_.join();
  if (printed_) fprintf(stderr, "\r\033[K");
}

void ProgressLine::Run() {
  const auto start = std::chrono::steady_clock::now();
  std::unique_lock<std::mutex> lock(mutex_);
  if (wake_.wait_for(lock, kFirst, [this] { return stopped_; })) return;
  do {
    Print(std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  } while (!wake_.wait_for(lock, kEvery, [this] { return stopped_; }));
}

void ProgressLine::Print(double seconds) {
  printed_ = true;
  const double megabytes = static_cast<double>(progress_.bytes_scanned) / 1e6;
  if (phase_ == static_cast<int>(ReplayPhase::kReason)) {
    fprintf(stderr, "\r\033[Kcause %s %3.0f %%  %llu signals", Bar(done_).c_str(), done_ * 100,
            static_cast<unsigned long long>(progress_.signals.load()));
  } else if (const double total = static_cast<double>(progress_.stored_total); total > 0) {
    const double share = std::min(1.0, static_cast<double>(progress_.stored_bytes) / total);
    fprintf(stderr, "\r\033[Kscan  %s %3.0f %%  %.0f MB  %.0f MB/s", Bar(share).c_str(),
            share * 100, megabytes, megabytes / seconds);
    if (share > 0.02) fprintf(stderr, "  ETA %.0f s", seconds / share - seconds);
  } else {
    fprintf(stderr, "\r\033[Kscan  %.0f MB  %.0f MB/s", megabytes, megabytes / seconds);
  }
  fflush(stderr);
}

}  // namespace culprit
