#include "engine/parse/time/timestamp.h"

#include <algorithm>
#include <cstring>

#include "engine/parse/time/calendar.h"
#include "engine/parse/time/local_zone.h"
#include "engine/parse/time/scan.h"

namespace culprit {
namespace {

using namespace time_scan;  // NOLINT(google-build-using-namespace): the pieces of this very file

constexpr int kMinYear = 1970, kMaxYear = 2199;
constexpr int64_t kMaxEpochSeconds = 4102444800;  // 2100-01-01

// ---- Heads: everything through the seconds -----------------------------------------------------

int TwoDigitYear(int yy) { return yy < 0 ? -1 : yy < 70 ? 2000 + yy : 1900 + yy; }

const char* HeadIso(const char* p, const char* end, Fields* f) {
  if (end - p < 16 || p[4] != '-' || p[7] != '-' || p[13] != ':') return nullptr;
  const char sep = p[10];
  if (sep != 'T' && sep != ' ' && sep != 't' && sep != '_') return nullptr;
  f->year = Four(p), f->month = Two(p + 5), f->day = Two(p + 8);
  if (f->year < 0) return nullptr;
  if (end - p >= 19 && p[16] == ':') return Clock(p + 11, end, f);
  if (sep != 'T') return nullptr;  // 2026-11-21T06:51Z
  f->hour = Two(p + 11), f->minute = Two(p + 14), f->second = 0;
  return p + 16;
}

const char* HeadIsoCompact(const char* p, const char* end, Fields* f) {
  if (end - p < 15 || p[8] != 'T') return nullptr;
  f->year = Four(p), f->month = Two(p + 4), f->day = Two(p + 6);
  f->hour = Two(p + 9), f->minute = Two(p + 11), f->second = Two(p + 13);
  return f->year < 0 ? nullptr : p + 15;
}

const char* HeadSlashYmd(const char* p, const char* end, Fields* f) {
  if (end - p < 19 || p[4] != '/' || p[7] != '/' || (p[10] != ' ' && p[10] != 'T')) return nullptr;
  f->year = Four(p), f->month = Two(p + 5), f->day = Two(p + 8);
  return f->year < 0 ? nullptr : Clock(p + 11, end, f);
}

// "Nov 21 ", "Nov  1 ", "Nov 1 ".
const char* MonthDay(const char* p, const char* end, Fields* f) {
  if (end - p < 6 || p[3] != ' ' || (f->month = MonthOf(p)) == 0) return nullptr;
  p = Day(p + 4, end, f);
  return p == nullptr || p == end || *p != ' ' ? nullptr : p + 1;
}

const char* HeadSyslog(const char* p, const char* end, Fields* f) {
  p = MonthDay(p, end, f);
  return p == nullptr ? nullptr : Clock(p, end, f);
}

const char* HeadSyslogYear(const char* p, const char* end, Fields* f) {
  p = MonthDay(p, end, f);
  if (p == nullptr || end - p < 13 || p[4] != ' ' || (f->year = Four(p)) < 0) return nullptr;
  return Clock(p + 5, end, f);
}

const char* HeadYearSyslog(const char* p, const char* end, Fields* f) {
  if (end - p < 6 || p[4] != ' ' || (f->year = Four(p)) < 0) return nullptr;
  return HeadSyslog(p + 5, end, f);
}

const char* HeadClf(const char* p, const char* end, Fields* f) {
  if (end - p < 20 || p[2] != '/' || p[6] != '/' || p[11] != ':') return nullptr;
  f->day = Two(p), f->month = MonthOf(p + 3), f->year = Four(p + 7);
  return f->year < 0 ? nullptr : Clock(p + 12, end, f);
}

const char* HeadKlog(const char* p, const char* end, Fields* f) {
  if (end - p < 13 || p[4] != ' ') return nullptr;
  f->month = Two(p), f->day = Two(p + 2);
  return Clock(p + 5, end, f);
}

const char* HeadGlogYear(const char* p, const char* end, Fields* f) {
  if (end - p < 17 || p[8] != ' ') return nullptr;
  f->year = Four(p), f->month = Two(p + 4), f->day = Two(p + 6);
  return f->year < 0 ? nullptr : Clock(p + 9, end, f);
}

const char* HeadDayMonYear(const char* p, const char* end, Fields* f) {
  p = Day(p, end, f);
  if (p == nullptr || end - p < 18) return nullptr;
  const char sep = *p;
  if ((sep != ' ' && sep != '-') || p[4] != sep || p[9] != ' ') return nullptr;
  f->month = MonthOf(p + 1), f->year = Four(p + 5);
  return f->year < 0 ? nullptr : Clock(p + 10, end, f);
}

const char* HeadRfc2822(const char* p, const char* end, Fields* f) {
  if (end - p < 6 || p[3] != ',' || p[4] != ' ' || !IsWeekday(p)) return nullptr;
  return HeadDayMonYear(p + 5, end, f);
}

const char* HeadShortYmd(const char* p, const char* end, Fields* f) {
  if (end - p < 17 || p[2] != '/' || p[5] != '/' || p[8] != ' ') return nullptr;
  f->year = TwoDigitYear(Two(p)), f->month = Two(p + 3), f->day = Two(p + 6);
  return f->year < 0 ? nullptr : Clock(p + 9, end, f);
}

const char* HeadHdfs(const char* p, const char* end, Fields* f) {
  if (end - p < 13 || p[6] != ' ') return nullptr;
  f->year = TwoDigitYear(Two(p)), f->month = Two(p + 2), f->day = Two(p + 4);
  f->hour = Two(p + 7), f->minute = Two(p + 9), f->second = Two(p + 11);
  return f->year < 0 ? nullptr : p + 13;
}

const char* HeadBgl(const char* p, const char* end, Fields* f) {
  if (end - p < 19 || p[4] != '-' || p[7] != '-' || p[10] != '-' || p[13] != '.' || p[16] != '.') {
    return nullptr;
  }
  f->year = Four(p), f->month = Two(p + 5), f->day = Two(p + 8);
  f->hour = Two(p + 11), f->minute = Two(p + 14), f->second = Two(p + 17);
  return f->year < 0 ? nullptr : p + 19;
}

const char* HeadMySql5(const char* p, const char* end, Fields* f) {
  if (end - p < 15 || p[6] != ' ') return nullptr;
  f->year = TwoDigitYear(Two(p)), f->month = Two(p + 2), f->day = Two(p + 4);
  if (f->year < 0) return nullptr;
  p += 7;
  return LooseClock(*p == ' ' ? p + 1 : p, end, f);
}

const char* HeadMonthDay(const char* p, const char* end, Fields* f) {
  if (end - p < 14 || p[2] != '-' || p[5] != ' ') return nullptr;
  f->month = Two(p), f->day = Two(p + 3);
  return Clock(p + 6, end, f);
}

const char* HeadDotDmy(const char* p, const char* end, Fields* f) {
  p = Day(p, end, f);
  if (p == nullptr || end - p < 16 || p[0] != '.' || p[3] != '.' || p[8] != ' ') return nullptr;
  f->month = Two(p + 1), f->year = Four(p + 4);
  return f->year < 0 ? nullptr : Clock(p + 9, end, f);
}

// ---- The table ----------------------------------------------------------------------------------

using Head = const char* (*)(const char*, const char*, Fields*);
enum : uint8_t { kFrac = 1, kZone = 2 };
struct Rule {
  std::string_view name;
  Head head;  // nullptr: the format has a parser of its own
  uint8_t tail;
};

constexpr Rule kRules[static_cast<size_t>(TimeFormat::kCount)] = {
    {"none", nullptr, 0},
    {"iso", HeadIso, kFrac | kZone},
    {"iso_compact", HeadIsoCompact, kFrac | kZone},
    {"slash_ymd", HeadSlashYmd, kFrac | kZone},
    {"syslog", HeadSyslog, kFrac | kZone},
    {"syslog_year", HeadSyslogYear, kFrac | kZone},
    {"year_syslog", HeadYearSyslog, kFrac | kZone},
    {"clf", HeadClf, kFrac | kZone},
    {"ctime", nullptr, 0},
    {"klog", HeadKlog, kFrac},
    {"glog_year", HeadGlogYear, kFrac},
    {"day_mon_year", HeadDayMonYear, kFrac | kZone},
    {"rfc2822", HeadRfc2822, kFrac | kZone},
    {"short_ymd", HeadShortYmd, kFrac},
    {"hdfs", HeadHdfs, 0},
    {"bgl", HeadBgl, kFrac},
    {"health_app", nullptr, 0},
    {"proxifier", nullptr, 0},
    {"mysql5", HeadMySql5, 0},
    {"month_day", HeadMonthDay, kFrac},
    {"us_slash", nullptr, 0},
    {"dot_dmy", HeadDotDmy, kFrac | kZone},
    {"time_of_day", nullptr, 0},
    {"kernel", nullptr, 0},
    {"epoch", nullptr, 0},
};

const Rule& RuleOf(TimeFormat format) { return kRules[static_cast<size_t>(format)]; }

// ---- From fields to a time ----------------------------------------------------------------------

bool ValidClock(const Fields& f) {
  return static_cast<unsigned>(f.hour) < 24 && static_cast<unsigned>(f.minute) < 60 &&
         static_cast<unsigned>(f.second) <= 60;
}

int64_t ClockSeconds(const Fields& f) { return f.hour * 3600 + f.minute * 60 + f.second; }

DurationUs OffsetAt(const TimeOptions& options, TimeUs local) {
  return options.local_zone == nullptr ? options.zone_offset_us
                                       : options.local_zone->OffsetAtLocal(local);
}

// Civil seconds read as UTC. Infers the year where the text has none.
bool LocalSeconds(const Fields& f, const TimeOptions& options, int64_t* seconds) {
  if (static_cast<unsigned>(f.month - 1) >= 12 || f.day < 1 || !ValidClock(f)) return false;
  if (f.year >= 0) {
    if (f.year < kMinYear || f.year > kMaxYear || f.day > DaysInMonth(f.year, f.month)) {
      return false;
    }
    *seconds = DaysFromCivil(f.year, f.month, f.day) * 86400 + ClockSeconds(f);
    return true;
  }
  int year = 2000;
  int64_t limit = INT64_MAX;
  if (options.reference != kNoTime) {
    const TimeUs local = options.reference + OffsetAt(options, options.reference) + kDayUs;
    year = YearOfDay(DayOf(local));
    limit = DayOf(local) * 86400 + (local - DayOf(local) * kDayUs) / kSecondUs;
  }
  for (int tries = 0; tries < 9; ++tries, --year) {  // 9: Feb 29 around 2100, not a leap year
    if (f.day > DaysInMonth(year, f.month)) {
      if (f.month != 2 || f.day != 29) return false;
      continue;
    }
    *seconds = DaysFromCivil(year, f.month, f.day) * 86400 + ClockSeconds(f);
    if (*seconds <= limit) return true;
  }
  return false;
}

// Fraction and zone after the seconds, then the result.
bool Finish(const char* begin, const char* p, const char* end, TimeFormat format, uint8_t tail,
            int64_t local_seconds, bool had_year, const TimeOptions& options, ParsedTime* out) {
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

// ---- Formats that are not head + tail ---------------------------------------------------------

// Sat Nov 21 06:51:05.123456 2026; a zone may stand before the year.
bool ParseCtime(std::string_view text, const TimeOptions& options, ParsedTime* out) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  if (text.size() < 23 || text[3] != ' ' || !IsWeekday(begin)) return false;
  Fields f;
  const char* p = HeadSyslog(begin + 4, end, &f);
  if (p == nullptr) return false;
  int64_t us = 0, offset_seconds = 0;
  bool had_zone = false;
  p = Fraction(p, end, &us);
  p = Zone(p, end, &had_zone, &offset_seconds);
  if (end - p < 5 || *p != ' ' || (f.year = Four(p + 1)) < 0) return false;
  p += 5;
  int64_t seconds = 0;
  if ((p != end && IsDigit(*p)) || p - begin > UINT8_MAX) return false;
  if (!LocalSeconds(f, options, &seconds)) return false;
  const TimeUs local = seconds * kSecondUs + us;
  *out = {local - (had_zone ? offset_seconds * kSecondUs : OffsetAt(options, local)),
          static_cast<uint8_t>(p - begin),
          TimeFormat::kCtime,
          had_zone,
          true,
          true};
  return true;
}

// One to `max` digits followed by `stop`.
const char* Number(const char* p, const char* end, int max, int* value) {
  *value = 0;
  const char* first = p;
  for (; p != end && IsDigit(*p) && p - first < max; ++p) *value = *value * 10 + (*p - '0');
  return p == first || (p != end && IsDigit(*p)) ? nullptr : p;
}

// 20171223-22:15:29:606; clock fields and milliseconds are not padded.
bool ParseHealthApp(std::string_view text, const TimeOptions& options, ParsedTime* out) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  if (text.size() < 16 || text[8] != '-') return false;
  Fields f;
  f.year = Four(begin), f.month = Two(begin + 4), f.day = Two(begin + 6);
  if (f.year < 0) return false;
  const char* p = begin + 9;
  int ms = 0;
  int* const fields[] = {&f.hour, &f.minute, &f.second, &ms};
  for (int i = 0; i < 4; ++i) {
    if (i > 0) {
      if (p == end || *p != ':') return false;
      ++p;
    }
    p = Number(p, end, i == 3 ? 3 : 2, fields[i]);
    if (p == nullptr) return false;
  }
  int64_t seconds = 0;
  if (!LocalSeconds(f, options, &seconds)) return false;
  const TimeUs local = seconds * kSecondUs + ms * 1000;
  *out = {local - OffsetAt(options, local),
          static_cast<uint8_t>(p - begin),
          TimeFormat::kHealthApp,
          false,
          true,
          true};
  return true;
}

// [10.30 16:49:06]
bool ParseProxifier(std::string_view text, const TimeOptions& options, ParsedTime* out) {
  if (text.size() < 16 || text[0] != '[' || text[3] != '.' || text[6] != ' ' || text[15] != ']') {
    return false;
  }
  Fields f;
  f.month = Two(text.data() + 1), f.day = Two(text.data() + 4);
  int64_t seconds = 0;
  if (Clock(text.data() + 7, text.data() + 15, &f) == nullptr) return false;
  if (!LocalSeconds(f, options, &seconds)) return false;
  const TimeUs local = seconds * kSecondUs;
  *out = {local - OffsetAt(options, local), 16, TimeFormat::kProxifier, false, false, true};
  return true;
}

// 11/21/2026 06:51:05 PM
bool ParseUsSlash(std::string_view text, const TimeOptions& options, ParsedTime* out) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  Fields f;
  const char* p = Number(begin, end, 2, &f.month);
  if (p == nullptr || p == end || *p != '/') return false;
  p = Number(p + 1, end, 2, &f.day);
  if (p == nullptr || end - p < 13 || *p != '/' || (f.year = Four(p + 1)) < 0) return false;
  p += 5;
  if (*p == ',') ++p;
  if (p == end || *p != ' ') return false;
  p = LooseClock(p + 1, end, &f);
  if (p == nullptr) return false;
  if (f.month > 12) std::swap(f.month, f.day);
  int64_t us = 0;
  const char* after = Fraction(p, end, &us);
  if (after == p && p != end && IsDigit(*p)) return false;
  p = after;
  if (end - p >= 3 && *p == ' ' && (p[2] | 0x20) == 'm' && (end - p == 3 || !IsAlnum(p[3]))) {
    const char half = static_cast<char>(p[1] | 0x20);
    if (half == 'a' || half == 'p') {
      if (f.hour < 1 || f.hour > 12) return false;
      f.hour = f.hour % 12 + (half == 'p' ? 12 : 0);
      p += 3;
    }
  }
  int64_t seconds = 0;
  if (!LocalSeconds(f, options, &seconds)) return false;
  if (!Finish(begin, p, end, TimeFormat::kUsSlash, kZone, seconds, true, options, out))
    return false;
  out->time += us;
  return true;
}

