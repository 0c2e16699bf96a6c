#include "engine/correlate/leaks.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace culprit {
namespace {

constexpr size_t kMaxKeys = 100000;
constexpr double kPriorHours = 8.3;  // one burst in so many hours, before anything is known

}  // namespace

void LeakTable::Start(TimeUs first) {
  if (first_ == kNoTime) first_ = first;
}

double LeakTable::Decay(DurationUs age) const {
  return std::exp2(-static_cast<double>(std::max<DurationUs>(age, 0)) /
                   static_cast<double>(options_.leak_half_life));
}

void LeakTable::CountUnattributed(const std::string& key, TimeUs when) {
  auto it = counts_.find(key);
  if (it == counts_.end()) {
    if (counts_.size() >= kMaxKeys) return;  // unknown keys keep the default leak
    it = counts_.emplace(key, Count{0, when}).first;
  }
  it->second.n = it->second.n * Decay(when - it->second.at) + 1;
  it->second.at = std::max(it->second.at, when);
}

double LeakTable::Leak(const std::string& key, TimeUs now) const {
  if (!options_.learn_leaks || first_ == kNoTime) return options_.leak;
  const double life_hours = static_cast<double>(options_.leak_half_life) / kHourUs;
  const double hours = life_hours / std::numbers::ln2 * (1 - Decay(now - first_));
  auto it = counts_.find(key);
  const double n = it == counts_.end() ? 0 : it->second.n * Decay(now - it->second.at);
  const double per_hour = (1 + n) / (kPriorHours + hours);
  return std::clamp(1 - std::exp(-per_hour / 12), .002, .2);
}

}  // namespace culprit
