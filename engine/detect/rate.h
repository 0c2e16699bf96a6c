// Adaptive rate of one key: what is normal per minute, by hour of the day, and how many lines in a
// window are too many (negative binomial; Poisson must not be used, ROOT_CAUSE 2).
// Plain values, one owner thread.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/core/time.h"

namespace cereal {
class access;
}

namespace culprit {

// Least c with P(X >= c) < alpha for a negative binomial X of mean m and size r; at most 4096
// unless P(0) underflows, where a normal tail stands in.
uint64_t NbCritical(double mean, double size, double alpha);

// How busy each hour of the day is against the mean, for one component: over all its adaptive keys.
class Season {
 public:
  static constexpr double kMin = 0.2;
  static constexpr double kMax = 5;
  double At(int64_t minute) const { return factor_[HourOfDay(minute)]; }
  // `minute` counts from the epoch, `start` is the first minute ever observed; minutes before the
  // present one that were not added had no lines.
  void Add(int64_t minute, int64_t start, uint64_t count, bool in_burst);

 private:
  friend class cereal::access;
  template <typename Archive>
  void serialize(Archive& ar);  // NOLINT(readability-identifier-naming)
  static size_t HourOfDay(int64_t minute) {
    return static_cast<size_t>(((minute / 60) % 24 + 24) % 24);
  }
  void CloseMinutes(int64_t minute);
  void CloseMinute();

  std::array<double, 24> factor_ = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
                                    1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  double mu_ = 0;        // lines per second, season taken out
  int64_t minutes_ = 0;  // learnt
  int64_t minute_ = INT64_MIN;
  uint64_t count_ = 0;  // in minute_
  bool in_burst_ = false;
  uint64_t hour_count_ = 0;
  int64_t hour_minutes_ = 0;
};

class RateBaseline {
 public:
  // Lines of `minute`. In a burst a minute teaches at most 3 times the mean.
  void Add(int64_t minute, int64_t start, uint64_t count, bool in_burst, const Season& season);
  // Closes all minutes before `minute`.
  void Roll(int64_t minute, int64_t start, bool in_burst, const Season& season);
  // How many lines in a window of `window_s` seconds fire now. Requires Roll(minute) before.
  uint64_t Level(int64_t minute, double window_s, double alpha, const Season& season);

  double mu() const { return mu_; }
  double variance() const { return v_; }
  double size() const;

 private:
  friend class cereal::access;
  template <typename Archive>
  void serialize(Archive& ar);  // NOLINT(readability-identifier-naming)
  void CloseMinute(uint64_t count, bool in_burst, double season);

  double mu_ = 0;       // lines per second, season taken out
  double v_ = 0;        // of lines per minute, season taken out
  int64_t learnt_ = 0;  // minutes
  int64_t minute_ = INT64_MIN;
  uint64_t count_ = 0;  // in minute_
  int64_t level_minute_ = INT64_MIN;
  uint64_t level_ = 0;
};

}  // namespace culprit
