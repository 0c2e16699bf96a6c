// Lines of a block, forwards and backwards, and what a line's bytes tell before it is parsed. Pure;
// any thread.
#pragma once
#include <cstddef>
#include <cstring>
#include <string_view>

#include "engine/parse/line_parser.h"
#include "engine/parse/text.h"

namespace culprit {

// The start of the line that ends right before `at` (a line's start, or the end of the text).
inline size_t LineStartBefore(std::string_view text, size_t at) {
  if (at < 2) return 0;
  const void* newline = memrchr(text.data(), '\n', at - 1);
  return newline == nullptr
             ? 0
             : static_cast<size_t>(static_cast<const char*>(newline) - text.data()) + 1;
}

// The line from `start` to its end right before `at`, another line's start or the text's end.
inline std::string_view LineBefore(std::string_view text, size_t start, size_t at) {
  const size_t end = at > start && text[at - 1] == '\n' ? at - 1 : at;
  return text.substr(start, end - start);
}

inline std::string_view LineAt(std::string_view text, size_t at) {
  const size_t end = text.find('\n', at);
  return text.substr(at, end == std::string_view::npos ? std::string_view::npos : end - at);
}

// False: the line surely has no time (none has less than six digits).
inline bool MayHoldTime(std::string_view line) {
  int digits = 0;
  for (char c : line.substr(0, kMaxParsedBytes)) {
    if (IsDigit(c) && ++digits == 6) return true;
  }
  return false;
}

// True: the line is indented, which is Shape::kTrace without wrappers whatever the stream is: it
// continues the line before it, whatever that is.
inline bool IsIndented(std::string_view line) { return !line.empty() && IsSpace(line[0]); }

// False: the line is surely not a piece that the next line goes on with (Docker cuts at 16 KiB, CRI
// says "stdout P").
inline bool MayBePartial(std::string_view line) {
  if (line.size() >= kLeastPartialBytes) return true;
  bool coloured = false, looked = false;
  for (size_t at = line.find('P', 7); at != std::string_view::npos; at = line.find('P', at + 1)) {
    const char before = line[at - 1];
    if (before == ' ' && (line[at - 2] == 't' || line[at - 2] == 'r')) return true;
    if (!looked) coloured = Contains(line, "\x1b");
    looked = true;
    if (coloured) return true;
  }
  return Contains(line, "\\u00");  // JSON may write any of it as escapes
}

}  // namespace culprit
