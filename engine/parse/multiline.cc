#include "engine/parse/multiline.h"

#include "engine/parse/text.h"

namespace culprit {
namespace {

// "main.(*Server).Serve(0xc000, {0x1, 0x2})", "net/http.(*conn).serve(...)"
bool LooksLikeGoFrame(std::string_view text) {
  if (text.size() < 4 || !text.ends_with(')') || !IsAlpha(text[0])) return false;
  size_t n = 0;
  bool dot = false;
  for (; n < text.size() && !IsSpace(text[n]); ++n) {
    if (text[n] == '.') dot = true;
    if (text[n] == '(' && n > 0 && text[n - 1] != '.') break;
  }
  return dot && n < text.size() && text[n] == '(';
}

}  // namespace

bool LooksLikeException(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && (IsAlnum(text[n]) || text[n] == '.' || text[n] == '_')) ++n;
  if (n < 4 || n > 120 || !IsAlpha(text[0])) return false;
  if (n < text.size() && text[n] != ':') return false;
  const std::string_view name = text.substr(0, n);
  if (Contains(name, "Error") || Contains(name, "Exception")) return true;
  for (std::string_view end : {"Failure", "Fault", "Exit", "Interrupt", "Timeout", "Warning",
                               "Refused", "NotFound", "Iteration"}) {
    if (name.ends_with(end)) return true;
  }
  return false;
}

Shape LookOfText(std::string_view text, Level* level) {
  if (text.empty()) return Shape::kTrace;
  switch (text[0]) {
    case ' ':
    case '\t':
    case '}':
    case ')':
      return Shape::kTrace;
    case ']':
      return text.size() < 3 ? Shape::kTrace : Shape::kText;
    case '.':
      return text.starts_with("... ") ? Shape::kTrace : Shape::kText;
    case 'a':
      if (text.starts_with("at ")) return Shape::kTrace;
      break;
    case 'C':
      if (text.starts_with("Caused by:")) return Shape::kTrace;
      break;
    case 'S':
      if (text.starts_with("Suppressed:")) return Shape::kTrace;
      break;
    case 'T':
      if (text.starts_with("Traceback (most recent") || text.starts_with("The above exception")) {
        return Shape::kTrace;
      }
      break;
    case 'D':
      if (text.starts_with("During handling of the above")) return Shape::kTrace;
      break;
    case 'g':
      if (text.starts_with("goroutine ") && Contains(text, " [")) return Shape::kTrace;
      break;
    case 'c':
      if (text.starts_with("created by ")) return Shape::kTrace;
      break;
    case 'e':
      if (text.starts_with("exit status ")) return Shape::kTrace;
      break;
    case 'f':
      if (text.starts_with("from ") && Contains(text, ":in ")) return Shape::kTrace;
      if (text.starts_with("fatal error: ")) {
        *level = Level::kFatal;
        return Shape::kHead;
      }
      break;
    case 'p':
      if (text.starts_with("panic: ")) {
        *level = Level::kFatal;
        return Shape::kHead;
      }
      break;
    case 'E':
      if (text.starts_with("Exception in thread ")) {
        *level = Level::kError;
        return Shape::kHead;
      }
      break;
    case 'U':
      if (text.starts_with("Unhandled exception")) {
        *level = Level::kFatal;
        return Shape::kHead;
      }
      break;
    default:
      break;
  }
  return LooksLikeGoFrame(text) ? Shape::kTrace : Shape::kText;
}

bool Continues(const LineFields& previous, const LineFields& line, bool joins_text) {
  if (line.wrapper_count > 0 && line.group != previous.group) return false;
  if (previous.partial) return true;
  switch (line.shape) {
    case Shape::kTrace:
      return true;
    case Shape::kText:
      if (previous.shape == Shape::kTrace && !line.self_contained &&
          LooksLikeException(line.message)) {
        return true;
      }
      return joins_text && !(previous.shape == Shape::kHead && previous.self_contained);
    case Shape::kHead:
      return line.repeats && line.repeat == previous.repeat && line.logger == previous.logger;
  }
  return false;
}

}  // namespace culprit
