#include "engine/base/json_text.h"

#include <cstring>

#include "engine/base/utf8.h"

namespace culprit {
namespace {

// True for bytes that a JSON string cannot hold as they are, or that need a closer look (UTF-8).
constexpr bool NeedsCare(char c) {
  const auto b = static_cast<uint8_t>(c);
  return b < 0x20 || b >= 0x80 || b == '"' || b == '\\';
}

// The same for eight bytes at once: not 0 if one of them does.
uint64_t AnyNeedsCare(const char* p) {
  constexpr uint64_t kOnes = 0x0101010101010101ULL;
  constexpr uint64_t kTops = 0x8080808080808080ULL;
  uint64_t v = 0;
  std::memcpy(&v, p, 8);
  const uint64_t quote = v ^ kOnes * '"';
  const uint64_t slash = v ^ kOnes * '\\';
  return (v | (v - kOnes * 0x20) | (quote - kOnes) | (slash - kOnes)) & kTops;
}

size_t PlainRun(std::string_view text, size_t from) {
  size_t i = from;
  while (i + 8 <= text.size() && AnyNeedsCare(text.data() + i) == 0) i += 8;
  while (i < text.size() && !NeedsCare(text[i])) ++i;
  return i;
}

void AppendEscape(char c, std::string* out) {
  constexpr std::string_view kFrom = "\"\\\n\r\t\b\f";
  constexpr std::string_view kTo = "\"\\nrtbf";
  if (const size_t at = kFrom.find(c); at != std::string_view::npos) {
    const char escape[2] = {'\\', kTo[at]};
    out->append(escape, 2);
    return;
  }
  constexpr char kHex[] = "0123456789abcdef";
  const char escape[6] = {'\\', 'u', '0', '0', kHex[(c >> 4) & 1], kHex[c & 0xf]};
  out->append(escape, 6);
}

}  // namespace

uint64_t AppendJsonString(std::string_view text, std::string* out) {
  uint64_t repaired = 0;
  *out += '"';
  size_t clean = 0;  // what was not copied yet
  for (size_t i = PlainRun(text, 0); i < text.size(); i = PlainRun(text, i)) {
    if (static_cast<uint8_t>(text[i]) >= 0x80) {
      if (const size_t length = Utf8Length(text.substr(i, 4)); length > 0) {
        i += length;  // stays part of the clean run
        continue;
      }
      out->append(text, clean, i - clean);
      *out += "\xEF\xBF\xBD";
      ++repaired;
    } else {
      out->append(text, clean, i - clean);
      AppendEscape(text[i], out);
    }
    clean = ++i;
  }
  out->append(text, clean, text.size() - clean);
  *out += '"';
  return repaired;
}

}  // namespace culprit
