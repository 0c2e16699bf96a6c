#include "engine/ingest/stdin/stdin_source.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"

namespace culprit {
namespace {

constexpr size_t kReadBytes = 64 * 1024;  // a pipe's size
// What was written before the drain is still taken: up to so long a silence, and not longer than
// kDrain.
constexpr int64_t kDrainSilenceUs = 20'000;
constexpr int64_t kDrainUs = kSecondUs;

int64_t SteadyUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

class StdinSource : public LiveSource {
 public:
  StdinSource(const StdinConfig& config, int descriptor)
      : config_(config), fd_(descriptor), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~StdinSource() override {
    Stop();
    close(wake_);
  }

  absl::Status Start(LiveSink* sink, const std::vector<ResumePoint>& resume) override {
    if (wake_ < 0) return absl::InternalError(absl::StrCat("eventfd: ", std::strerror(errno)));
    sink_ = sink;
    // What was read by a program that is gone cannot be read again: its streams have ended.
    for (const ResumePoint& point : resume) ended_.push_back(point.stream);
    const TimeUs now = sink->Now();
    started_ = now;
    stream_ = std::make_shared<const LiveStream>(LiveStream{
        .source = config_.name,
        .key = absl::StrCat("stdin ", absl::Hex(static_cast<uint64_t>(now))),
        .display = config_.name,
        .path = "",
    });
    state_ = SourceState::kOk;
    thread_ = std::thread([this] { Run(); });
    return absl::OkStatus();
  }
  // Waits for what the writer had written: once this returned, a Stop may come at any time.
  void Drain() override {
    draining_ = true;
    Wake();
    std::unique_lock lock(mutex_);
    if (!thread_.joinable()) return;
    changed_.wait_for(lock, std::chrono::microseconds(2 * kDrainUs), [&] { return done_; });
  }
  void Stop() override {
    stopping_ = true;
    Wake();
    if (thread_.joinable()) thread_.join();
    state_ = SourceState::kStopped;
  }
  SourceHealth health() const override {
    SourceHealth health;
    health.state = state_;
    health.records = lines_;
    health.bytes = bytes_;
    health.last_data = last_data_;
    health.streams = health.state == SourceState::kOk ? 1 : 0;
    {
      const std::lock_guard lock(mutex_);
      health.detail = detail_;
    }
    if (health.state != SourceState::kOk) return health;
    const TimeUs since = health.last_data == kNoTime ? started_ : health.last_data;
    if (!sink_->Accepting()) {
      health.state = SourceState::kPaused;
    } else if (config_.quiet_after > 0 && sink_->Now() - since >= config_.quiet_after) {
      health.state = SourceState::kQuiet;
    }
    return health;
  }
  const std::string& name() const override { return config_.name; }

 private:
  enum class Got : uint8_t { kBytes, kNothing, kEnd };

  void Wake() {
    const uint64_t one = 1;
    if (write(wake_, &one, sizeof(one)) < 0) return;  // it is set already
  }

  void Run() {
    ReadOn();
    const std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_all();
  }

  void ReadOn() {
    absl::Status status = Announce();
    bool ended = false;
    int64_t drain_until = 0;
    while (status.ok() && !stopping_ && !ended) {
      // All the time, a batch's gathering time, or the silence of a drain.
      int64_t wait = -1;
      if (lines_end_ > 0) wait = std::max<int64_t>(due_ - SteadyUs(), 0);
      const bool draining = draining_;  // before the wait
      if (draining) {
        if (drain_until == 0) drain_until = SteadyUs() + kDrainUs;
        wait = SteadyUs() < drain_until ? kDrainSilenceUs : 0;
      }
      const Got got = Read(wait, &status);
      if (!status.ok()) break;
      ended = got == Got::kEnd || (draining && got == Got::kNothing);
      if (draining && SteadyUs() >= drain_until) ended = true;
      if (ended) {
        status = PushRest(got == Got::kEnd);
      } else if (pending_.size() >= kLiveBatchBytes || (lines_end_ > 0 && SteadyUs() >= due_)) {
        status = PushLines(config_.max_line_bytes);
      }
    }
    if (status.ok() || absl::IsCancelled(status)) {
      Say(ended && !draining_ ? "its input has ended" : "");
      if (ended) state_ = SourceState::kStopped;
      return;
    }
    Say(std::string(status.message()));
    state_ = SourceState::kFailing;
  }

  void Say(std::string detail) {
    const std::lock_guard lock(mutex_);
    detail_ = std::move(detail);
  }

  absl::Status Announce() {
    for (LiveStream& old : ended_) {
      LiveBatch batch;
      batch.stream = std::make_shared<const LiveStream>(std::move(old));
      batch.end_of_stream = true;
      batch.done = [](const absl::Status&) {};
      if (absl::Status s = sink_->Push(std::move(batch)); !s.ok()) return s;
    }
    ended_.clear();
    return Push({}, 0, /*end=*/false);
  }

