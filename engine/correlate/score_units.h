// Units of scores: times in seconds, nats in millionths.
#pragma once
#include <cmath>
#include <cstdint>

#include "engine/core/time.h"

namespace culprit {

inline constexpr double kMicroNats = 1e6;
inline int64_t Quantise(double nats) { return std::llround(nats * kMicroNats); }
// ln of how much more likely something is that a fault shows with p.
inline double LogRatio(double p, double leak) {
  return std::log((1 - (1 - p) * (1 - leak)) / leak);
}
inline double Seconds(DurationUs d) { return static_cast<double>(d) / kSecondUs; }

}  // namespace culprit
