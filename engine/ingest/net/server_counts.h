// What a server counts and warns of, by kind, and what all of them tell of their health.
// Thread-safe.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "engine/core/live.h"

namespace culprit {

// Log lines that strangers can cause: at most one per second and kind; the next one says how many
// were left out.
class QuietWarning {
 public:
  void Warn(std::string_view source, std::string_view kind, std::string_view peer,
            std::string_view what);

 private:
  std::mutex mutex_;  // of what follows
  absl::Time until_ = absl::InfinitePast();
  uint64_t left_out_ = 0;
};

// `Kind` ends with kCount; `Name` gives its snake_case metrics label.
template <class Kind, std::string_view (*Name)(Kind)>
class ServerCounts {
 public:
  explicit ServerCounts(std::string source) : source_(std::move(source)) {}

  std::atomic<uint64_t> records = 0, bytes = 0;
  std::atomic<int64_t> open = 0, blocked = 0;  // connections; held back by the sink
  std::atomic<TimeUs> last_data = kNoTime;

  void Count(Kind kind, uint64_t n = 1) {
    counts_[static_cast<size_t>(kind)].fetch_add(n, std::memory_order_relaxed);
  }
  uint64_t Get(Kind kind) const {
    return counts_[static_cast<size_t>(kind)].load(std::memory_order_relaxed);
  }
  void Warn(Kind kind, std::string_view peer, std::string_view what) {
    warnings_[static_cast<size_t>(kind)].Warn(source_, Name(kind), peer, what);
  }
  // All but the streams.
  SourceHealth Health(bool started, bool stopped) const {
    SourceHealth health;
    health.records = records;
    health.bytes = bytes;
    health.last_data = last_data;
    constexpr absl::Duration kQuietAfter = absl::Minutes(1);
    if (stopped) {
      health.state = SourceState::kStopped;
    } else if (!started) {
      health.state = SourceState::kStarting;
    } else if (const int64_t held = blocked; held > 0) {
      health.state = SourceState::kPaused;
      health.detail = std::to_string(held) + " of " + std::to_string(open.load()) +
                      " connections are held back";
    } else {
      health.state = health.last_data == kNoTime ||
                             absl::Now() - absl::FromUnixMicros(health.last_data) > kQuietAfter
                         ? SourceState::kQuiet
                         : SourceState::kOk;
    }
    for (size_t i = 0; i < counts_.size(); ++i) {
      const auto kind = static_cast<Kind>(i);
      health.counts.emplace_back(Name(kind), Get(kind));
    }
    return health;
  }

 private:
  const std::string source_;
  std::array<std::atomic<uint64_t>, static_cast<size_t>(Kind::kCount)> counts_{};
  std::array<QuietWarning, static_cast<size_t>(Kind::kCount)> warnings_;
};

}  // namespace culprit
