#include "engine/match/subject.h"

#include <algorithm>
#include <cstdint>
#include <cstring>

namespace culprit {
namespace {

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The code unit of `\uXXXX` at p, or -1.
int CodeUnit(const char* p, const char* end) {
  if (end - p < 6 || p[0] != '\\' || p[1] != 'u') return -1;
  int value = 0;
  for (int i = 2; i < 6; ++i) {
    const int digit = HexValue(p[i]);
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

char* AppendUtf8(uint32_t c, char* out) {
  if (c < 0x80) {
    *out++ = static_cast<char>(c);
  } else if (c < 0x800) {
    *out++ = static_cast<char>(0xC0 | (c >> 6));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    *out++ = static_cast<char>(0xE0 | (c >> 12));
    *out++ = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  } else {
    *out++ = static_cast<char>(0xF0 | (c >> 18));
    *out++ = static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    *out++ = static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    *out++ = static_cast<char>(0x80 | (c & 0x3F));
  }
  return out;
}

char SimpleEscape(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

// Decodes the escape at *in, advances *in behind it and returns the new end of the output. What is
// no escape is copied: the backslash alone.
char* DecodeOne(const char** in, const char* end, char* out) {
  const char* p = *in;
  if (end - p >= 2) {
    if (const char plain = SimpleEscape(p[1]); plain != 0) {
      *out++ = plain;
      *in = p + 2;
      return out;
    }
    if (const int unit = CodeUnit(p, end); unit >= 0) {
      if (unit < 0xD800 || unit > 0xDFFF) {
        *in = p + 6;
        return AppendUtf8(static_cast<uint32_t>(unit), out);
      }
      const int low = unit < 0xDC00 ? CodeUnit(p + 6, end) : -1;
      if (low >= 0xDC00 && low <= 0xDFFF) {
        *in = p + 12;
        return AppendUtf8(0x10000u + ((static_cast<uint32_t>(unit) - 0xD800u) << 10) +
                              (static_cast<uint32_t>(low) - 0xDC00u),
                          out);
      }
    }
  }
  *out++ = '\\';
  *in = p + 1;
  return out;
}

// Decodes [in, end) to out, which may be the same place (the output never overtakes the input).
// Returns the end of the output.
char* DecodeOnce(const char* in, const char* end, char* out) {
  while (in < end) {
    const auto* slash = static_cast<const char*>(std::memchr(in, '\\', end - in));
    const char* stop = slash == nullptr ? end : slash;
    std::memmove(out, in, stop - in);
    out += stop - in;
    in = stop;
    if (slash != nullptr) out = DecodeOne(&in, end, out);
  }
  return out;
}

// The closing quote of the string that p lies in, or end.
const char* StringEnd(const char* p, const char* end) {
  while (p < end && *p != '"') p += *p == '\\' && end - p >= 2 ? 2 : 1;
  return p < end ? p : end;
}

// Like DecodeOnce, in place, but strings that begin with an object are decoded twice.
char* DecodeLine(char* begin, const char* end) {
  const char* in = begin;
  const char* escape_end = begin;  // end of the last escape: a quote before it is no string's start
  char* out = begin;
  while (in < end) {
    const auto* slash = static_cast<const char*>(std::memchr(in, '\\', end - in));
    const char* stop = slash == nullptr ? end : slash;
    const bool nested = slash != nullptr && end - slash >= 2 && slash[1] == '"' &&
                        slash - escape_end >= 2 && slash[-1] == '{' && slash[-2] == '"';
    std::memmove(out, in, stop - in);
    out += stop - in;
    in = stop;
    if (slash == nullptr) break;
    if (nested) {
      const char* string_end = StringEnd(slash, end);
      char* inner_end = DecodeOnce(slash, string_end, out);
      out = DecodeOnce(out, inner_end, out);
      in = string_end;
    } else {
      out = DecodeOne(&in, end, out);
    }
    escape_end = in;
  }
  return out;
}

bool IsBlank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// 2026-01-02T03:04:05.678901234Z stdout F {
size_t BehindCri(std::string_view line) {
  const size_t space = line.substr(0, 40).find(' ');
  if (space == std::string_view::npos || space < 19 || line[10] != 'T') {
    return std::string_view::npos;
  }
  const std::string_view rest = line.substr(space + 1);
  if (rest.size() < 11 ||
      (rest.compare(0, 7, "stdout ") != 0 && rest.compare(0, 7, "stderr ") != 0) ||
      (rest[7] != 'F' && rest[7] != 'P') || rest[8] != ' ' || rest[9] != '{') {
    return std::string_view::npos;
  }
  return space + 1 + 9;
}

// 2026-01-02T03:04:05+00:00<tab>TAG<tab>{ and 2026-01-02 03:04:05.678901234 +0000 TAG: {
size_t BehindFluentd(std::string_view line) {
  constexpr size_t kTagBytes = 256;
  if (line[7] != '-' || line[13] != ':' || line[16] != ':') return std::string_view::npos;
  size_t at = 19;
  while (at < 40 && at < line.size() && line[at] != '\t' && line[at] != ' ') ++at;
  if (at >= line.size()) return std::string_view::npos;
  size_t tag = at + 1;
  std::string_view behind_tag = "\t{";
  if (line[at] == ' ') {
    // The zone.
    if (line[10] != ' ' || line.size() < at + 8 || (line[at + 1] != '+' && line[at + 1] != '-') ||
        !IsDigit(line[at + 2]) || !IsDigit(line[at + 5]) || line[at + 6] != ' ') {
      return std::string_view::npos;
    }
    tag = at + 7;
    behind_tag = ": {";
  } else if (line[at] != '\t') {
    return std::string_view::npos;
  }
  const size_t end = line.substr(tag, kTagBytes + behind_tag.size()).find_first_of(": \t");
  if (end == std::string_view::npos || end == 0 ||
      line.compare(tag + end, behind_tag.size(), behind_tag) != 0) {
    return std::string_view::npos;
  }
  return tag + end + behind_tag.size() - 1;
}

}  // namespace

size_t JsonStart(std::string_view line) {
  size_t start = 0;
  if (line.size() < 2) return std::string_view::npos;
  if (line[0] != '{') {
    if (!IsDigit(line[0]) || line.size() < 25 || line[4] != '-') return std::string_view::npos;
    start = BehindCri(line);
    if (start == std::string_view::npos) start = BehindFluentd(line);
    if (start == std::string_view::npos) return start;
  }
  size_t end = line.size();
  while (end > start && IsBlank(line[end - 1])) --end;
  return line[end - 1] == '}' ? start : std::string_view::npos;
}

std::string_view Subject(std::string_view line, std::string* scratch) {
  const size_t start = JsonStart(line);
  if (start == std::string_view::npos ||
      std::memchr(line.data() + start, '\\', line.size() - start) == nullptr) {
    return line;
  }
  scratch->assign(line);
  char* begin = scratch->data();
  const char* end = DecodeLine(begin + start, begin + line.size());
  return {begin, static_cast<size_t>(end - begin)};
}

void FoldToAscii(std::string_view subject, std::string* out) {
  out->clear();
  size_t at = 0;
  size_t s = subject.find(kLongS);
  size_t k = subject.find(kKelvin);
  while (s != k) {  // both are npos at the end
    const size_t next = std::min(s, k);
    out->append(subject.substr(at, next - at));
    if (next == s) {
      out->push_back('s');
      at = s + kLongS.size();
      s = subject.find(kLongS, at);
    } else {
      out->push_back('k');
      at = k + kKelvin.size();
      k = subject.find(kKelvin, at);
    }
  }
  out->append(subject.substr(at));
}

}  // namespace culprit
