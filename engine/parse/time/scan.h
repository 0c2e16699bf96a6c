// Byte-level pieces shared by the formats: digits, names of months, fraction, zone. Internal to
// parse/time. Every function takes [p, end) and returns where it stopped, nullptr for "does not
// fit".
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>

#include "engine/core/time.h"

namespace culprit::time_scan {

constexpr bool IsDigit(char c) { return static_cast<unsigned char>(c - '0') <= 9; }
constexpr bool IsAlpha(char c) { return static_cast<unsigned char>((c | 0x20) - 'a') < 26; }
constexpr bool IsAlnum(char c) { return IsDigit(c) || IsAlpha(c); }

// Two digits at p, both readable; -1 if they are not digits.
constexpr int Two(const char* p) {
  const unsigned a = static_cast<unsigned char>(p[0] - '0');
  const unsigned b = static_cast<unsigned char>(p[1] - '0');
  return a > 9 || b > 9 ? -1 : static_cast<int>(a * 10 + b);
}

constexpr int Four(const char* p) {
  const int a = Two(p), b = Two(p + 2);
  return (a | b) < 0 ? -1 : a * 100 + b;
}

// 1-12 for three letters in any case, 0 otherwise.
constexpr int MonthOf(const char* p) {
  constexpr auto pack = [](const char* s) {
    return static_cast<uint32_t>(static_cast<unsigned char>(s[0] | 0x20)) << 16 |
           static_cast<uint32_t>(static_cast<unsigned char>(s[1] | 0x20)) << 8 |
           static_cast<unsigned char>(s[2] | 0x20);
  };
  switch (pack(p)) {
    case pack("jan"):
      return 1;
    case pack("feb"):
      return 2;
    case pack("mar"):
      return 3;
    case pack("apr"):
      return 4;
    case pack("may"):
      return 5;
    case pack("jun"):
      return 6;
    case pack("jul"):
      return 7;
    case pack("aug"):
      return 8;
    case pack("sep"):
      return 9;
    case pack("oct"):
      return 10;
    case pack("nov"):
      return 11;
    case pack("dec"):
      return 12;
    default:
      return 0;
  }
}

// "Mon" ... "Sun".
constexpr bool IsWeekday(const char* p) {
  constexpr const char* kNames[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  for (const char* name : kNames) {
    if ((p[0] | 0x20) == name[0] && (p[1] | 0x20) == name[1] && (p[2] | 0x20) == name[2]) {
      return true;
    }
  }
  return false;
}

struct Fields {
  int year = -1;  // -1: not in the text
  int month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

// "06:51:05" -> after it.
inline const char* Clock(const char* p, const char* end, Fields* f) {
  if (end - p < 8 || p[2] != ':' || p[5] != ':') return nullptr;
  f->hour = Two(p), f->minute = Two(p + 3), f->second = Two(p + 6);
  return p + 8;
}

// "6:51:05" or "06:51:05".
inline const char* LooseClock(const char* p, const char* end, Fields* f) {
  if (end - p >= 7 && p[1] == ':') {
    if (!IsDigit(p[0]) || p[4] != ':') return nullptr;
    f->hour = p[0] - '0', f->minute = Two(p + 2), f->second = Two(p + 5);
    return p + 7;
  }
  return Clock(p, end, f);
}

// "21", " 1" or "1" (then not a digit).
inline const char* Day(const char* p, const char* end, Fields* f) {
  if (p != end && *p == ' ') ++p;
  if (p == end || !IsDigit(*p)) return nullptr;
  f->day = *p++ - '0';
  if (p != end && IsDigit(*p)) f->day = f->day * 10 + (*p++ - '0');
  return p;
}

// Eight bytes as they stand, first byte lowest.
inline uint64_t Load8(const char* p) {
  uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}

// High bit set in every byte that is not a digit. (Bytes above a non-ASCII one may be flagged too;
// the lowest flag is always right.)
constexpr uint64_t NonDigits(uint64_t v) {
  return ((v + 0x4646464646464646u) | (v - 0x3030303030303030u)) & 0x8080808080808080u;
}

// ".123456": microseconds to `us`; returns p itself where there is no fraction.
inline const char* Fraction(const char* p, const char* end, int64_t* us) {
  static_assert(std::endian::native == std::endian::little);
  *us = 0;
  if (end - p < 2 || !IsDigit(p[1])) return p;
  if (*p != '.' && *p != ',') {
    if (*p != ':' || end - p < 4 || !IsDigit(p[2]) || !IsDigit(p[3])) return p;
  }
  ++p;
  if (end - p >= 8) {
    uint64_t v = Load8(p);
    const uint64_t stop = NonDigits(v);
    const int digits = stop == 0 ? 8 : std::countr_zero(stop) / 8;
    if (digits < 8) {  // at least 1, seen above
      const uint64_t keep = (uint64_t{1} << (digits * 8)) - 1;
      v = (v & keep) | (0x3030303030303030u & ~keep);
    }
    v -= 0x3030303030303030u;
    v = v * 10 + (v >> 8);
    v = ((v & 0x000000ff000000ffu) * 0x000f424000000064u +
         ((v >> 16) & 0x000000ff000000ffu) * 0x0000271000000001u) >>
        32;
    *us = static_cast<int64_t>(static_cast<uint32_t>(v) / 100);
    p += digits;
    while (digits == 8 && p != end && IsDigit(*p)) ++p;
    return p;
  }
  int64_t value = 0;
  int digits = 0;
  for (; p != end && IsDigit(*p); ++p) {
    if (digits < 6) value = value * 10 + (*p - '0'), ++digits;
  }
  for (; digits < 6; ++digits) value *= 10;
  *us = value;
  return p;
}

// Zone after a time: Z, +hh:mm, +hhmm, +hh, the same after one space (+hh excepted), or a known
// name. Returns p itself (and leaves *had false) where there is none.
const char* Zone(const char* p, const char* end, bool* had, int64_t* offset_seconds);

}  // namespace culprit::time_scan