// 16:42:10.175
bool ParseTimeOfDay(std::string_view text, ParsedTime* out) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  Fields f;
  const char* p = LooseClock(begin, end, &f);
  if (p == nullptr || !ValidClock(f) || (p != end && IsDigit(*p))) return false;
  int64_t us = 0;
  p = Fraction(p, end, &us);
  if (p != end && *p == ':') return false;  // a MAC or IPv6 address
  if (p - begin > UINT8_MAX) return false;
  *out = {ClockSeconds(f) * kSecondUs + us,
          static_cast<uint8_t>(p - begin),
          TimeFormat::kTimeOfDay,
          false,
          false,
          false};
  return true;
}

// [ 1234.567890]
bool ParseKernel(std::string_view text, ParsedTime* out) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  if (text.size() < 6 || text[0] != '[') return false;
  const char* p = begin + 1;
  while (p != end && *p == ' ' && p - begin < 16) ++p;
  const char* digits = p;
  int64_t seconds = 0, us = 0;
  for (; p != end && IsDigit(*p) && p - digits < 10; ++p) seconds = seconds * 10 + (*p - '0');
  if (p == digits || end - p < 8 || *p != '.') return false;
  const char* dot = p;
  p = Fraction(p, end, &us);
  if (p - dot != 7 || p == end || *p != ']') return false;
  *out = {seconds * kSecondUs + us,
          static_cast<uint8_t>(p + 1 - begin),
          TimeFormat::kKernel,
          false,
          false,
          false};
  return true;
}

