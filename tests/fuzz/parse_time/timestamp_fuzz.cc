// Any text as a timestamp: no read out of bounds, no overflow, and the ways in agree with each
// other.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "engine/parse/time/timestamp.h"

namespace {
void Require(bool ok) {
  if (!ok) std::abort();
}
bool Same(const culprit::ParsedTime& a, const culprit::ParsedTime& b) {
  return a.time == b.time && a.length == b.length && a.format == b.format &&
         a.had_zone == b.had_zone && a.had_year == b.had_year && a.had_date == b.had_date;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace culprit;
  // The buffer ends where the text ends: the sanitizer sees any read behind it.
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const TimeOptions options{.zone_offset_us = kHourUs, .reference = 1795243865000000};
  ParsedTime any, as, cached, again;
  if (ParseTime(text, options, &any)) {
    Require(any.length > 0 && any.length <= size);
    Require(any.time > -2 * kDayUs && any.time < 7258204800 * kSecondUs);
    Require(ParseTimeAs(any.format, text, options, &as) && Same(any, as));
  }
  TimeCache cache(options);
  for (int i = 1; i < static_cast<int>(TimeFormat::kCount); ++i) {
    const auto format = static_cast<TimeFormat>(i);
    ParsedTime slow;
    const bool ok = ParseTimeAs(format, text, options, &slow);
    cached = again = ParsedTime();
    Require(cache.ParseAs(format, text, &cached) == ok && Same(slow, cached));
    Require(cache.ParseAs(format, text, &again) == ok && Same(slow, again));
    // What is cached from the first half must not change the second.
    const size_t half = size / 2;
    ParsedTime tail_slow, tail_cached;
    const bool tail_ok = ParseTimeAs(format, text.substr(half), options, &tail_slow);
    Require(cache.ParseAs(format, text.substr(half), &tail_cached) == tail_ok &&
            Same(tail_slow, tail_cached));
  }
  size_t begin = 0;
  if (FindTime(text, options, &any, &begin)) {
    Require(begin < 96 && begin + any.length <= size);
    Require(ParseTime(text.substr(begin), options, &as) && Same(any, as));
  }
  TimeUs value = 0;
  if (ParseTimeValue(text, options, &value)) {
    Require(value > -2 * kDayUs && value < 7258204800 * kSecondUs);
  }
  return 0;
}
