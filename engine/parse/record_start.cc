// Whether a line begins a record, without parsing it: most lines show it in front.
#include "engine/parse/line_parser.h"
#include "engine/parse/multiline.h"
#include "engine/parse/text.h"

namespace culprit {
namespace {

constexpr size_t kSeverityBytes = 300;  // of a line: where PostgreSQL's severity is looked for

// "10.0.0.1 - ", as access logs begin.
bool StartsWithAddress(std::string_view line) {
  size_t n = 0;
  size_t dots = 0;
  for (; n < line.size() && n < 16 && (IsDigit(line[n]) || line[n] == '.'); ++n)
    dots += line[n] == '.';
  return dots == 3 && line.substr(n).starts_with(" - ");
}

// "Mar  1 ", "Sat, 1 ": the only letters that a time begins with.
bool MayBeginTime(std::string_view text) {
  return IsUpper(text[0]) && text.size() > 3 && (text[3] == ' ' || text[3] == ',');
}

// "2026-11-21 06:51:05,123 [...", "... ERROR": a time without a zone, and what no wrapper and no
// repeated head has behind it. A quick look for the most common lines: false says nothing.
bool StartsWithLocalTime(std::string_view text) {
  if (text.size() < 32 || text[0] != '2' || text[1] != '0' || text[4] != '-' || text[7] != '-' ||
      (text[10] != ' ' && text[10] != 'T') || text[13] != ':' || text[16] != ':')
    return false;
  for (const size_t at : {2u, 3u, 5u, 6u, 8u, 9u, 11u, 12u, 14u, 15u, 17u, 18u})
    if (!IsDigit(text[at])) return false;
  const int month = (text[5] - '0') * 10 + text[6] - '0',
            day = (text[8] - '0') * 10 + text[9] - '0';
  const int hour = (text[11] - '0') * 10 + text[12] - '0';
  if (month < 1 || month > 12 || day < 1 || day > 28 || hour > 23 || text[14] > '5' ||
      text[17] > '5')
    return false;
  size_t at = 19;
  if ((text[at] == '.' || text[at] == ',') && IsDigit(text[at + 1])) {
    ++at;
    while (at < text.size() && IsDigit(text[at])) ++at;
  }
  if (at - 19 > 10 || at + 6 > text.size() || text[at] != ' ') return false;
  const std::string_view rest = text.substr(at + 1);
  if (IsUpper(rest[0])) {
    // Names of zones have up to four letters.
    const bool word = IsUpper(rest[1]) && IsUpper(rest[2]) && IsUpper(rest[3]);
    if (!word || !(IsUpper(rest[4]) || rest.starts_with("INFO ") || rest.starts_with("WARN ")))
      return false;
  } else if (rest[0] != '[' && (!IsLower(rest[0]) || rest.starts_with("std"))) {
    return false;
  }
  return !Contains(rest.substr(0, kSeverityBytes), ":  ");
}

// False: no reader takes the text for a line that repeats the head of the one before (oslo and
// PostgreSQL write a record's further lines so).
bool MayRepeat(const TimedLine& line) {
  const std::string_view rest = line.rest;
  LineFields fields;
  if (rest.size() > 1 && rest[0] == ' ' && IsDigit(rest[1]) && ReadOslo(line, &fields) &&
      fields.repeats)
    return true;
  fields.repeats = false;
  return Contains(rest.substr(0, kSeverityBytes), ":  ") && ReadPostgres(line, &fields) &&
         fields.repeats;
}

}  // namespace

// The text of a message (Merge makes a head of what is no trace): surely no trace, not wrapped
// again, no head that repeats.
bool LineParser::IsMessage(std::string_view text) {
  if (text.empty()) return false;
  const std::string_view head = text.substr(0, kSeverityBytes);
  for (size_t at = head.find(": "); at != std::string_view::npos; at = head.find(": ", at + 1)) {
    const char next = at + 2 < text.size() ? text[at + 2] : '\0';
    if (next == ' ' || next == '[') return false;  // PostgreSQL, Fluent Bit
  }
  if (text[0] == '[') {
    // A kernel's clock.
    Stamp stamp;
    const size_t n = stamps_->ReadAs(TimeFormat::kKernel, text, &stamp);
    return n > 0 && !text.substr(n).starts_with(" std");
  }
  if (!IsAlpha(text[0]) || MayBeginTime(text)) return false;
  Cursor cursor(text);
  cursor.TakeName();
  cursor.SkipSpaces();
  if (cursor.peek() == '|') return false;  // compose
  Level level = Level::kUnknown;
  return LookOfText(text, &level) != Shape::kTrace;
}

bool LineParser::SurelyStartsRecord(std::string_view line, std::string_view before, bool quoted) {
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (!settings_.forced.empty() || line.size() > kMaxParsedBytes) return false;
  return StartsRecord(line, before, quoted, 0) && !Contains(line, "\x1b");
}

bool LineParser::StartsRecord(std::string_view text, std::string_view before, bool quoted,
                              size_t depth) {
  if (text.empty()) return false;
  const char first = text[0];
  if (!IsDigit(first) && first != '[' && !IsUpper(first)) return false;
  if (first == '2' && StartsWithLocalTime(text)) return true;
  LineFields fields;
  ReadContext context{*stamps_, arena_};
  if (IsUpper(first) && !MayBeginTime(text)) return !quoted && ReadKlog(text, context, &fields);
  if (StartsWithAddress(text)) return ReadAccess(text, context, &fields);
  TimedLine timed;
  if (!ReadTime(text, *stamps_, &timed))
    return !quoted && IsDigit(first) && ReadRedis(text, context, &fields);
  if (timed.stamp.format == TimeFormat::kKernel) return !quoted && first == '[' && !timed.bracketed;
  const std::string_view rest = timed.rest;
  // A wrapper: what it carries decides.
  Wrapped wrapped;
  if (rest.starts_with(" std") && ReadCri(timed, &fields, &wrapped)) {
    return !quoted && depth == 0 && StartsRecord(wrapped.inner, before, quoted, depth + 1);
  }
  if (timed.stamp.zoned && (MayBeTimestamped(timed) || ReadFluentd(timed, &fields, &wrapped) ||
                            ReadCloudWatchText(timed, &fields, &wrapped))) {
    return false;
  }
  if (ReadSyslog(timed, &fields, &wrapped)) {
    if (fields.group.empty() || (quoted && Contains(fields.group, "\\"))) return false;
    return fields.group != before || (!quoted && IsMessage(wrapped.inner));
  }
  if (IsUpper(first)) return false;
  if (quoted) {
    return !(rest.size() > 1 && rest[0] == ' ' && IsDigit(rest[1])) &&
           !Contains(rest.substr(0, kSeverityBytes), ":  ");
  }
  return !MayRepeat(timed);
}

}  // namespace culprit
