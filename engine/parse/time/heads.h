// One function per format that reads it through the seconds: from [p, end) into fields, returning
// where it stopped, nullptr for "does not fit". Ranges are not checked here (LocalSeconds does
// that). Internal to parse/time; inline, so that each format's parser is compiled as one.
#pragma once
#include "engine/parse/time/scan.h"

namespace culprit::time_scan {

using Head = const char* (*)(const char*, const char*, Fields*);

inline int TwoDigitYear(int yy) { return yy < 0 ? -1 : yy < 70 ? 2000 + yy : 1900 + yy; }

inline const char* HeadIso(const char* p, const char* end, Fields* f) {
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

inline const char* HeadIsoCompact(const char* p, const char* end, Fields* f) {
  if (end - p < 15 || p[8] != 'T') return nullptr;
  f->year = Four(p), f->month = Two(p + 4), f->day = Two(p + 6);
  f->hour = Two(p + 9), f->minute = Two(p + 11), f->second = Two(p + 13);
  return f->year < 0 ? nullptr : p + 15;
}

inline const char* HeadSlashYmd(const char* p, const char* end, Fields* f) {
  if (end - p < 19 || p[4] != '/' || p[7] != '/' || (p[10] != ' ' && p[10] != 'T')) return nullptr;
  f->year = Four(p), f->month = Two(p + 5), f->day = Two(p + 8);
  return f->year < 0 ? nullptr : Clock(p + 11, end, f);
}

// "Nov 21 ", "Nov  1 ", "Nov 1 ".
inline const char* MonthDay(const char* p, const char* end, Fields* f) {
  if (end - p < 6 || p[3] != ' ' || (f->month = MonthOf(p)) == 0) return nullptr;
  p = Day(p + 4, end, f);
  return p == nullptr || p == end || *p != ' ' ? nullptr : p + 1;
}

inline const char* HeadSyslog(const char* p, const char* end, Fields* f) {
  p = MonthDay(p, end, f);
  return p == nullptr ? nullptr : Clock(p, end, f);
}

inline const char* HeadSyslogYear(const char* p, const char* end, Fields* f) {
  p = MonthDay(p, end, f);
  if (p == nullptr || end - p < 13 || p[4] != ' ' || (f->year = Four(p)) < 0) return nullptr;
  return Clock(p + 5, end, f);
}

inline const char* HeadYearSyslog(const char* p, const char* end, Fields* f) {
  if (end - p < 6 || p[4] != ' ' || (f->year = Four(p)) < 0) return nullptr;
  return HeadSyslog(p + 5, end, f);
}

inline const char* HeadClf(const char* p, const char* end, Fields* f) {
  if (end - p < 20 || p[2] != '/' || p[6] != '/' || p[11] != ':') return nullptr;
  f->day = Two(p), f->month = MonthOf(p + 3), f->year = Four(p + 7);
  return f->year < 0 ? nullptr : Clock(p + 12, end, f);
}

inline const char* HeadKlog(const char* p, const char* end, Fields* f) {
  if (end - p < 13 || p[4] != ' ') return nullptr;
  f->month = Two(p), f->day = Two(p + 2);
  return Clock(p + 5, end, f);
}

inline const char* HeadGlogYear(const char* p, const char* end, Fields* f) {
  if (end - p < 17 || p[8] != ' ') return nullptr;
  f->year = Four(p), f->month = Two(p + 4), f->day = Two(p + 6);
  return f->year < 0 ? nullptr : Clock(p + 9, end, f);
}

inline const char* HeadDayMonYear(const char* p, const char* end, Fields* f) {
  p = Day(p, end, f);
  if (p == nullptr || end - p < 18) return nullptr;
  const char sep = *p;
  if ((sep != ' ' && sep != '-') || p[4] != sep || p[9] != ' ') return nullptr;
  f->month = MonthOf(p + 1), f->year = Four(p + 5);
  return f->year < 0 ? nullptr : Clock(p + 10, end, f);
}

inline const char* HeadRfc2822(const char* p, const char* end, Fields* f) {
  if (end - p < 6 || p[3] != ',' || p[4] != ' ' || !IsWeekday(p)) return nullptr;
  return HeadDayMonYear(p + 5, end, f);
}

inline const char* HeadShortYmd(const char* p, const char* end, Fields* f) {
  if (end - p < 17 || p[2] != '/' || p[5] != '/' || p[8] != ' ') return nullptr;
  f->year = TwoDigitYear(Two(p)), f->month = Two(p + 3), f->day = Two(p + 6);
  return f->year < 0 ? nullptr : Clock(p + 9, end, f);
}

inline const char* HeadHdfs(const char* p, const char* end, Fields* f) {
  if (end - p < 13 || p[6] != ' ') return nullptr;
  f->year = TwoDigitYear(Two(p)), f->month = Two(p + 2), f->day = Two(p + 4);
  f->hour = Two(p + 7), f->minute = Two(p + 9), f->second = Two(p + 11);
  return f->year < 0 ? nullptr : p + 13;
}

inline const char* HeadBgl(const char* p, const char* end, Fields* f) {
  if (end - p < 19 || p[4] != '-' || p[7] != '-' || p[10] != '-' || p[13] != '.' || p[16] != '.') {
    return nullptr;
  }
  f->year = Four(p), f->month = Two(p + 5), f->day = Two(p + 8);
  f->hour = Two(p + 11), f->minute = Two(p + 14), f->second = Two(p + 17);
  return f->year < 0 ? nullptr : p + 19;
}

inline const char* HeadMySql5(const char* p, const char* end, Fields* f) {
  if (end - p < 15 || p[6] != ' ') return nullptr;
  f->year = TwoDigitYear(Two(p)), f->month = Two(p + 2), f->day = Two(p + 4);
  if (f->year < 0) return nullptr;
  p += 7;
  return LooseClock(*p == ' ' ? p + 1 : p, end, f);
}

inline const char* HeadMonthDay(const char* p, const char* end, Fields* f) {
  if (end - p < 14 || p[2] != '-' || p[5] != ' ') return nullptr;
  f->month = Two(p), f->day = Two(p + 3);
  return Clock(p + 6, end, f);
}

inline const char* HeadDotDmy(const char* p, const char* end, Fields* f) {
  p = Day(p, end, f);
  if (p == nullptr || end - p < 16 || p[0] != '.' || p[3] != '.' || p[8] != ' ') return nullptr;
  f->month = Two(p + 1), f->year = Four(p + 4);
  return f->year < 0 ? nullptr : Clock(p + 9, end, f);
}

}  // namespace culprit::time_scan
