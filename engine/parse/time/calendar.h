// Civil dates as integers, proleptic Gregorian, no allocation, no locale. Pure functions: any
// thread. Owned by parse/time.
#pragma once
#include <cstdint>

#include "engine/core/time.h"

namespace culprit {

constexpr bool IsLeapYear(int y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; }

constexpr int DaysInMonth(int y, int month) {
  constexpr int8_t kDays[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeapYear(y) ? 29 : kDays[month];
}

// Days since 1970-01-01 (H. Hinnant's algorithm; years from 0).
constexpr int64_t DaysFromCivil(int y, int month, int day) {
  y -= month <= 2;
  const int era = y / 400;
  const int yoe = y - era * 400;
  const int doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
  return static_cast<int64_t>(era) * 146097 + doe - 719468;
}

// Floor division into days: right for times before 1970 too.
constexpr int64_t DayOf(TimeUs t) { return t >= 0 ? t / kDayUs : -((-t + kDayUs - 1) / kDayUs); }

}  // namespace culprit
