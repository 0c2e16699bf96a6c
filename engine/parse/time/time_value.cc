// ParseTimeValue: times that stand alone in a JSON or logfmt field.
#include "engine/parse/time/scan.h"
#include "engine/parse/time/timestamp.h"

namespace culprit {
namespace {

using time_scan::IsDigit;

constexpr TimeUs kMaxValue = 7258118400 * kSecondUs;  // 2200-01-01

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Epoch number text: [0-9]+(.[0-9]*)?([eE][+-]?[0-9]+)?, scaled by powers of ten in integers, so
// that "1700000000.123" and "1.700000000123e9" give the same microsecond.
bool ParseEpochNumber(std::string_view text, TimeUs* out) {
  int64_t mantissa = 0;  // up to 18 significant digits
  int exponent = 0;      // value = mantissa * 10^exponent
  size_t i = 0;
  int significant = 0;
  bool any = false, fraction = false;
  for (; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '.' && !fraction) {
      fraction = true;
      continue;
    }
    if (!IsDigit(c)) break;
    any = true;
    if (significant < 18) {
      mantissa = mantissa * 10 + (c - '0');
      if (mantissa != 0) ++significant;
      if (fraction) --exponent;
    } else if (!fraction) {
      ++exponent;
    }
  }
  if (!any || mantissa == 0) return false;
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    int sign = 1;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) sign = text[i++] == '-' ? -1 : 1;
    int value = 0;
    const size_t first = i;
    for (; i < text.size() && IsDigit(text[i]) && i - first < 3; ++i) {
      value = value * 10 + (text[i] - '0');
    }
    if (i == first) return false;
    exponent += sign * value;
  }
  if (i != text.size()) return false;
  // Digits left of the point tell the unit: 9-11 seconds, 12-14 ms, 15-17 us, 18-20 ns.
  int mantissa_digits = 0;
  for (int64_t m = mantissa; m != 0; m /= 10) ++mantissa_digits;
  const int whole = mantissa_digits + exponent;
  int unit;  // power of ten from the unit to microseconds
  if (whole >= 9 && whole <= 11) {
    unit = 6;
  } else if (whole >= 12 && whole <= 14) {
    unit = 3;
  } else if (whole >= 15 && whole <= 17) {
    unit = 0;
  } else if (whole >= 18 && whole <= 20) {
    unit = -3;
  } else {
    return false;
  }
  int power = exponent + unit;
  for (; power < 0 && mantissa != 0; ++power) mantissa /= 10;
  for (; power > 0; --power) {
    if (mantissa > kMaxValue / 10) return false;
    mantissa *= 10;
  }
  if (mantissa <= 0 || mantissa >= kMaxValue) return false;
  *out = mantissa;
  return true;
}

}  // namespace

bool ParseTimeValue(std::string_view value, const TimeOptions& options, TimeUs* out) {
  while (!value.empty() && IsSpace(value.front())) value.remove_prefix(1);
  while (!value.empty() && IsSpace(value.back())) value.remove_suffix(1);
  if (value.empty() || value.size() > 64) return false;
  ParsedTime parsed;
  if (ParseTime(value, options, &parsed) && parsed.had_date && parsed.length == value.size() &&
      parsed.format != TimeFormat::kEpoch) {
    *out = parsed.time;
    return true;
  }
  return ParseEpochNumber(value, out);
}

}  // namespace culprit
