#include "engine/parse/time/timestamp.h"

#include <cstring>
#include <utility>

#include "engine/parse/time/heads.h"
#include "engine/parse/time/resolve.h"
#include "engine/parse/time/scan.h"

namespace culprit {
namespace {

using namespace time_scan;  // NOLINT(google-build-using-namespace): the pieces of this very folder

constexpr int64_t kMaxEpochSeconds = 4102444800;  // 2100-01-01

// ---- The table ----------------------------------------------------------------------------------

// One function per format, so that its head, the arithmetic and its tail are compiled as one.
template <Head head, uint8_t tail>
bool ParseWith(TimeFormat format, std::string_view text, const TimeOptions& options,
               ParsedTime* out) {
  const char* begin = text.data();
  const char* end = begin + text.size();
  Fields f;
  const char* p = head(begin, end, &f);
  int64_t seconds = 0;
  return p != nullptr && LocalSeconds(f, options, &seconds) &&
         Finish(begin, p, end, format, tail, seconds, f.year >= 0, options, out);
}

struct Rule {
  std::string_view name;
  Head head;  // nullptr: the format has a parser of its own
  uint8_t tail;
  bool (*parse)(TimeFormat, std::string_view, const TimeOptions&, ParsedTime*);
};

template <Head head, uint8_t tail>
constexpr Rule Make(std::string_view name) {
  return {name, head, tail, ParseWith<head, tail>};
}
constexpr Rule Own(std::string_view name) { return {name, nullptr, 0, nullptr}; }

constexpr Rule kRules[static_cast<size_t>(TimeFormat::kCount)] = {
    Own("none"),
    Make<HeadIso, kFrac | kZone>("iso"),
    Make<HeadIsoCompact, kFrac | kZone>("iso_compact"),
    Make<HeadSlashYmd, kFrac | kZone>("slash_ymd"),
    Make<HeadSyslog, kFrac | kZone>("syslog"),
    Make<HeadSyslogYear, kFrac | kZone>("syslog_year"),
    Make<HeadYearSyslog, kFrac | kZone>("year_syslog"),
    Make<HeadClf, kFrac | kZone>("clf"),
    Own("ctime"),
    Make<HeadKlog, kFrac>("klog"),
    Make<HeadGlogYear, kFrac>("glog_year"),
    Make<HeadDayMonYear, kFrac | kZone>("day_mon_year"),
    Make<HeadRfc2822, kFrac | kZone>("rfc2822"),
    Make<HeadShortYmd, kFrac>("short_ymd"),
    Make<HeadHdfs, 0>("hdfs"),
    Make<HeadBgl, kFrac>("bgl"),
    Own("health_app"),
    Own("proxifier"),
    Make<HeadMySql5, 0>("mysql5"),
    Make<HeadMonthDay, kFrac>("month_day"),
    Own("us_slash"),
    Make<HeadDotDmy, kFrac | kZone>("dot_dmy"),
    Own("time_of_day"),
    Own("kernel"),
    Own("epoch"),
};

const Rule& RuleOf(TimeFormat format) { return kRules[static_cast<size_t>(format)]; }

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
  if (rule.parse != nullptr) return rule.parse(format, text, options, out);
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
  for (Second& second : seconds_) second.size = 0;
}

bool TimeCache::Parse(std::string_view text, ParsedTime* out) {
  const TimeFormat format = Guess(text);
  return format != TimeFormat::kNone && ParseAs(format, text, out);
}

bool TimeCache::ParseAs(TimeFormat format, std::string_view text, ParsedTime* out) {
  const Rule& rule = RuleOf(format);
  if (rule.head == nullptr) return ParseTimeAs(format, text, options_, out);
  const char* begin = text.data();
  const char* end = begin + text.size();
  Second& second = seconds_[PlaceOf(format, text)];
  if (second.size != 0 && format == second.format && text.size() >= second.size &&
      std::memcmp(begin, second.prefix, second.size) == 0) {
    return Finish(begin, begin + second.size, end, format, rule.tail, second.local_seconds,
                  second.had_year, options_, out);
  }
  Fields f;
  const char* p = rule.head(begin, end, &f);
  int64_t seconds = 0;
  if (p == nullptr || !LocalSeconds(f, options_, &seconds)) return false;
  if (!Finish(begin, p, end, format, rule.tail, seconds, f.year >= 0, options_, out)) return false;
  // Only whole heads are safe to reuse: 06:51 without seconds could be the start of 06:51:07.
  const auto size = static_cast<size_t>(p - begin);
  if (size <= kMaxPrefix && !(format == TimeFormat::kIso && size == 16)) {
    std::memcpy(second.prefix, begin, size);
    second.size = static_cast<uint8_t>(size);
    second.format = format;
    second.had_year = f.year >= 0;
    second.local_seconds = seconds;
  }
  return true;
}

}  // namespace culprit
