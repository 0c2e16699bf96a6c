// FindTime: where in a line of plain text its timestamp is.
#include <algorithm>

#include "engine/parse/time/scan.h"
#include "engine/parse/time/timestamp.h"

namespace culprit {
namespace {

using time_scan::IsAlnum;
using time_scan::IsAlpha;
using time_scan::IsDigit;
using time_scan::IsWeekday;
using time_scan::MonthOf;

// Formats that plain numbers can imitate: taken only where the line has no better one.
bool IsWeak(TimeFormat format) {
  switch (format) {
    case TimeFormat::kTimeOfDay:
    case TimeFormat::kKernel:
    case TimeFormat::kEpoch:
    case TimeFormat::kHdfs:
      return true;
    default:
      return false;
  }
}

// Weak formats must stand alone: what follows is a space, a bracket, a comma or the end.
bool StandsAlone(std::string_view line, size_t after) {
  if (after >= line.size()) return true;
  switch (line[after]) {
    case ' ':
    case '\t':
    case ']':
    case ')':
    case '|':
    case ',':
    case ';':
    case '"':
    case '\'':
    case '\r':
      return true;
    case ':':
      return after + 1 < line.size() && line[after + 1] == ' ';
    default:
      return false;
  }
}

// Can a timestamp begin after this byte?
bool IsBoundary(char before) {
  return !IsAlnum(before) && before != '.' && before != '-' && before != '/' && before != '_' &&
         before != '+' && static_cast<unsigned char>(before) < 0x80;
}

bool IsLevelLetter(char c) { return c == 'I' || c == 'W' || c == 'E' || c == 'F' || c == 'D'; }

}  // namespace

bool FindTime(std::string_view line, const TimeOptions& options, ParsedTime* out, size_t* begin,
              size_t window) {
  const size_t stop = std::min(window, line.size());
  ParsedTime weak;
  size_t weak_begin = 0;
  for (size_t i = 0; i < stop; ++i) {
    const char c = line[i];
    const bool digit = IsDigit(c);
    if (!digit && !IsAlpha(c) && c != '[') continue;
    bool after_level = false;
    if (i > 0 && c != '[' && !IsBoundary(line[i - 1])) {
      after_level = digit && IsLevelLetter(line[i - 1]) && (i == 1 || IsBoundary(line[i - 2]));
      if (!after_level) continue;
    }
    if (IsAlpha(c) &&
        (line.size() - i < 12 || (MonthOf(line.data() + i) == 0 && !IsWeekday(line.data() + i)))) {
      continue;
    }
    ParsedTime found;
    if (!ParseTime(line.substr(i), options, &found)) continue;
    if (after_level && found.format != TimeFormat::kKlog && found.format != TimeFormat::kGlogYear) {
      continue;
    }
    // "12:34:56 Nov 21": the weak one is kept in case nothing better follows.
    if (!IsWeak(found.format)) {
      *out = found;
      *begin = i;
      return true;
    }
    if (weak.format == TimeFormat::kNone && StandsAlone(line, i + found.length)) {
      weak = found;
      weak_begin = i;
    }
    i += found.length - 1;
  }
  if (weak.format == TimeFormat::kNone) return false;
  *out = weak;
  *begin = weak_begin;
  return true;
}

}  // namespace culprit
