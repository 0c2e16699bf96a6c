#include <cstdio>

#include "absl/time/time.h"
#include "sinks/render/render.h"

namespace culprit {

std::string FormatTime(TimeUs time) {
  if (time == kNoTime) return "";
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", absl::FromUnixMicros(time), absl::UTCTimeZone());
}

std::string FormatClock(TimeUs time) {
  if (time == kNoTime) return "";
  return absl::FormatTime("%H:%M:%S", absl::FromUnixMicros(time), absl::UTCTimeZone());
}

std::string FormatSpan(DurationUs span) {
  const int64_t seconds = span / kSecondUs;
  const auto text = [](int64_t a, const char* unit, int64_t b, const char* small) {
    std::string out = std::to_string(a) + " " + unit;
    if (b > 0) out += " " + std::to_string(b) + " " + small;
    return out;
  };
  if (seconds < 60) return std::to_string(seconds) + " s";
  if (seconds < 3600) return text(seconds / 60, "min", seconds % 60, "s");
  if (seconds < 86400) return text(seconds / 3600, "h", seconds % 3600 / 60, "min");
  return text(seconds / 86400, "d", seconds % 86400 / 3600, "h");
}

}  // namespace culprit