// 10, 13, 16 or 19 digits; 10 may have a fraction.
bool ParseEpoch(std::string_view text, ParsedTime* out) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  const char* p = begin;
  int64_t value = 0;
  for (; p != end && IsDigit(*p) && p - begin < 19; ++p) {
    if (value > (INT64_MAX - 9) / 10) return false;
    value = value * 10 + (*p - '0');
  }
  if (p != end && IsAlnum(*p)) return false;
  int64_t us = 0;
  switch (p - begin) {
    case 10:
      if (value >= kMaxEpochSeconds) return false;
      if (p != end && *p == '.') p = Fraction(p, end, &us);
      us += value * kSecondUs;
      break;
    case 13:
      us = value * 1000;
      break;
    case 16:
      us = value;
      break;
    case 19:
      us = value / 1000;
      break;
    default:
      return false;
  }
  if (us >= kMaxEpochSeconds * kSecondUs || begin[0] == '0') return false;
  if ((p != end && IsAlnum(*p)) || p - begin > UINT8_MAX) return false;
  *out = {us, static_cast<uint8_t>(p - begin), TimeFormat::kEpoch, true, true, true};
  return true;
}

// ---- Which format a text can be, from its shape alone ----------------------------------------

TimeFormat GuessDigits(const char* p, size_t size) {
  size_t n = 1;
  while (n < size && n < 20 && IsDigit(p[n])) ++n;
  if (n == size) return TimeFormat::kEpoch;
  const char after = p[n];
  const char next = n + 1 < size ? p[n + 1] : '\0';
  switch (n) {
    case 4:
      if (after == '-') {
        return size > 10 && p[10] == '-' ? TimeFormat::kBgl : TimeFormat::kIso;
      }
      if (after == '/') return TimeFormat::kSlashYmd;
      if (after == ' ') return IsDigit(next) ? TimeFormat::kKlog : TimeFormat::kYearSyslog;
      return TimeFormat::kNone;
    case 1:
    case 2:
      if (after == ':') return TimeFormat::kTimeOfDay;
      if (after == '.') return TimeFormat::kDotDmy;
      if (after == ' ') return TimeFormat::kDayMonYear;
      if (after == '-') return IsDigit(next) ? TimeFormat::kMonthDay : TimeFormat::kDayMonYear;
      if (after == '/') {
        if (!IsDigit(next)) return TimeFormat::kClf;
        return n == 2 && size > 8 && p[5] == '/' && p[8] == ' ' ? TimeFormat::kShortYmd
                                                                : TimeFormat::kUsSlash;
      }
      return TimeFormat::kNone;
    case 6:
      if (after != ' ') return TimeFormat::kNone;
      return size > 9 && (next == ' ' || p[n + 2] == ':' || p[n + 3] == ':') ? TimeFormat::kMySql5
                                                                             : TimeFormat::kHdfs;
    case 8:
      if (after == 'T') return TimeFormat::kIsoCompact;
      if (after == '-') return TimeFormat::kHealthApp;
      if (after == ' ') return TimeFormat::kGlogYear;
      return TimeFormat::kNone;
    default:
      return TimeFormat::kEpoch;
  }
}

