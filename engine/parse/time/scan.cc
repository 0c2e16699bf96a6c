#include "engine/parse/time/scan.h"

#include <cstddef>
#include <string_view>

namespace culprit::time_scan {
namespace {

struct NamedZone {
  std::string_view name;
  int minutes;
};
// Names that mean one offset in practice; ambiguous ones (IST) are left out, so such times count as
// zoneless and take the configured zone.
constexpr NamedZone kZones[] = {
    {"UTC", 0},    {"GMT", 0},     {"Z", 0},       {"CET", 60},   {"CEST", 120}, {"WET", 0},
    {"WEST", 60},  {"BST", 60},    {"EET", 120},   {"EEST", 180}, {"MSK", 180},  {"EST", -300},
    {"EDT", -240}, {"CST", -360},  {"CDT", -300},  {"MST", -420}, {"MDT", -360}, {"PST", -480},
    {"PDT", -420}, {"AKST", -540}, {"AKDT", -480}, {"HST", -600}, {"JST", 540},  {"KST", 540},
    {"HKT", 480},  {"SGT", 480},   {"AEST", 600},  {"AEDT", 660}, {"ACST", 570}, {"AWST", 480},
    {"NZST", 720}, {"NZDT", 780},  {"SAST", 120},  {"UCT", 0},
};

const char* Name(const char* p, const char* end, int64_t* offset_seconds) {
  size_t n = 0;
  while (n < 5 && p + n != end && p[n] >= 'A' && p[n] <= 'Z') ++n;
  if (n == 0 || n > 4) return nullptr;
  if (p + n != end && (IsAlnum(p[n]) || p[n] == '_' || p[n] == '-' || p[n] == '=')) return nullptr;
  const std::string_view name(p, n);
  for (const NamedZone& zone : kZones) {
    if (zone.name == name) {
      *offset_seconds = zone.minutes * 60;
      return p + n;
    }
  }
  return nullptr;
}

const char* Offset(const char* p, const char* end, bool hours_alone, int64_t* offset_seconds) {
  const int sign = *p == '-' ? -1 : 1;
  if (end - p < 3) return nullptr;
  const int hours = Two(p + 1);
  if (hours < 0 || hours > 15) return nullptr;
  int minutes = 0;
  const char* q = p + 3;
  const char* digits = q != end && *q == ':' ? q + 1 : q;
  if (end - digits >= 2 && (minutes = Two(digits)) >= 0) {
    if (minutes > 59 || minutes % 15 != 0) return nullptr;
    q = digits + 2;
  } else if (!hours_alone || (q != end && (IsAlnum(*q) || *q == ':' || *q == '-' || *q == '.'))) {
    return nullptr;
  } else {
    minutes = 0;
  }
  if (q != end && IsDigit(*q)) return nullptr;
  *offset_seconds = sign * (hours * 3600 + minutes * 60);
  return q;
}

}  // namespace

const char* Zone(const char* p, const char* end, bool* had, int64_t* offset_seconds) {
  *had = false;
  *offset_seconds = 0;
  if (p == end) return p;
  const bool spaced = *p == ' ';
  const char* q = spaced ? p + 1 : p;
  if (q == end) return p;
  const char* after = nullptr;
  if (*q == '+' || *q == '-') {
    after = Offset(q, end, /*hours_alone=*/!spaced, offset_seconds);
    if (after != nullptr && end - after >= 4 && *after == ' ') {  // Go: "+0100 CET"
      int64_t ignored = 0;
      const char* name = Name(after + 1, end, &ignored);
      if (name != nullptr && name - after > 3) after = name;
    }
  } else if (*q == 'z' && !spaced) {
    if (q + 1 == end || !IsAlnum(q[1])) after = q + 1;
  } else if (*q >= 'A' && *q <= 'Z') {
    after = Name(q, end, offset_seconds);
  }
  if (after == nullptr) {
    *offset_seconds = 0;
    return p;
  }
  *had = true;
  return after;
}

}  // namespace culprit::time_scan
