#include "tests/unit/match/pattern_generator.h"

#include <cstdio>

namespace culprit {
namespace {

const char* const kWords[] = {"connection refused",
                              "timeout",
                              "disk",
                              "kiss",
                              "Error",
                              "ERROR: ",
                              "http://",
                              "HTTP/1.1\" 5",
                              "status=",
                              "\"code\":",
                              "a",
                              "ab",
                              "abc",
                              "abcd",
                              "abcde",
                              "abcdef",
                              "abcdefg",
                              "abcdefgh",
                              "é",
                              "straße",
                              "ü",
                              "\xE2\x84\xAA",
                              "\xC5\xBF",
                              "C:\\temp",
                              "a/b",
                              "<b>",
                              "k",
                              "s",
                              "SSL alert ",
                              "x\ty",
                              "no",
                              "5",
                              "50",
                              "503",
                              " ",
                              "java.lang.",
                              "Exception",
                              "日本",
                              "&",
                              "'",
                              "panic: ",
                              "{\"",
                              "}",
                              "\\"};
constexpr size_t kWordCount = sizeof(kWords) / sizeof(kWords[0]);

std::string Quote(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::string("\\.+*?()[]{}^$|").find(c) != std::string::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string PatternGenerator::Word() { return kWords[Below(kWordCount)]; }

std::string PatternGenerator::Piece(int depth) {
  static const char* const kAtoms[] = {
      ".",        ".*",       ".+",    ".{0,9}", "\\d",         "\\d+",        "\\s",
      "\\s*",     "\\w+",     "[a-c]", "[^x]",   "[^\"]*",      "[Kk]",        "[sS]+",
      "[\"=: ]+", "\\b",      "^",     "$",      "[[:alpha:]]", "\\pL",        "[0-9a-f]{2,4}",
      "\\x41",    "\\Q.+\\E", "(?i)",  "(?-i)",  "(?s).",       "\\x{e9}",     "[a-cé]",
      "\\n",      "[/\\\\]",  "\\C",   "()",     "x{2}",        "(?:ab){2,3}", "\\101"};
  const size_t kind = Below(12);
  if (kind < 5 || depth > 3) return Quote(Word());
  if (kind == 5) return kAtoms[Below(sizeof(kAtoms) / sizeof(kAtoms[0]))];
  if (kind == 6) return kAtoms[Below(sizeof(kAtoms) / sizeof(kAtoms[0]))];
  std::string inner;
  const size_t count = 1 + Below(3);
  for (size_t i = 0; i < count; ++i) inner += Piece(depth + 1);
  static const char* const kOpen[] = {"(", "(?:", "(?P<n>", "(?i:", "(?-i:", "(?s:"};
  static const char* const kRepeat[] = {"",    "",      "",       "?",  "*",   "+",
                                        "{2}", "{1,2}", "{0,2}?", "+?", "{2,}"};
  std::string out = kOpen[Below(6)] + inner;
  if (kind >= 8) out += "|" + Piece(depth + 1);
  if (kind >= 10) out += "|" + Piece(depth + 1);
  return out + ")" + kRepeat[Below(sizeof(kRepeat) / sizeof(kRepeat[0]))];
}

std::string PatternGenerator::Pattern() {
  std::string out;
  if (Below(4) == 0) out = "(?i)";
  const size_t count = 1 + Below(4);
  for (size_t i = 0; i < count; ++i) {
    out += Piece(0);
    if (Below(12) == 0) out += "|";
  }
  return out;
}

std::string PatternGenerator::Fragment() {
  std::string word = Word();
  switch (Below(10)) {
    case 0:
      for (char& c : word) c = c >= 'a' && c <= 'z' && Below(2) == 0 ? c - 32 : c;
      break;
    case 1: {  // letters that fold to ASCII
      std::string folded;
      for (const char c : word) {
        if (c == 's' && Below(2) == 0) {
          folded += "\xC5\xBF";
        } else if (c == 'k' && Below(2) == 0) {
          folded += "\xE2\x84\xAA";
        } else {
          folded += c;
        }
      }
      word = folded;
      break;
    }
    case 2:
      if (!word.empty()) word.erase(Below(word.size()), 1);
      break;
    case 3:
      if (!word.empty()) word[Below(word.size())] = static_cast<char>(Below(256));
      break;
    default:
      break;
  }
  static const char* const kGlue[] = {"", "", "", "", " ", "x", "5", "\"", "é", "ab", ".+", "\\"};
  return word + kGlue[Below(sizeof(kGlue) / sizeof(kGlue[0]))];
}

std::string PatternGenerator::EscapeJson(const std::string& text, bool all) {
  std::string out;
  char buffer[8];
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && (all ? Below(6) == 0 : Below(60) == 0)) {
      std::snprintf(buffer, sizeof(buffer), "\\u%04x", byte);
      out += buffer;
    } else if (c == '"' || c == '\\' || (c == '/' && Below(2) == 0)) {
      out += '\\';
      out += c;
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
  return out;
}

std::string PatternGenerator::Text(size_t lines) {
  std::string out;
  for (size_t i = 0; i < lines; ++i) {
    std::string line;
    const size_t count = Below(8);
    for (size_t k = 0; k < count; ++k) line += Fragment();
    for (char& c : line) {
      if (c == '\n') c = ' ';
    }
    switch (Below(10)) {
      case 0:
        line = "{\"msg\":\"" + EscapeJson(line, Below(4) == 0) + "\"}";
        break;
      case 1:
        line = "{\"log\":\"" +
               EscapeJson("{\"msg\":\"" + EscapeJson(line, false) + "\",\"n\":1}", false) +
               "\\n\",\"x\":\"y\"}";
        break;
      case 2:
        line =
            "2026-01-02T03:04:05.678901234Z stdout F {\"msg\":\"" + EscapeJson(line, false) + "\"}";
        break;
      case 3:
        line = "2026-01-02T03:04:05+00:00\tkube.api\t{\"log\":\"" + EscapeJson(line, false) + "\"}";
        break;
      case 4:
        line = "2026-01-02 03:04:05.678901234 +0000 kube.api: {\"log\":\"" +
               EscapeJson(line, Below(4) == 0) + "\"}";
        break;
      default:
        break;
    }
    out += line;
    if (Below(10) == 0) out += '\r';
    if (Below(40) == 0) out += std::string(1, '\0');
    if (i + 1 < lines || Below(2) == 0) out += '\n';
  }
  return out;
}

}  // namespace culprit