TimeFormat Guess(std::string_view text) {
  if (text.size() < 7) return TimeFormat::kNone;
  const char* p = text.data();
  if (IsDigit(*p)) return GuessDigits(p, text.size());
  if (*p == '[') {
    return p[3] == '.' && p[6] == ' ' ? TimeFormat::kProxifier : TimeFormat::kKernel;
  }
  if (!IsAlpha(*p)) return TimeFormat::kNone;
  if (p[3] == ' ') {
    if (MonthOf(p) == 0) return TimeFormat::kCtime;
    // "Nov 21 2026 06" against "Nov 21 06:51:05": the year has no colon where hours have one.
    const size_t at = p[4] != ' ' && !IsDigit(p[5]) ? 6 : 7;
    return text.size() > at + 4 && p[at + 2] != ':' && p[at + 4] == ' ' ? TimeFormat::kSyslogYear
                                                                        : TimeFormat::kSyslog;
  }
  return p[3] == ',' ? TimeFormat::kRfc2822 : TimeFormat::kNone;
}

}  // namespace

std::string_view TimeFormatName(TimeFormat format) { return RuleOf(format).name; }

bool ParseTimeAs(TimeFormat format, std::string_view text, const TimeOptions& options,
                 ParsedTime* out) {
  const Rule& rule = RuleOf(format);
  if (rule.head != nullptr) {
    const char* begin = text.data();
    const char* end = begin + text.size();
    Fields f;
    const char* p = rule.head(begin, end, &f);
    int64_t seconds = 0;
    return p != nullptr && LocalSeconds(f, options, &seconds) &&
           Finish(begin, p, end, format, rule.tail, seconds, f.year >= 0, options, out);
  }
  switch (format) {
    case TimeFormat::kCtime:
      return ParseCtime(text, options, out);
    case TimeFormat::kHealthApp:
      return ParseHealthApp(text, options, out);
    case TimeFormat::kProxifier:
      return ParseProxifier(text, options, out);
    case TimeFormat::kUsSlash:
      return ParseUsSlash(text, options, out);
    case TimeFormat::kTimeOfDay:
      return ParseTimeOfDay(text, out);
    case TimeFormat::kKernel:
      return ParseKernel(text, out);
    case TimeFormat::kEpoch:
      return ParseEpoch(text, out);
    default:
      return false;
  }
}

