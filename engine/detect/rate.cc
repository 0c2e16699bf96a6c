#include "engine/detect/rate.h"

#include <algorithm>
#include <cmath>

namespace culprit {
namespace {

// A gap longer than this teaches as much as one of this length.
constexpr int64_t kMaxRollMinutes = 7 * 24 * 60;
constexpr int64_t kFirstDayMinutes = 24 * 60;

// A running mean at first, then an average over about one hour (four after the first day).
double LearningRate(int64_t learnt) {
  if (learnt >= kFirstDayMinutes) return 1.0 / 240;
  return std::max(1.0 / static_cast<double>(learnt + 1), 1.0 / 60);
}

uint64_t CapInBurst(uint64_t count, double mean) {
  return std::min(count, static_cast<uint64_t>(3 * mean) + 1);
}

}  // namespace

uint64_t NbCritical(double mean, double size, double alpha) {
  constexpr uint64_t kStop = 4096;
  if (mean <= 0) return 1;
  const double q = mean / (mean + size);
  double p = std::exp(size * std::log(size / (size + mean)));
  if (p <= 0) return static_cast<uint64_t>(mean + 8 * std::sqrt(mean + mean * mean / size));
  double cdf = p;
  uint64_t k = 0;
  while (1 - cdf >= alpha && k < kStop) {
    p *= (static_cast<double>(k) + size) / static_cast<double>(k + 1) * q;
    ++k;
    cdf += p;
    // Beyond the mean and below any terms that matter: rounding may keep 1 - cdf up.
    if (static_cast<double>(k) > mean && p < alpha * 1e-3) break;
  }
  return k + 1;
}

void Season::Add(int64_t minute, int64_t start, uint64_t count, bool in_burst) {
  if (minute < start) return;
  if (minute_ == INT64_MIN) {
    minute_ = minute;
    minutes_ = minute - start;  // nothing was there before
  }
  CloseMinutes(minute);
  count_ += count;
  in_burst_ |= in_burst;
}

void Season::CloseMinutes(int64_t minute) {
  if (minute - minute_ > kMaxRollMinutes) minute_ = minute - kMaxRollMinutes;
  while (minute_ < minute) CloseMinute();
}

void Season::CloseMinute() {
  double& factor = factor_[HourOfDay(minute_)];
  const uint64_t count = in_burst_ ? CapInBurst(count_, mu_ * 60 * factor) : count_;
  mu_ += LearningRate(minutes_) * (static_cast<double>(count) / 60 / factor - mu_);
  ++minutes_;
  hour_count_ += count;
  ++hour_minutes_;
  if (((minute_ % 60) + 60) % 60 == 59) {
    if (hour_minutes_ == 60 && mu_ > 0) {
      const double rate = static_cast<double>(hour_count_) / 3600;
      factor = std::clamp(factor + 0.3 * (rate / mu_ - factor), kMin, kMax);
    }
    hour_count_ = 0;
    hour_minutes_ = 0;
  }
  ++minute_;
  count_ = 0;
  in_burst_ = false;
}

double RateBaseline::size() const {
  const double m = mu_ * 60;
  return std::clamp(m * m / std::max(v_ - m, 1e-9), 0.3, 100.0);
}

void RateBaseline::CloseMinute(uint64_t count, bool in_burst, double season) {
  if (in_burst) count = CapInBurst(count, mu_ * 60 * season);
  const double x = static_cast<double>(count) / 60 / season;
  if (learnt_ == 0) {
    mu_ = x;
    v_ = std::max(x * 60, 1e-3);
  } else {
    const double k = LearningRate(learnt_);
    const double d = (x - mu_) * 60;
    mu_ += k * (x - mu_);
    v_ += k * (d * d - v_);
  }
  ++learnt_;
}

void RateBaseline::Roll(int64_t minute, int64_t start, bool in_burst, const Season& season) {
  if (minute < start) return;
  if (minute_ == INT64_MIN) {
    minute_ = minute;
    learnt_ = minute - start;  // of zeros
  }
  if (minute - minute_ > kMaxRollMinutes) minute_ = minute - kMaxRollMinutes;
  for (; minute_ < minute; ++minute_) {
    CloseMinute(count_, in_burst, season.At(minute_));
    count_ = 0;
  }
}

void RateBaseline::Add(int64_t minute, int64_t start, uint64_t count, bool in_burst,
                       const Season& season) {
  if (minute < start) return;
  Roll(minute, start, in_burst, season);
  count_ += count;
}

uint64_t RateBaseline::Level(int64_t minute, double window_s, double alpha, const Season& season) {
  if (minute == level_minute_) return level_;
  const double m = mu_ * season.At(minute) * window_s;
  const uint64_t critical = NbCritical(m, size(), alpha);
  level_ = std::max({uint64_t{5}, critical, static_cast<uint64_t>(std::ceil(3 * m))});
  level_minute_ = minute;
  return level_;
}

}  // namespace culprit
