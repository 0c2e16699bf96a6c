#include <algorithm>
#include <cmath>
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

std::string AlternativeName(const Alternative& alternative, const Incident& incident) {
  const Hypothesis& h = alternative.hypothesis;
  std::string name = h.title.empty() ? h.component : h.title;
  if (h.component == incident.root.component) return name;
  const int percent = static_cast<int>(std::lround(h.share * 100));
  return name + (percent == 0 ? " (under 1 %)" : " (" + std::to_string(percent) + " %)");
}

std::string Percent(double share) {
  return std::to_string(static_cast<int>(std::clamp(share, 0.0, 1.0) * 100 + 0.5)) + " %";
}

std::string StreamError(const ReportStream& stream) {
  return stream.error.find(stream.name) != std::string::npos ? stream.error
                                                             : stream.name + ": " + stream.error;
}

std::string Counted(uint64_t n, std::string_view noun) {
  std::string out = std::to_string(n) + " ";
  out += noun;
  if (n != 1) out += noun.ends_with('s') || noun.ends_with("ch") ? "es" : "s";
  return out;
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
