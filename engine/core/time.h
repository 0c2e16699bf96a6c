// Event time: microseconds since the Unix epoch, UTC, as a plain integer because the hot path
// sorts, hashes and stores it by the million. absl::Time at the edges only.
#pragma once
#include <cstdint>

namespace culprit {

using TimeUs = int64_t;
using DurationUs = int64_t;

constexpr DurationUs kSecondUs = 1'000'000;
constexpr DurationUs kMinuteUs = 60 * kSecondUs;
constexpr DurationUs kHourUs = 60 * kMinuteUs;
constexpr DurationUs kDayUs = 24 * kHourUs;
constexpr TimeUs kNoTime = INT64_MIN;  // "no time known"

// How a record came to its event time.
enum class TimeOrigin : uint8_t { kParsed, kInherited, kAssumed };

}  // namespace culprit
