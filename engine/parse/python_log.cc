// Python's logging module, and oslo.log (OpenStack).
#include "engine/parse/level.h"
#include "engine/parse/readers.h"
#include "engine/parse/text.h"

namespace culprit {
namespace {

Level TakeUpperLevel(Cursor* cursor) {
  const std::string_view text = cursor->rest();
  size_t n = 0;
  while (n < text.size() && IsUpper(text[n])) ++n;
  const Level level = LevelFromWord(text.substr(0, n));
  if (level != Level::kUnknown) cursor->Skip(n);
  return level;
}

std::string_view TakeModule(Cursor* cursor) {
  const std::string_view text = cursor->rest();
  size_t n = 0;
  while (n < text.size() && n < 200 && (IsNameChar(text[n]) || text[n] == '/')) ++n;
  cursor->Skip(n);
  return text.substr(0, n);
}

}  // namespace

// 2018-09-28 20:54:19.227 22715 ERROR cinder.volume.api [req-... user project - - -] text
// A traceback comes as one line per frame, each with the same head and no request.
bool ReadOslo(const TimedLine& line, LineFields* out) {
  if (line.bracketed || line.stamp.format != TimeFormat::kIso) return false;
  Cursor cursor(line.rest);
  if (!cursor.Take(' ') || cursor.TakeDigits().empty()) return false;
  const size_t repeat = line.text.size() - cursor.rest().size();
  if (!cursor.Take(' ')) return false;
  const Level level = TakeUpperLevel(&cursor);
  if (level == Level::kUnknown || !cursor.Take(' ')) return false;
  const std::string_view logger = TakeModule(&cursor);
  if (logger.empty() || !IsAlpha(logger[0]) || logger.ends_with('.')) return false;
  if (!cursor.empty() && !cursor.Take(' ')) return false;
  std::string_view text = cursor.rest();
  bool request = false;
  while (text.starts_with("[")) {
    Cursor at(text);
    std::string_view group;
    if (text.starts_with("[req-") || text.starts_with("[-]") || text.starts_with("[None req-") ||
        text.starts_with("[instance: ")) {
      if (!at.TakeBracketed(&group)) break;
      request = request || !text.starts_with("[instance: ");
      // The frames' indentation is part of the text.
      at.Take(' ');
      text = at.rest();
    } else {
      break;
    }
  }
  // Without a request this could be pgbouncer or the like, unless the logger is a module path.
  if (!request && logger.find('.') == std::string_view::npos) return false;
  out->stamp = line.stamp;
  out->level = level;
  out->logger = logger;
  out->message = text;
  out->shape = Shape::kHead;
  out->format = FormatId::kOslo;
  if (level >= Level::kError || level == Level::kTrace) {
    out->repeat = line.text.substr(0, repeat);
    out->repeats = !request;
    if (level == Level::kTrace) out->level = Level::kError;
  }
  return true;
}

// 2026-11-21 06:51:05,123 - name - ERROR - text
// 2026-11-21 06:51:05,123 ERROR name text; 2026-11-21 06:51:05.123 | ERROR    | mod:fn:99 - text
bool ReadPython(const TimedLine& line, LineFields* out) {
  Cursor cursor(line.rest);
  Level level = Level::kUnknown;
  std::string_view logger;
  if (cursor.Take(" - ")) {
    level = TakeUpperLevel(&cursor);
    if (level != Level::kUnknown) {
      if (!cursor.Take(" - ")) return false;
    } else {
      std::string_view name;
      if (!cursor.TakeUntil(" - ", &name, 120)) return false;
      logger = name;
      level = TakeUpperLevel(&cursor);
      if (level == Level::kUnknown) {
        // "time - process - name - LEVEL - text"
        if (!cursor.TakeUntil(" - ", &name, 120)) return false;
        logger = name;
        level = TakeUpperLevel(&cursor);
      }
      if (level == Level::kUnknown) return false;
      cursor.SkipSpaces();
      if (!cursor.Take("- ") && !cursor.Take(": ")) return false;
    }
  } else if (cursor.Take(" | ")) {
    level = TakeUpperLevel(&cursor);
    cursor.SkipSpaces();
    if (level == Level::kUnknown || !cursor.Take("| ")) return false;
    const Cursor saved = cursor;
    if (!cursor.TakeUntil(" - ", &logger, 160)) {
      cursor = saved;
      logger = {};
    }
  } else {
    return false;
  }
  out->stamp = line.stamp;
  out->level = level;
  out->logger = logger;
  out->message = cursor.rest();
  out->shape = Shape::kHead;
  out->format = FormatId::kPython;
  return true;
}

// ERROR:name:text
bool ReadPythonBasic(std::string_view text, LineFields* out) {
  Cursor cursor(text);
  const Level level = TakeUpperLevel(&cursor);
  if (level == Level::kUnknown || !cursor.Take(':')) return false;
  const std::string_view name = TakeModule(&cursor);
  if (name.empty() || !cursor.Take(':')) return false;
  out->level = level;
  out->logger = name;
  out->message = cursor.rest();
  out->shape = Shape::kHead;
  out->format = FormatId::kPython;
  return true;
}

}  // namespace culprit
