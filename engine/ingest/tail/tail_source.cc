#include "engine/ingest/tail/tail_source.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/ingest/tail/follower.h"

namespace culprit {
namespace {

constexpr int64_t kReportUs = 200'000;
constexpr int64_t kMinScanUs = 20'000;
constexpr int64_t kLaggingUs = 10 * kSecondUs;  // never once at the end for this long

class TailSource : public LiveSource {
 public:
  explicit TailSource(const TailConfig& config)
      : config_(config), watcher_(config.watch == TailConfig::Watch::kInotify) {}
  ~TailSource() override { Stop(); }

  absl::Status Start(LiveSink* sink, const std::vector<ResumePoint>& resume) override {
    sink_ = sink;
    auto follower = std::make_unique<Follower>(config_, sink, &watcher_);
    if (absl::Status s = follower->Restore(resume); !s.ok()) {
      return absl::Status(s.code(), absl::StrCat("source ", config_.name, ": ", s.message()));
    }
    thread_ = std::thread([this, follower = std::move(follower)] { Run(follower.get()); });
    return absl::OkStatus();
  }
  void Drain() override {
    draining_ = true;
    watcher_.Wake();
  }
  void Stop() override {
    stopping_ = draining_ = true;
    watcher_.Wake();
    if (thread_.joinable()) thread_.join();
    const std::lock_guard lock(mutex_);
    health_.state = SourceState::kStopped;
  }
  SourceHealth health() const override {
    SourceHealth health;
    {
      const std::lock_guard lock(mutex_);
      health = health_;
    }
    if (sink_ == nullptr || health.state == SourceState::kStopped) return health;
    if (health.state == SourceState::kOk || health.state == SourceState::kLagging) {
      if (!sink_->Accepting()) health.state = SourceState::kPaused;
    }
    return health;
  }
  const std::string& name() const override { return config_.name; }

 private:
  void Run(Follower* follower) {
    const absl::Status status = Loop(follower);
    const std::lock_guard lock(mutex_);
    follower->Report(&health_);
    if (!status.ok() && !absl::IsCancelled(status)) {
      health_.state = SourceState::kFailing;
      health_.detail = std::string(status.message());
    }
  }

  absl::Status Loop(Follower* follower) {
    int64_t scan_due = 0, scan_allowed = 0, tick_due = 0, caught_up = SteadyUs(), reported = 0;
    const int64_t started = sink_->Now();
    while (!stopping_) {
      if (draining_) {
        watcher_.Wait(60 * kSecondUs, /*only_wake=*/true, nullptr);
        continue;
      }
      int64_t now = SteadyUs();
      if (now >= scan_due || (follower->scan_wanted() && now >= scan_allowed)) {
        if (absl::Status s = follower->Discover(); !s.ok()) return s;
        const int64_t end = SteadyUs();
        scan_due = end + (watcher_.polls() ? config_.poll_interval : config_.rescan_interval);
        // Scans take at most a fifth of the time, however much happens.
        scan_allowed = end + std::max(kMinScanUs, 4 * (end - now));
      }
      const int64_t round = SteadyUs();
      if (absl::Status s = follower->ReadTurn(); !s.ok()) return s;
      now = SteadyUs();
      if (!follower->ready()) caught_up = now;
      if (follower->tick_us() > 0 && now >= tick_due) {
        if (absl::Status s = follower->Tick(); !s.ok()) return s;
        tick_due = now + follower->tick_us();
      }
      if (now - reported >= kReportUs || !follower->ready()) {
        reported = now;
        Report(*follower, now - caught_up >= kLaggingUs, started);
      }
      int64_t wait = 0;
      if (!follower->ready()) {
        wait = std::max<int64_t>(scan_due - now, 0);
        if (follower->scan_wanted())
          wait = std::min(wait, std::max<int64_t>(scan_allowed - now, 0));
        if (follower->tick_us() > 0) wait = std::min(wait, std::max<int64_t>(tick_due - now, 0));
      }
      Watcher::Changes changes;
      watcher_.Wait(wait, /*only_wake=*/false, &changes);
      if (!changes.written.empty() && !follower->ready()) {
        // Small writes are gathered.
        const int64_t rest = round + config_.batch_wait - SteadyUs();
        if (rest > 0 && !draining_) watcher_.Wait(rest, /*only_wake=*/true, nullptr);
        watcher_.Wait(0, /*only_wake=*/false, &changes);
      }
      for (const std::string& path : changes.written) follower->Touched(path);
      if (changes.names) scan_due = std::min(scan_due, scan_allowed);
    }
    return absl::OkStatus();
  }

  void Report(const Follower& follower, bool lagging, TimeUs started) {
    const std::lock_guard lock(mutex_);
    follower.Report(&health_);
    if (health_.state != SourceState::kOk) return;
    const TimeUs since = health_.last_data == kNoTime ? started : health_.last_data;
    if (lagging) {
      health_.state = SourceState::kLagging;
      if (health_.detail.empty()) {
        health_.detail =
            absl::StrCat(health_.lag, " bytes wait; they come faster than they are read");
      }
    } else if (config_.quiet_after > 0 && sink_->Now() - since >= config_.quiet_after) {
      health_.state = SourceState::kQuiet;
    }
  }

  const TailConfig config_;
  LiveSink* sink_ = nullptr;
  Watcher watcher_;  // Wake by any thread, the rest by thread_
  std::atomic<bool> draining_{false}, stopping_{false};
  std::thread thread_;
  mutable std::mutex mutex_;
  SourceHealth health_;  // guarded by mutex_
};

}  // namespace

absl::StatusOr<std::unique_ptr<LiveSource>> MakeTailSource(const TailConfig& config) {
  const auto wrong = [&](const char* what) {
    return absl::InvalidArgumentError(absl::StrCat("source ", config.name, ": ", what));
  };
  if (config.include.empty()) return wrong("include is empty; name files, directories or globs");
  for (const auto* globs : {&config.include, &config.exclude}) {
    for (const std::string& glob : *globs) {
      if (glob.empty()) return wrong("a path in include or exclude is empty");
      if (glob == "-") return wrong("standard input is a source of its own: stdin");
    }
  }
  if (config.rescan_interval <= 0 || config.poll_interval <= 0) {
    return wrong("rescan_interval and poll_interval must be more than 0");
  }
  if (config.batch_wait < 0 || config.rotate_wait < 0 || config.partial_line_wait < 0 ||
      config.quiet_after < 0 || config.ignore_older < 0) {
    return wrong("a time is negative");
  }
  if (config.max_line_bytes < 1 || config.max_line_bytes >= 4 * kLiveBatchBytes) {
    return wrong("max_line_bytes must be from 1 to 1048575");
  }
  if (config.max_open_files < 1) return wrong("max_open_files must be at least 1");
  return std::make_unique<TailSource>(config);
}

}  // namespace culprit
