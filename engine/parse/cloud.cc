// AWS Lambda's own lines, and CloudWatch exports as text ("timestamp message").
#include "engine/parse/level.h"
#include "engine/parse/readers.h"
#include "engine/parse/text.h"

namespace culprit {
namespace {

// Lambda request ids are UUIDs.
bool LooksLikeRequestId(std::string_view s) {
  if (s.size() != 36) return false;
  for (size_t i = 0; i < s.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? s[i] != '-' : !IsHex(s[i])) return false;
  }
  return true;
}

bool IsPlatformLine(std::string_view text) {
  constexpr std::string_view kFirst = "SERI";
  if (text.empty() || kFirst.find(text[0]) == std::string_view::npos) return false;
  return text.starts_with("START RequestId: ") || text.starts_with("END RequestId: ") ||
         text.starts_with("REPORT RequestId: ") || text.starts_with("INIT_START ") ||
         text.starts_with("RequestId: ");
}

}  // namespace

bool ReadLambda(std::string_view text, ReadContext& context, LineFields* out) {
  if (IsPlatformLine(text)) {
    out->message = text;
    out->level = Contains(text, "Status: timeout") || Contains(text, "Status: error") ||
                         Contains(text, " Error: ")
                     ? Level::kError
                     : Level::kInfo;
  } else if (text.starts_with('[')) {
    // Python: "[ERROR]\t<time>\t<request>\ttext" or "[ERROR] KeyError: 'x'"
    Cursor cursor(text);
    std::string_view word;
    if (!cursor.TakeBracketed(&word, 16)) return false;
    const Level level = LevelFromWord(word);
    if (level == Level::kUnknown || !cursor.TakeSpaces()) return false;
    Stamp stamp;
    const size_t n = context.stamps.Read(cursor.rest(), &stamp);
    if (n > 0) {
      cursor.Skip(n);
      if (!cursor.TakeSpaces()) return false;
      if (!LooksLikeRequestId(cursor.TakeToken())) return false;
      cursor.SkipSpaces();
    } else if (level < Level::kError || !Contains(cursor.rest().substr(0, 80), "r: ")) {
      return false;
    }
    out->stamp = stamp;
    out->level = level;
    out->message = cursor.rest();
  } else {
    return false;
  }
  out->shape = Shape::kHead;
  out->format = FormatId::kLambda;
  return true;
}

// Node: "<time>\t<request>\tERROR\ttext"; "<time> <request> Task timed out after 3.00 seconds"
bool ReadLambdaTimed(const TimedLine& line, LineFields* out) {
  if (line.text[0] == '[') return false;
  Cursor cursor(line.rest);
  if (!cursor.TakeSpaces()) return false;
  const std::string_view id = cursor.TakeToken();
  if ((!LooksLikeRequestId(id) && id != "undefined") || !cursor.TakeSpaces()) return false;
  const Cursor saved = cursor;
  Level level = LevelFromWord(cursor.TakeToken());
  if (level == Level::kUnknown || !cursor.TakeSpaces()) {
    cursor = saved;
    level = cursor.rest().starts_with("Task timed out") ? Level::kError : Level::kUnknown;
  }
  Fill(line.stamp, FormatId::kLambda, level, cursor.rest(), out);
  return true;
}

// "2026-11-21T06:51:05.123Z START RequestId: ..." and the same time twice.
bool ReadCloudWatchText(const TimedLine& line, LineFields* out, Wrapped* wrapped) {
  if (line.bracketed || line.stamp.format != TimeFormat::kIso || !line.stamp.zoned) return false;
  if (!line.rest.starts_with(' ') && !line.rest.starts_with('\t')) return false;
  const std::string_view inner = TrimLeft(line.rest);
  const bool lambda = IsPlatformLine(inner) ||
                      (inner.starts_with('[') &&
                       (inner.starts_with("[ERROR]\t") || inner.starts_with("[ERROR] ") ||
                        inner.starts_with("[WARNING]\t") || inner.starts_with("[INFO]\t")));
  const bool twice = inner.size() > 24 && inner[4] == '-' && inner[7] == '-' &&
                     (inner[10] == 'T' || inner[10] == ' ') && inner[13] == ':' &&
                     IsDigit(inner[0]);
  if (!lambda && !twice) return false;
  out->stamp = line.stamp;
  *wrapped = {.wrapper = FormatId::kCloudWatch, .inner = inner};
  return true;
}

}  // namespace culprit
