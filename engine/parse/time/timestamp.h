// Timestamps of log lines: fixed-format parsers, 10-20 ns each, no allocation, no locale, no
// strptime. Owned by parse/time. Functions are pure, any thread may call them; a TimeCache belongs
// to one thread.
//
// Rules that hold for every format:
//  - ranges are checked (month 13, Feb 30, hour 24, minute 60 are refused; years 1970-2199 only, so
//    Go's zero time 0001-01-01 is no time);
//  - a leap second (:60) is accepted and means the first instant of the next minute;
//  - a fraction may follow the seconds after '.', ',' (or ':' with at least 3 digits): 1-9 digits
//    count to the microsecond, truncated; further digits are passed over;
//  - a time without a zone is in TimeOptions' zone.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/core/time.h"

namespace culprit {

class LocalZone;

enum class TimeFormat : uint8_t {
  kNone,
  kIso,         // 2026-11-21T06:51:05.123456Z, 2026-11-21 06:51:05,123 +01:00, ... UTC, _ for T
  kIsoCompact,  // 20261121T065105.123Z
  kSlashYmd,    // 2026/11/21 06:51:05.123456          (Go std, nginx error)
  kSyslog,      // Nov 21 06:51:05, Nov  1, Nov 1       (no year)
  kSyslogYear,  // Nov 21 2026 06:51:05.123             (Cisco)
  kYearSyslog,  // 2026 Nov 21 06:51:05.123             (Cisco, syslog variants)
  kClf,         // 21/Nov/2026:06:51:05 +0000           (Apache, nginx access)
  kCtime,       // Sat Nov 21 06:51:05.123456 2026, Sat Nov 21 06:51:05 UTC 2026
  kKlog,        // 1121 06:51:05.123456                 (from the digits on; no year)
  kGlogYear,    // 20261121 06:51:05.123456             (from the digits on)
  kDayMonYear,  // 21 Nov 2026 06:51:05.123, 21-NOV-2026 06:51:05   (Redis, Oracle, MongoDB)
  kRfc2822,     // Sat, 21 Nov 2026 06:51:05 +0000
  kShortYmd,    // 26/11/21 06:51:05                    (Hadoop, Spark)
  kHdfs,        // 081109 203615
  kBgl,         // 2005-06-03-15.42.50.675872
  kHealthApp,   // 20171223-22:15:29:606
  kProxifier,   // [10.30 16:49:06]                     (no year; brackets belong to it)
  kMySql5,      // 161121  6:51:05
  kMonthDay,    // 03-17 16:13:38.811                   (Android; no year)
  kUsSlash,     // 11/21/2026 06:51:05 PM               (day first only where month > 12)
  kDotDmy,      // 21.11.2026 06:51:05
  kTimeOfDay,   // 16:42:10.175                         (no date)
  kKernel,      // [ 1234.567890]                       (since boot; brackets belong to it; no date)
  kEpoch,       // 1700000000[.123], 13, 16 or 19 digits: s, ms, us, ns; until 2100
  kCount
};

std::string_view TimeFormatName(TimeFormat format);  // "iso", "syslog", ...: stable, for explain

struct TimeOptions {
  DurationUs zone_offset_us = 0;          // east of UTC, for times without a zone
  const LocalZone* local_zone = nullptr;  // if set, replaces zone_offset_us; must outlive the use
  // Bounds an inferred year: the latest year that puts the time no more than one day after
  // `reference` (a file's mtime, the newest time seen). kNoTime: the year is taken as 2000.
  TimeUs reference = kNoTime;
};

struct ParsedTime {
  TimeUs time = kNoTime;  // without a date: microseconds since local midnight, or since boot
  uint8_t length = 0;     // bytes consumed, zone included
  TimeFormat format = TimeFormat::kNone;
  bool had_zone = false;
  bool had_year = false;
  bool had_date = false;
};

// The timestamp at the very start of `text`. On false `out` is untouched.
bool ParseTime(std::string_view text, const TimeOptions& options, ParsedTime* out);

// The same, for one known format only.
bool ParseTimeAs(TimeFormat format, std::string_view text, const TimeOptions& options,
                 ParsedTime* out);

// The first timestamp that begins within the first `window` bytes, for plain text. A full date wins
// over a bare time of day, epoch number or kernel time before it. A klog level letter directly
// before the digits is passed over.
bool FindTime(std::string_view line, const TimeOptions& options, ParsedTime* out, size_t* begin,
              size_t window = 96);

// A JSON or logfmt value that must be a time and nothing else: any format above with a date, or
// epoch seconds, ms, us or ns, told apart by magnitude; integer, decimal or exponent text.
bool ParseTimeValue(std::string_view value, const TimeOptions& options, TimeUs* out);

// ParseTimeAs for a stream whose times come in order: while the bytes through the seconds stay the
// same, only fraction and zone are parsed. Streams of several formats: some of them are remembered
// side by side. Same results as ParseTimeAs, always.
class TimeCache {
 public:
  TimeCache() = default;
  explicit TimeCache(const TimeOptions& options) : options_(options) {}
  // New options forget what is cached.
  void Reset(const TimeOptions& options);
  const TimeOptions& options() const { return options_; }
  bool ParseAs(TimeFormat format, std::string_view text, ParsedTime* out);
  bool Parse(std::string_view text, ParsedTime* out);  // as ParseTime

 private:
  static constexpr size_t kMaxPrefix = 32;
  struct Second {
    char prefix[kMaxPrefix] = {};
    int64_t local_seconds = 0;
    uint8_t size = 0;  // 0: nothing cached
    TimeFormat format = TimeFormat::kNone;
    bool had_year = false;
  };
  // The common formats have a place of their own, the two spellings of kIso one each.
  static constexpr size_t kSeconds = 16;
  static size_t PlaceOf(TimeFormat format, std::string_view text) {
    if (format == TimeFormat::kIso && text.size() > 10 && text[10] == ' ') return 0;
    return static_cast<size_t>(format) % kSeconds;
  }

  TimeOptions options_;
  Second seconds_[kSeconds];
};

}  // namespace culprit
