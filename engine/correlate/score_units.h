// Units of scores: times in seconds, nats in millionths.
#pragma once
#include <cmath>
#include <cstdint>

#include "engine/core/time.h"

namespace culprit {

inline constexpr double kMicroNats = 1e6;
inline int64_t Quantise(double nats) { return std::llround(nats * kMicroNats); }
inline double Seconds(DurationUs d) { return static_cast<double>(d) / kSecondUs; }

}  // namespace culprit