  // Appends what is there to `pending_`, at most one block more than a batch has, or one line as
  // long as allowed and a byte. `wait`: in us; -1: until something happens.
  Got Read(int64_t wait, absl::Status* status) {
    pollfd polled[2] = {{.fd = fd_, .events = POLLIN, .revents = 0},
                        {.fd = wake_, .events = POLLIN, .revents = 0}};
    // A drain that wakes is seen by the next turn; it does not keep waking.
    const int ready = poll(polled, 2, wait < 0 ? -1 : static_cast<int>((wait + 999) / 1000));
    if (ready < 0 && errno != EINTR) {
      *status = absl::InternalError(absl::StrCat("poll: ", std::strerror(errno)));
      return Got::kNothing;
    }
    bool woken = false;
    if (ready > 0 && polled[1].revents != 0) {
      uint64_t count = 0;
      woken = read(wake_, &count, sizeof(count)) > 0;
    }
    if (ready <= 0 || polled[0].revents == 0) return woken ? Got::kBytes : Got::kNothing;
    const size_t most = lines_end_ > 0 ? kLiveBatchBytes : config_.max_line_bytes + 1;
    const size_t held = pending_.size();
    const size_t want = std::min(kReadBytes, most > held ? most - held : 1);
    pending_.resize(held + want);
    const ssize_t n = read(fd_, pending_.data() + held, want);
    pending_.resize(held + static_cast<size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) return Got::kBytes;
    if (n < 0) {
      *status = absl::UnavailableError(absl::StrCat("cannot read: ", std::strerror(errno)));
      return Got::kNothing;
    }
    if (n == 0) return Got::kEnd;
    bytes_ += static_cast<uint64_t>(n);
    last_data_ = sink_->Now();
    Took(held);
    return Got::kBytes;
  }

  // Bytes from `held` on are new: leaves out what belongs to a line that was cut, finds where whole
  // lines end.
  void Took(size_t held) {
    if (dropping_) {
      const size_t newline = pending_.find('\n');
      const size_t dropped = newline == std::string::npos ? pending_.size() : newline + 1;
      dropping_ = newline == std::string::npos;
      offset_ += dropped;
      pending_.erase(0, dropped);
      held = 0;
    }
    const size_t newline = std::string_view(pending_).substr(held).rfind('\n');
    if (newline == std::string::npos) return;
    if (lines_end_ == 0) due_ = SteadyUs() + config_.batch_wait;
    lines_end_ = held + newline + 1;
  }

  // The whole lines; a line without an end only if it is longer than `most`: its head.
  absl::Status PushLines(size_t most) {
    const bool cut = lines_end_ == 0;
    if (cut && pending_.size() <= most) return absl::OkStatus();
    const size_t taken = cut ? most : lines_end_;
    std::string bytes;
    bytes.reserve(taken + 1 + kLiveBatchPadding);
    bytes.assign(pending_, 0, taken);
    pending_.erase(0, taken);
    if (cut) bytes.push_back('\n');
    lines_end_ = 0;
    lines_ += static_cast<uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
    Counters counters;
    if (cut) counters.Count(Reason::kLineTruncated);
    absl::Status status = Push(std::move(bytes), taken, /*end=*/false, counters);
    if (cut && status.ok()) {
      dropping_ = true;
      Took(0);
    }
    return status;
  }

  // All lines, and what stands behind the last newline.
  absl::Status PushRest(bool end) {
    if (lines_end_ > 0) {
      if (absl::Status s = PushLines(config_.max_line_bytes); !s.ok()) return s;
    }
    std::string last = std::move(pending_);
    pending_.clear();
    const size_t taken = last.size();
    if (taken > 0) last.push_back('\n');
    lines_ += taken > 0 ? 1 : 0;
    if (taken == 0 && !end) return absl::OkStatus();
    return Push(std::move(last), taken, end);
  }

  absl::Status Push(std::string bytes, size_t taken, bool end, const Counters& counters = {}) {
    LiveBatch batch;
    batch.stream = stream_;
    batch.bytes = std::move(bytes);
    batch.offset = offset_;
    batch.counters = counters;
    batch.end_of_stream = end;
    batch.done = [](const absl::Status&) {};  // nobody outside waits for it
    offset_ += taken;
    return sink_->Push(std::move(batch));
  }

  const StdinConfig config_;
  const int fd_;
  const int wake_;
  LiveSink* sink_ = nullptr;
  TimeUs started_ = kNoTime;
  std::atomic<bool> draining_{false}, stopping_{false};
  std::atomic<SourceState> state_{SourceState::kStarting};
  std::atomic<uint64_t> lines_{0}, bytes_{0};
  std::atomic<TimeUs> last_data_{kNoTime};
  mutable std::mutex mutex_;  // of the three below
  std::condition_variable changed_;
  std::string detail_;
  bool done_ = false;  // the thread reads no more

  // Of thread_ from here on.
  std::vector<LiveStream> ended_;
  std::shared_ptr<const LiveStream> stream_;
  std::string pending_;    // read, not pushed
  uint64_t offset_ = 0;    // of its first byte in the stream
  size_t lines_end_ = 0;   // behind its last newline
  int64_t due_ = 0;        // when its lines are pushed at the latest
  bool dropping_ = false;  // up to the next newline: the rest of a line that was cut

  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LiveSource>> MakeStdinSource(const StdinConfig& config,
                                                            int descriptor) {
  const auto wrong = [&](const char* what) {
    return absl::InvalidArgumentError(absl::StrCat("source ", config.name, ": ", what));
  };
  if (config.batch_wait < 0 || config.quiet_after < 0) return wrong("a time is negative");
  if (config.max_line_bytes < 1 || config.max_line_bytes >= 4 * kLiveBatchBytes) {
    return wrong("max_line_bytes must be from 1 to 1048575");
  }
  return std::make_unique<StdinSource>(config, descriptor);
}

}  // namespace culprit
