// Web servers and proxies: access lines (common, combined), error lines of nginx and Apache, Envoy,
// HAProxy.
#include "engine/parse/level.h"
#include "engine/parse/readers.h"
#include "engine/parse/text.h"

namespace culprit {
namespace {

// The status behind a quoted request: `" 502 `. -1: none. *next: the word after it.
int64_t StatusBehindRequest(std::string_view quoted, std::string_view* next) {
  size_t end = 1;
  while (end < quoted.size() && quoted[end] != '"') end += quoted[end] == '\\' ? 2 : 1;
  if (end + 1 >= quoted.size()) return -1;
  Cursor cursor(quoted.substr(end + 1));
  cursor.SkipSpaces();
  const std::string_view digits = cursor.TakeDigits();
  if (digits.size() > 3 || (!cursor.empty() && !IsSpace(cursor.peek()))) return -1;
  cursor.SkipSpaces();
  *next = cursor.TakeToken();
  return ParseDigits(digits);
}

// nginx "[error]", Apache "[core:error]".
Level LevelInBrackets(std::string_view word) {
  const size_t colon = word.rfind(':');
  return LevelFromWord(colon == std::string_view::npos ? word : word.substr(colon + 1));
}

}  // namespace

// 10.0.0.1 - - [21/Nov/2026:06:51:05 +0000] "GET / HTTP/1.1" 502 157 "-" "agent"
bool ReadAccess(std::string_view text, ReadContext& context, LineFields* out) {
  // The client (and a virtual host before it), two more words, then the time in brackets.
  const std::string_view front = text.substr(0, 320);
  size_t open = front.find('[', 1);
  while (open != std::string_view::npos && front[open - 1] != ' ') open = front.find('[', open + 1);
  if (open == std::string_view::npos) return false;
  const size_t bracket = open - 1;
  int words = 1;
  for (size_t i = 0; i < bracket; ++i) words += text[i] == ' ';
  if (words < 3 || words > 8) return false;
  Cursor cursor(text.substr(bracket + 2));
  Stamp stamp;
  const size_t n = context.stamps.ReadAs(TimeFormat::kClf, cursor.rest(), &stamp);
  if (n == 0) return false;
  cursor.Skip(n);
  if (!cursor.Take(']') || !cursor.TakeSpaces() || cursor.peek() != '"') return false;
  std::string_view bytes;
  const int64_t status = StatusBehindRequest(cursor.rest(), &bytes);
  out->stamp = stamp;
  out->level = LevelFromHttpStatus(status);
  out->message = cursor.rest();
  out->shape = Shape::kHead;
  out->format = FormatId::kAccess;
  out->self_contained = true;
  return true;
}

// 127.0.0.1:34500 [04/Nov/2020:08:32:18.194] front back/server 0/0/0/0/0 503 501 - - SC-- ...
bool ReadHaproxy(std::string_view text, ReadContext& context, LineFields* out) {
  Cursor cursor(text);
  const std::string_view client = cursor.TakeToken();
  if (client.size() > 64 || client.find(':') == std::string_view::npos) return false;
  if (!cursor.Take(" [")) return false;
  Stamp stamp;
  const size_t n = context.stamps.ReadAs(TimeFormat::kClf, cursor.rest(), &stamp);
  if (n == 0) return false;
  cursor.Skip(n);
  if (!cursor.Take("] ")) return false;
  const std::string_view message = cursor.rest();
  cursor.TakeToken();
  cursor.SkipSpaces();
  const std::string_view server = cursor.TakeToken();
  cursor.SkipSpaces();
  const std::string_view timers = cursor.TakeToken();
  if (server.find('/') == std::string_view::npos || timers.find('/') == std::string_view::npos) {
    return false;
  }
  cursor.SkipSpaces();
  // HTTP mode has a status here, TCP mode a byte count.
  const std::string_view number = cursor.TakeToken();
  const bool http = number.size() == 3 && Contains(text, "\"");
  out->stamp = stamp;
  out->level = http ? LevelFromHttpStatus(ParseDigits(number)) : Level::kInfo;
  if (server.ends_with("/<NOSRV>") && out->level == Level::kInfo && !http) {
    out->level = Level::kWarn;
  }
  out->message = message;
  out->shape = Shape::kHead;
  out->format = FormatId::kHaproxy;
  out->self_contained = true;
  return true;
}

// [2026-11-21T06:51:05.123Z] "GET /x HTTP/1.1" 503 UF ...
bool ReadEnvoy(const TimedLine& line, LineFields* out) {
  if (!line.bracketed || !line.rest.starts_with(" \"")) return false;
  std::string_view flags;
  const int64_t status = StatusBehindRequest(line.rest.substr(1), &flags);
  if (status < 0) return false;
  // TCP has status 0; flags such as UF (upstream failure) say that it went wrong.
  out->level = status > 0     ? LevelFromHttpStatus(status)
               : flags == "-" ? Level::kInfo
                              : Level::kError;
  out->message = line.rest.substr(1);
  out->stamp = line.stamp;
  out->shape = Shape::kHead;
  out->format = FormatId::kEnvoy;
  out->self_contained = true;
  return true;
}

// 2026/11/21 06:51:05 [error] 10#10: *55 connect() failed ...
bool ReadNginxError(const TimedLine& line, LineFields* out) {
  if (line.stamp.format != TimeFormat::kSlashYmd) return false;
  Cursor cursor(line.rest);
  std::string_view word;
  if (!cursor.Take(' ') || !cursor.TakeBracketed(&word, 16)) return false;
  const Level level = LevelFromWord(word);
  if (level == Level::kUnknown || !cursor.Take(' ')) return false;
  if (cursor.TakeDigits().empty() || !cursor.Take('#') || cursor.TakeDigits().empty() ||
      !cursor.Take(": ")) {
    return false;
  }
  out->stamp = line.stamp;
  out->level = level;
  out->message = cursor.rest();
  out->shape = Shape::kHead;
  out->format = FormatId::kNginxError;
  return true;
}

// [Sat Nov 21 06:51:05.123456 2026] [proxy:error] [pid 7:tid 8] [client 10.0.0.1] AH00898: ...
bool ReadApacheError(const TimedLine& line, LineFields* out) {
  if (!line.bracketed || line.stamp.format != TimeFormat::kCtime) return false;
  Cursor cursor(line.rest);
  std::string_view word;
  if (!cursor.Take(' ') || !cursor.TakeBracketed(&word, 64)) return false;
  const Level level = LevelInBrackets(word);
  if (level == Level::kUnknown) return false;
  cursor.SkipSpaces();
  if (cursor.rest().starts_with("[pid ")) {
    cursor.TakeBracketed(&word);
    cursor.SkipSpaces();
  }
  out->stamp = line.stamp;
  out->level = level;
  out->message = cursor.rest();
  out->shape = Shape::kHead;
  out->format = FormatId::kApacheError;
  return true;
}

}  // namespace culprit