bool ParseTime(std::string_view text, const TimeOptions& options, ParsedTime* out) {
  const TimeFormat format = Guess(text);
  return format != TimeFormat::kNone && ParseTimeAs(format, text, options, out);
}

void TimeCache::Reset(const TimeOptions& options) {
  options_ = options;
  prefix_size_ = 0;
}

bool TimeCache::ParseAs(TimeFormat format, std::string_view text, ParsedTime* out) {
  const Rule& rule = RuleOf(format);
  if (rule.head == nullptr) return ParseTimeAs(format, text, options_, out);
  const char* begin = text.data();
  const char* end = begin + text.size();
  if (prefix_size_ != 0 && format == format_ && text.size() >= prefix_size_ &&
      std::memcmp(begin, prefix_, prefix_size_) == 0) {
    return Finish(begin, begin + prefix_size_, end, format, rule.tail, local_seconds_, had_year_,
                  options_, out);
  }
  Fields f;
  const char* p = rule.head(begin, end, &f);
  int64_t seconds = 0;
  if (p == nullptr || !LocalSeconds(f, options_, &seconds)) return false;
  if (!Finish(begin, p, end, format, rule.tail, seconds, f.year >= 0, options_, out)) return false;
  // Only whole heads are safe to reuse: 06:51 without seconds could be the start of 06:51:07.
  const size_t size = static_cast<size_t>(p - begin);
  if (size <= kMaxPrefix && !(format == TimeFormat::kIso && size == 16)) {
    std::memcpy(prefix_, begin, size);
    prefix_size_ = size;
    format_ = format;
    had_year_ = f.year >= 0;
    local_seconds_ = seconds;
  }
  return true;
}

}  // namespace culprit
