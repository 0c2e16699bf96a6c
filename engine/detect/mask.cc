#include "engine/detect/mask.h"

#include <array>
#include <cstdint>

namespace culprit {
namespace {

// Byte classes. Bytes of multi-byte characters count as letters of a word, as in the patterns that
// these scanners stand for ([\w] of Unicode text).
enum : uint8_t { kDigit = 1, kAlpha = 2, kWord = 4, kSpace = 8, kHex = 16, kPath = 32 };

constexpr std::array<uint8_t, 256> MakeClasses() {
  std::array<uint8_t, 256> t{};
  for (int c = 0; c < 256; ++c) {
    uint8_t v = 0;
    const bool digit = c >= '0' && c <= '9';
    const bool alpha = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (digit) v |= kDigit;
    if (alpha) v |= kAlpha;
    if (digit || alpha || c == '_' || c >= 0x80) v |= kWord;
    if (c == ' ' || (c >= '\t' && c <= '\r')) v |= kSpace;
    if (digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')) v |= kHex;
    if ((v & kWord) != 0 || c == '.' || c == '@' || c == '#' || c == '%' || c == '+' || c == '~' ||
        c == '-') {
      v |= kPath;
    }
    t[static_cast<size_t>(c)] = v;
  }
  return t;
}
constexpr std::array<uint8_t, 256> kClasses = MakeClasses();

// The text of one pass. Positions outside it have no class.
struct Text {
  std::string_view s;
  bool Is(size_t i, uint8_t cls) const {
    return i < s.size() && (kClasses[static_cast<uint8_t>(s[i])] & cls) != 0;
  }
  bool At(size_t i, char c) const { return i < s.size() && s[i] == c; }
  bool WordOrDash(size_t i) const { return Is(i, kWord) || At(i, '-'); }
  // \b at i. (i - 1 wraps to a position outside the text.)
  bool Boundary(size_t i) const { return Is(i - 1, kWord) != Is(i, kWord); }
  size_t Skip(size_t i, uint8_t cls) const {
    while (Is(i, cls)) ++i;
    return i;
  }
  size_t SkipWordOrDash(size_t i) const {
    while (WordOrDash(i)) ++i;
    return i;
  }
  bool Run(size_t i, size_t n, uint8_t cls) const {
    for (size_t k = 0; k < n; ++k) {
      if (!Is(i + k, cls)) return false;
    }
    return true;
  }
};

constexpr size_t kNo = 0;  // no match: every match has at least one byte, so its end is > 0

// Each pattern: Match(t, i) is the end of the match that starts at i, or kNo.
// (The expression in the comment is what it stands for.)

// \b[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}\b
size_t Uuid(const Text& t, size_t i) {
  if (!t.Is(i, kHex) || !t.Boundary(i) || !t.At(i + 8, '-')) return kNo;
  static constexpr size_t kGroups[] = {8, 4, 4, 4, 12};
  size_t p = i;
  for (size_t g = 0; g < 5; ++g) {
    if (g > 0 && !t.At(p++, '-')) return kNo;
    if (!t.Run(p, kGroups[g], kHex)) return kNo;
    p += kGroups[g];
  }
  return t.Boundary(p) ? p : kNo;
}

// \b(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}\b
size_t Mac(const Text& t, size_t i) {
  if (!t.Is(i, kHex) || !t.At(i + 2, ':') || !t.Boundary(i)) return kNo;
  for (size_t g = 0; g < 6; ++g) {
    if (!t.Run(i + 3 * g, 2, kHex)) return kNo;
    if (g < 5 && !t.At(i + 3 * g + 2, ':')) return kNo;
  }
  return t.Boundary(i + 17) ? i + 17 : kNo;
}

// /?\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b
size_t Ip(const Text& t, size_t i) {
  size_t p = t.At(i, '/') ? i + 1 : i;
  if (!t.Is(p, kDigit) || !t.Boundary(p)) return kNo;
  for (int octet = 0; octet < 4; ++octet) {
    if (octet > 0 && !t.At(p++, '.')) return kNo;
    const size_t start = p;
    p = t.Skip(p, kDigit);
    if (p == start || p - start > 3) return kNo;
  }
  if (t.At(p, ':') && t.Is(p + 1, kDigit)) {
    const size_t end = t.Skip(p + 1, kDigit);
    if (t.Boundary(end)) return end;
  }
  return t.Boundary(p) ? p : kNo;
}

// \b[\w-]+(?:\.[\w-]+){2,}(?::\d+)?\b
size_t Dotted(const Text& t, size_t i) {
  if (!t.WordOrDash(i) || !t.Boundary(i)) return kNo;
  size_t p = t.SkipWordOrDash(i);
  size_t second = 0;  // first byte after the second dot
  int dots = 0;
  while (t.At(p, '.') && t.WordOrDash(p + 1)) {
    if (++dots == 2) second = p + 1;
    p = t.SkipWordOrDash(p + 1);
  }
  if (dots < 2) return kNo;
  if (t.At(p, ':') && t.Is(p + 1, kDigit)) {
    const size_t end = t.Skip(p + 1, kDigit);
    if (t.Boundary(end)) return end;
  }
  // Back off to a word boundary, not inside the first two parts.
  for (; p > second; --p) {
    if (t.s[p - 1] != '.' && t.Boundary(p)) return p;
  }
  return kNo;
}

// (?:(?<=[\s=:\(\[,'\"])|^)(?:/[\w.@#%+~-]+){2,}/?
size_t Path(const Text& t, size_t i) {
  if (!t.At(i, '/')) return kNo;
  if (i > 0 && !t.Is(i - 1, kSpace)) {
    const char c = t.s[i - 1];
    if (c != '=' && c != ':' && c != '(' && c != '[' && c != ',' && c != '\'' && c != '"') {
      return kNo;
    }
  }
  size_t p = i;
  int parts = 0;
  while (t.At(p, '/') && t.Is(p + 1, kPath)) {
    p = t.Skip(p + 1, kPath);
    ++parts;
  }
  if (parts < 2) return kNo;
  return t.At(p, '/') ? p + 1 : p;
}

// \b\d{4}[-/]\d\d[-/]\d\d(?:[T_ ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?\b
size_t Date(const Text& t, size_t i) {
  const auto dash = [&](size_t p) { return t.At(p, '-') || t.At(p, '/'); };
  if (!t.Is(i, kDigit) || !dash(i + 4) || !dash(i + 7) || !t.Boundary(i)) return kNo;
  if (!t.Run(i, 4, kDigit) || !t.Run(i + 5, 2, kDigit) || !t.Run(i + 8, 2, kDigit)) return kNo;
  const size_t day = i + 10;
  if ((t.At(day, 'T') || t.At(day, '_') || t.At(day, ' ')) && t.Run(day + 1, 2, kDigit) &&
      t.At(day + 3, ':') && t.Run(day + 4, 2, kDigit)) {
    const size_t minute = day + 6;
    if (t.At(minute, ':') && t.Run(minute + 1, 2, kDigit)) {
      const size_t second = minute + 3;
      if (t.At(second, '.') && t.Is(second + 1, kDigit)) {
        const size_t end = t.Skip(second + 1, kDigit);
        if (t.Boundary(end)) return end;
      }
      if (t.Boundary(second)) return second;
    }
    if (t.Boundary(minute)) return minute;
  }
  return t.Boundary(day) ? day : kNo;
}

// \b\d\d:\d\d:\d\d(?:\.\d+)?\b
size_t Clock(const Text& t, size_t i) {
  if (!t.At(i + 2, ':') || !t.At(i + 5, ':') || !t.Boundary(i)) return kNo;
  if (!t.Run(i, 2, kDigit) || !t.Run(i + 3, 2, kDigit) || !t.Run(i + 6, 2, kDigit)) return kNo;
  const size_t end = i + 8;
  if (t.At(end, '.') && t.Is(end + 1, kDigit)) {
    const size_t fraction = t.Skip(end + 1, kDigit);
    if (t.Boundary(fraction)) return fraction;
  }
  return t.Boundary(end) ? end : kNo;
}

// \b0x[0-9a-fA-F]+\b
size_t HexLiteral(const Text& t, size_t i) {
  if (!t.At(i, '0') || !t.At(i + 1, 'x') || !t.Is(i + 2, kHex) || !t.Boundary(i)) return kNo;
  const size_t end = t.Skip(i + 2, kHex);
  return t.Boundary(end) ? end : kNo;
}

// \b(?=[0-9a-fA-F]*\d)(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{6,}\b
size_t HexWord(const Text& t, size_t i) {
  if (!t.Is(i, kHex) || !t.Boundary(i)) return kNo;
  bool digit = false;
  bool alpha = false;
  size_t p = i;
  for (; t.Is(p, kHex); ++p) (t.Is(p, kDigit) ? digit : alpha) = true;
  return digit && alpha && p - i >= 6 && t.Boundary(p) ? p : kNo;
}

// (?:ms|us|ns|s|sec|KB|MB|GB|B|K|M|G|%|bytes)(?![A-Za-z\d])
size_t Unit(const Text& t, size_t i) {
  static constexpr std::string_view kUnits[] = {"ms", "us", "ns", "s", "sec", "KB", "MB",
                                                "GB", "B",  "K",  "M", "G",   "%",  "bytes"};
  if (i >= t.s.size()) return kNo;
  const std::string_view rest = t.s.substr(i);
  for (const std::string_view unit : kUnits) {
    if (rest.starts_with(unit) && !t.Is(i + unit.size(), kAlpha | kDigit)) return i + unit.size();
  }
  return kNo;
}

// (?<![A-Za-z])[-+]?\d+(?:[.,]\d+)*(?:\s?UNIT)?(?![A-Za-z\d])
size_t Number(const Text& t, size_t i) {
  if (t.Is(i - 1, kAlpha)) return kNo;
  size_t p = t.At(i, '-') || t.At(i, '+') ? i + 1 : i;
  if (!t.Is(p, kDigit)) return kNo;
  p = t.Skip(p, kDigit);
  size_t shorter = kNo;  // end without the last group
  while ((t.At(p, '.') || t.At(p, ',')) && t.Is(p + 1, kDigit)) {
    shorter = p;
    p = t.Skip(p + 1, kDigit);
  }
  if (t.Is(p, kSpace)) {
    if (const size_t end = Unit(t, p + 1); end != kNo) return end;
  }
  if (const size_t end = Unit(t, p); end != kNo) return end;
  return t.Is(p, kAlpha | kDigit) ? shorter : p;
}

// \b\w*\d[\w-]*\b
size_t WordWithDigit(const Text& t, size_t i) {
  if (!t.Is(i, kWord) || t.Is(i - 1, kWord)) return kNo;
  bool digit = false;
  size_t p = i;
  for (; t.Is(p, kWord); ++p) digit |= t.Is(p, kDigit);
  if (!digit) return kNo;
  p = t.SkipWordOrDash(p);
  while (!t.Boundary(p)) --p;
  return p;
}

// Appends text[done, i) and a wildcard.
void Emit(std::string_view text, size_t done, size_t i, std::string* out) {
  out->append(text, done, i - done);
  out->append(kWildcard);
}

// Replaces every match, from left to right. False: no match, *out is not touched.
// `start` classes: bytes at which a match can begin.
template <typename Match>
bool Pass(std::string_view text, uint8_t start, std::string_view start_bytes, Match match,
          std::string* out) {
  const Text t{text};
  size_t done = 0;
  bool any = false;
  for (size_t i = 0; i < text.size();) {
    const char c = text[i];
    if ((kClasses[static_cast<uint8_t>(c)] & start) == 0 &&
        start_bytes.find(c) == std::string_view::npos) {
      ++i;
      continue;
    }
    const size_t end = match(t, i);
    if (end == kNo) {
      ++i;
      continue;
    }
    if (!any) out->clear();
    any = true;
    Emit(text, done, i, out);
    done = i = end;
  }
  if (any) out->append(text, done, text.size() - done);
  return any;
}

// (?:[a-zA-Z][\w+.-]*://)[^\s,;\)\]\"']+
bool UrlPass(std::string_view text, std::string* out) {
  const Text t{text};
  size_t done = 0;
  bool any = false;
  for (size_t colon = text.find("://"); colon != std::string_view::npos;
       colon = text.find("://", colon)) {
    size_t scheme = colon;
    for (size_t p = colon; p > done; --p) {
      const char c = text[p - 1];
      if (!t.Is(p - 1, kWord) && c != '+' && c != '.' && c != '-') break;
      if (t.Is(p - 1, kAlpha)) scheme = p - 1;
    }
    size_t end = colon + 3;
    while (end < text.size() && !t.Is(end, kSpace) && text[end] != ',' && text[end] != ';' &&
           text[end] != ')' && text[end] != ']' && text[end] != '"' && text[end] != '\'') {
      ++end;
    }
    if (scheme == colon || end == colon + 3) {
      ++colon;
      continue;
    }
    if (!any) out->clear();
    any = true;
    Emit(text, done, scheme, out);
    done = colon = end;
  }
  if (any) out->append(text, done, text.size() - done);
  return any;
}

void CollapseWildcards(std::string* s) {
  static constexpr std::string_view kTwo = "<*><*>";
  size_t at = s->find(kTwo);
  if (at == std::string::npos) return;
  size_t write = at + 3;
  size_t read = at + 3;
  while (read < s->size()) {
    if (s->compare(read, 3, kWildcard) == 0 && write >= 3 &&
        s->compare(write - 3, 3, kWildcard) == 0) {
      read += 3;
      continue;
    }
    (*s)[write++] = (*s)[read++];
  }
  s->resize(write);
}

}  // namespace

void MaskVariables(std::string_view text, std::string* out) {
  // What cannot occur is not looked for.
  bool digit = false;
  size_t dots = 0;
  size_t slashes = 0;
  size_t colons = 0;
  size_t dashes = 0;
  for (const char c : text) {
    digit |= (kClasses[static_cast<uint8_t>(c)] & kDigit) != 0;
    dots += c == '.';
    slashes += c == '/';
    colons += c == ':';
    dashes += c == '-';
  }
  out->assign(text);
  thread_local std::string other;
  const auto pass = [&](uint8_t start, std::string_view bytes, auto match) {
    if (Pass(*out, start, bytes, match, &other)) out->swap(other);
  };
  if (slashes >= 2 && colons > 0 && UrlPass(*out, &other)) out->swap(other);
  if (dashes >= 4) pass(kHex, {}, Uuid);
  if (colons >= 5) pass(kHex, {}, Mac);
  if (digit && dots >= 3) pass(kDigit, "/", Ip);
  if (dots >= 2) pass(kWord, "-", Dotted);
  if (slashes >= 2) pass(0, "/", Path);
  if (digit) {
    if (dashes + slashes >= 2) pass(kDigit, {}, Date);
    if (colons >= 2) pass(kDigit, {}, Clock);
    pass(kDigit, {}, HexLiteral);
    pass(kHex, {}, HexWord);
    pass(kDigit, "+-", Number);
    pass(kWord, {}, WordWithDigit);
  }
  CollapseWildcards(out);
}

void MaskMessage(std::string_view message, std::string* out) {
  constexpr size_t kMaxBytes = 512;
  if (message.size() > kMaxBytes) {
    size_t cut = kMaxBytes;
    const auto space = [&](size_t i) {
      return (kClasses[static_cast<uint8_t>(message[i])] & kSpace) != 0;
    };
    while (cut > 0 && !space(cut)) --cut;
    message = message.substr(0, cut > 0 ? cut : kMaxBytes);
  }
  MaskVariables(message, out);
}

}  // namespace culprit
