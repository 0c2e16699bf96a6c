#include "engine/core/duration.h"

#include <charconv>

#include "absl/time/time.h"
#include "engine/base/views.h"

namespace culprit {

std::optional<DurationUs> ParseDuration(std::string_view text) {
  absl::Duration duration;
  if (text.size() > 1 && text.back() == 'd') {
    double days = 0;
    const char* end = text.data() + text.size() - 1;
    const auto [stop, error] = std::from_chars(text.data(), end, days);
    if (error != std::errc() || stop != end) return std::nullopt;
    duration = absl::Hours(24) * days;
  } else if (text == "0" || !absl::ParseDuration(ToAbsl(text), &duration)) {
    return std::nullopt;
  }
  return absl::ToInt64Microseconds(duration);
}

}  // namespace culprit
