#include "engine/parse/time/resolve.h"

#include <algorithm>

namespace culprit::time_scan {
namespace {

// The civil year of a time, by one division; clamped to the table's years.
int TableYear(TimeUs local) {
  const int64_t day = std::clamp<int64_t>(DayOf(local), 0, kYearStart.back());
  int year = kMinYear + static_cast<int>(day * 400 / 146097);
  if (year < kMaxYear && kYearStart[static_cast<size_t>(year + 1 - kMinYear)] <= day) ++year;
  if (kYearStart[static_cast<size_t>(year - kMinYear)] > day) --year;
  return year;
}

}  // namespace

bool InferYear(const Fields& f, const TimeOptions& options, int64_t* seconds) {
  int year = 2000;
  int64_t limit = INT64_MAX;
  if (options.reference != kNoTime) {
    const TimeUs local = options.reference + OffsetAt(options, options.reference) + kDayUs;
    year = TableYear(local);
    limit = DayOf(local) * 86400 + (local - DayOf(local) * kDayUs) / kSecondUs;
  }
  // 9 tries: Feb 29 around 2100, which is not a leap year.
  for (int tries = 0; tries < 9 && year >= kMinYear; ++tries, --year) {
    if (f.day > DaysInMonth(year, f.month)) {
      if (f.month != 2 || f.day != 29) return false;
      continue;
    }
    *seconds = TableDays(year, f.month, f.day) * 86400 + ClockSeconds(f);
    if (*seconds <= limit) return true;
  }
  return false;
}

}  // namespace culprit::time_scan
