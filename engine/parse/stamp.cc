#include "engine/parse/stamp.h"

#include "engine/parse/text.h"

namespace culprit {
namespace {

// Two digits at `at`, or -1.
int Two(std::string_view s, size_t at) {
  if (at + 2 > s.size() || !IsDigit(s[at]) || !IsDigit(s[at + 1])) return -1;
  return (s[at] - '0') * 10 + (s[at + 1] - '0');
}

}  // namespace

size_t StampReader::Read(std::string_view text, Stamp* out) {
  const int y1 = Two(text, 0), y2 = Two(text, 2), mo = Two(text, 5), d = Two(text, 8);
  if (y1 < 0 || y2 < 0 || mo < 1 || mo > 12 || d < 1 || d > 31) return 0;
  const int h = Two(text, 11), mi = Two(text, 14), s = Two(text, 17);
  if (h < 0 || mi < 0 || s < 0 || text[4] != text[7] || text[13] != ':' || text[16] != ':')
    return 0;
  if (text[4] != '-' && text[4] != '/') return 0;
  if (text[10] != 'T' && text[10] != ' ') return 0;
  size_t at = 19;
  int64_t us = 0;
  if (at < text.size() && (text[at] == '.' || text[at] == ',') && at + 1 < text.size() &&
      IsDigit(text[at + 1])) {
    int64_t scale = 100000;
    for (++at; at < text.size() && IsDigit(text[at]); ++at, scale /= 10)
      us += (text[at] - '0') * scale;
  }
  const absl::CivilSecond civil(y1 * 100 + y2, mo, d, h, mi, s);
  out->dated = out->has_year = true;
  out->zoned = false;
  if (at < text.size() && text[at] == 'Z') {
    ++at;
    out->zoned = true;
    out->time = absl::ToUnixMicros(absl::FromCivil(civil, absl::UTCTimeZone())) + us;
  } else if (at + 4 < text.size() && (text[at] == '+' || text[at] == '-') &&
             Two(text, at + 1) >= 0) {
    const int zh = Two(text, at + 1);
    const size_t m = text[at + 3] == ':' ? at + 4 : at + 3;
    const int zm = Two(text, m);
    if (zm < 0) return 0;
    const int64_t off = (zh * 60 + zm) * 60 * kSecondUs * (text[at] == '-' ? -1 : 1);
    at = m + 2;
    out->zoned = true;
    out->time = absl::ToUnixMicros(absl::FromCivil(civil, absl::UTCTimeZone())) + us - off;
  } else {
    out->time = absl::ToUnixMicros(absl::FromCivil(civil, zone_)) + us;
  }
  return at;
}

size_t StampReader::Find(std::string_view text, size_t limit, Stamp* out, size_t* at) {
  for (size_t i = 0; i < text.size() && i < limit; ++i) {
    if (i > 0 && IsAlnum(text[i - 1])) continue;
    if (!IsAlnum(text[i])) continue;
    if (const size_t n = Read(text.substr(i), out)) {
      *at = i;
      return n;
    }
  }
  return 0;
}

bool StampReader::FromInteger(int64_t value, Stamp* out) {
  if (value < 10'000'000) return false;
  out->zoned = out->dated = out->has_year = true;
  if (value < 100'000'000'000) {
    out->time = value * kSecondUs;
  } else if (value < 100'000'000'000'000) {
    out->time = value * 1000;
  } else if (value < 100'000'000'000'000'000) {
    out->time = value;
  } else {
    out->time = value / 1000;
  }
  return true;
}

bool StampReader::FromNumber(double value, Stamp* out) {
  if (!(value >= 1e7 && value < 9e18)) return false;
  if (value >= 1e14) return FromInteger(static_cast<int64_t>(value), out);
  const double us = value < 1e11 ? value * 1e6 : value * 1e3;
  out->zoned = out->dated = out->has_year = true;
  out->time = static_cast<TimeUs>(us + 0.5);
  return true;
}

bool StampReader::ReadValue(std::string_view text, Stamp* out) {
  text = Trim(text);
  if (AllDigits(text)) return FromInteger(ParseDigits(text), out);
  return Read(text, out) > 0;
}

}  // namespace culprit
