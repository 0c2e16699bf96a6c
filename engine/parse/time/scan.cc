#include "engine/parse/time/scan.h"

#include <string_view>

namespace culprit::time_scan {
namespace {

// Names that mean one offset in practice; ambiguous ones (IST) are left out, so such times count as
// zoneless and take the configured zone.
constexpr uint32_t Pack(std::string_view name) {
  uint32_t packed = 0;
  for (char c : name) packed = packed << 8 | static_cast<unsigned char>(c);
  return packed;
}
constexpr int kNoZone = INT32_MAX;

// Minutes east of UTC.
int ZoneMinutes(uint32_t packed) {
  switch (packed) {
    case Pack("Z"):
    case Pack("UTC"):
    case Pack("UCT"):
    case Pack("GMT"):
    case Pack("WET"):
      return 0;
    case Pack("CET"):
    case Pack("WEST"):
    case Pack("BST"):
      return 60;
    case Pack("CEST"):
    case Pack("EET"):
    case Pack("SAST"):
      return 120;
    case Pack("EEST"):
    case Pack("MSK"):
      return 180;
    case Pack("HKT"):
    case Pack("SGT"):
    case Pack("AWST"):
      return 480;
    case Pack("JST"):
    case Pack("KST"):
      return 540;
    case Pack("ACST"):
      return 570;
    case Pack("AEST"):
      return 600;
    case Pack("AEDT"):
      return 660;
    case Pack("NZST"):
      return 720;
    case Pack("NZDT"):
      return 780;
    case Pack("EDT"):
      return -240;
    case Pack("EST"):
    case Pack("CDT"):
      return -300;
    case Pack("CST"):
    case Pack("MDT"):
      return -360;
    case Pack("MST"):
    case Pack("PDT"):
      return -420;
    case Pack("PST"):
    case Pack("AKDT"):
      return -480;
    case Pack("AKST"):
      return -540;
    case Pack("HST"):
      return -600;
    default:
      return kNoZone;
  }
}

const char* Name(const char* p, const char* end, int64_t* offset_seconds) {
  uint32_t packed = 0;
  const char* q = p;
  for (; q != end && *q >= 'A' && *q <= 'Z'; ++q) {
    if (q - p == 4) return nullptr;
    packed = packed << 8 | static_cast<unsigned char>(*q);
  }
  if (q == p) return nullptr;
  if (q != end && (IsAlnum(*q) || *q == '_' || *q == '-' || *q == '=')) return nullptr;
  const int minutes = ZoneMinutes(packed);
  if (minutes == kNoZone) return nullptr;
  *offset_seconds = minutes * 60;
  return q;
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
