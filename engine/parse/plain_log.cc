#include "engine/parse/plain_log.h"

#include <algorithm>

#include "engine/parse/level.h"
#include "engine/parse/multiline.h"
#include "engine/parse/text.h"

namespace culprit {
namespace {

constexpr size_t kFloatingBytes = 96;

constexpr bool IsOpen(char c) { return c == '[' || c == '(' || c == '<' || c == '|' || c == '"'; }
constexpr bool IsClose(char c) { return c == ']' || c == ')' || c == '>' || c == '|' || c == '"'; }

bool AllUpper(std::string_view s) { return std::all_of(s.begin(), s.end(), IsUpper); }

// A class or module: has a dot, a dollar, a hash, a double colon or a slash in it, no spaces.
bool LooksLikeLogger(std::string_view token) {
  if (token.size() < 2 || token.size() > 160 || !(IsAlpha(token[0]) || token[0] == '_'))
    return false;
  return std::all_of(token.begin(), token.end(), [](char c) {
    return IsAlnum(c) || c == '.' || c == '_' || c == '$' || c == '#' || c == ':' || c == '/' ||
           c == '-' || c == '[' || c == ']' || c == '@';
  });
}

}  // namespace

size_t FindLevel(std::string_view text, Level* level) {
  // Up to eight words, 120 bytes; bracket groups count as one.
  size_t at = 0;
  const size_t limit = std::min<size_t>(text.size(), 120);
  for (int words = 0; words < 8 && at < limit; ++words) {
    while (at < limit && !IsAlnum(text[at])) ++at;
    size_t end = at;
    while (end < text.size() && IsAlnum(text[end])) ++end;
    const std::string_view word = text.substr(at, end - at);
    const char before = at > 0 ? text[at - 1] : ' ';
    const char after = end < text.size() ? text[end] : ' ';
    if (const Level found = LevelFromWord(word); found != Level::kUnknown) {
      const bool fenced = IsOpen(before) || IsClose(after) || after == ':' || before == '=';
      const bool free = IsSpace(before) && (IsSpace(after) || after == ':' || after == ',');
      // Lower-case words count only where a level stands: fenced, or the first word.
      if ((fenced || (free && (AllUpper(word) || words == 0)))) {
        *level = found;
        size_t stop = end;
        while (stop < text.size() && (IsClose(text[stop]) || text[stop] == ':')) ++stop;
        return stop;
      }
    }
    at = end;
  }
  return 0;
}

std::string_view StripPreamble(std::string_view text, LineFields* out) {
  Cursor cursor(text);
  for (int i = 0; i < 6; ++i) {
    cursor.SkipSpaces();
    if (cursor.Take("--- ") || cursor.Take("- ") || cursor.Take("| ") || cursor.Take(": ") ||
        cursor.Take(", ")) {
      continue;
    }
    const Cursor saved = cursor;
    std::string_view group;
    if (cursor.peek() == '[' && cursor.TakeBracketed(&group, 160) &&
        (IsSpace(cursor.peek()) || cursor.peek() == ':' || cursor.peek() == '[')) {
      cursor.Take(':');
      continue;
    }
    cursor = saved;
    std::string_view token = cursor.TakeToken();
    if (AllDigits(token) && i == 0 && !cursor.empty()) continue;
    // "logger - text", "logger: text", "logger : text"
    const bool colon = token.ends_with(':');
    if (colon) token.remove_suffix(1);
    const std::string_view rest = cursor.rest();
    const bool dash = rest.starts_with(" - ") || rest.starts_with(" : ");
    if ((colon || dash) && LooksLikeLogger(token) &&
        (dash || token.find_first_of(".$#/") != std::string_view::npos)) {
      out->logger = token;
      cursor.SkipSpaces();
      if (dash) cursor.Skip(2);
      cursor.SkipSpaces();
      return cursor.rest();
    }
    return saved.rest();
  }
  return cursor.rest();
}

size_t FindFloatingTime(std::string_view text, StampReader& stamps, Stamp* stamp, size_t* at) {
  // No time has less than six digits.
  const std::string_view head = text.substr(0, kFloatingBytes + 32);
  if (std::count_if(head.begin(), head.end(), IsDigit) < 6) return 0;
  const size_t length = stamps.Find(text, kFloatingBytes, stamp, at);
  // "app.log.2026-11-21_13:53:08 2026-11-21 00:00:00.008 ...": a file's name, then the time.
  const size_t end = *at + length;
  if (length == 0 || end + 1 >= text.size() || text[end] != ' ') return length;
  Stamp second;
  const size_t n = stamps.ReadAs(TimeFormat::kIso, text.substr(end + 1), &second);
  if (n == 0) return length;
  *stamp = second;
  *at = end + 1;
  return n;
}

void ReadPlain(std::string_view text, StampReader& stamps, const Stamp& stamp, size_t at,
               size_t length, LineFields* out) {
  out->format = FormatId::kPlain;
  if (length > 0) {
    out->stamp = stamp;
    out->floated = at > 1;
  } else {
    at = 0;
    while (at < text.size() && at < 3 && (text[at] == '[' || text[at] == '(' || text[at] == '<'))
      ++at;
    length = at < text.size() ? stamps.Read(text.substr(at), &out->stamp) : 0;
  }
  if (length == 0) {
    out->stamp = Stamp{};
    out->shape = LookOfText(text, &out->level);
    out->message = text;
    if (out->shape == Shape::kText) {
      Level level = Level::kUnknown;
      if (FindLevel(text.substr(0, 40), &level) > 0) {
        out->level = level;
      } else if (LooksLikeException(text)) {
        out->level = Level::kError;
      }
    }
    return;
  }
  out->shape = Shape::kHead;
  const std::string_view before = text.substr(0, at > 0 ? at : 0);
  std::string_view rest = text.substr(at + length);
  while (!rest.empty() && (IsClose(rest[0]) || rest[0] == ',' || rest[0] == ':'))
    rest.remove_prefix(1);
  if (const size_t n = FindLevel(rest, &out->level); n > 0) {
    rest = rest.substr(n);
    out->message = StripPreamble(rest, out);
  } else {
    if (at > 1) FindLevel(before, &out->level);
    out->message = TrimLeft(rest);
  }
  if (out->message.empty()) out->message = text;
}

}  // namespace culprit
