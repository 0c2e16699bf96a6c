// From the fields of a timestamp to a time: ranges, the inferred year, fraction, zone. Internal to
// parse/time; pure functions.
#pragma once
#include <array>
#include <cstddef>

#include "engine/parse/time/calendar.h"
#include "engine/parse/time/local_zone.h"
#include "engine/parse/time/scan.h"
#include "engine/parse/time/timestamp.h"

namespace culprit::time_scan {

constexpr int kMinYear = 1970, kMaxYear = 2199;

enum : uint8_t { kFrac = 1, kZone = 2 };  // what may follow the seconds

// Days from 1970-01-01 to each January 1, for kMinYear to kMaxYear.
constexpr auto kYearStart = [] {
  std::array<int32_t, kMaxYear - kMinYear + 1> days{};
  for (int y = kMinYear; y <= kMaxYear; ++y) {
    days[static_cast<size_t>(y - kMinYear)] = static_cast<int32_t>(DaysFromCivil(y, 1, 1));
  }
  return days;
}();

// A valid date of those years; what DaysFromCivil says, by table.
constexpr int64_t TableDays(int year, int month, int day) {
  constexpr int16_t kMonthStart[13] = {0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
  return kYearStart[static_cast<size_t>(year - kMinYear)] + kMonthStart[month] + day - 1 +
         (month > 2 && IsLeapYear(year) ? 1 : 0);
}

inline bool ValidClock(const Fields& f) {
  return static_cast<unsigned>(f.hour) < 24 && static_cast<unsigned>(f.minute) < 60 &&
         static_cast<unsigned>(f.second) <= 60;
}

inline int64_t ClockSeconds(const Fields& f) { return f.hour * 3600 + f.minute * 60 + f.second; }

inline DurationUs OffsetAt(const TimeOptions& options, TimeUs local) {
  return options.local_zone == nullptr ? options.zone_offset_us
                                       : options.local_zone->OffsetAtLocal(local);
}

// The latest year that does not put the time more than a day after the reference.
bool InferYear(const Fields& f, const TimeOptions& options, int64_t* seconds);

// Civil seconds read as UTC. Infers the year where the text has none.
inline bool LocalSeconds(const Fields& f, const TimeOptions& options, int64_t* seconds) {
  if (static_cast<unsigned>(f.month - 1) >= 12 || f.day < 1 || !ValidClock(f)) return false;
  if (f.year < 0) return InferYear(f, options, seconds);
  if (f.year < kMinYear || f.year > kMaxYear) return false;
  if (f.day > 28 && f.day > DaysInMonth(f.year, f.month)) return false;
  *seconds = TableDays(f.year, f.month, f.day) * 86400 + ClockSeconds(f);
  return true;
}

// Fraction and zone after the seconds, then the result.
inline bool Finish(const char* begin, const char* p, const char* end, TimeFormat format,
                   uint8_t tail, int64_t local_seconds, bool had_year, const TimeOptions& options,
                   ParsedTime* out) {
  if (p != end && IsDigit(*p)) return false;
  int64_t us = 0, offset_seconds = 0;
  bool had_zone = false;
  if (tail & kFrac) p = Fraction(p, end, &us);
  if (tail & kZone) p = Zone(p, end, &had_zone, &offset_seconds);
  if (p - begin > UINT8_MAX) return false;
  const TimeUs local = local_seconds * kSecondUs + us;
  out->time = local - (had_zone ? offset_seconds * kSecondUs : OffsetAt(options, local));
  out->length = static_cast<uint8_t>(p - begin);
  out->format = format;
  out->had_zone = had_zone;
  out->had_year = had_year;
  out->had_date = true;
  return true;
}

}  // namespace culprit::time_scan
