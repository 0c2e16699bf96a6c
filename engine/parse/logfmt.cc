// logfmt (key=value ...) and the Crystal services' look-alike, whose message has unescaped quotes.
#include <algorithm>
#include <cstring>

#include "engine/parse/json_keys.h"
#include "engine/parse/json_record.h"
#include "engine/parse/level.h"
#include "engine/parse/readers.h"
#include "engine/parse/text.h"

namespace culprit {
namespace {

bool IsKeyChar(char c) {
  return IsAlnum(c) || c == '_' || c == '.' || c == '-' || c == '@' || c == '/';
}

// Takes "key=value"; a quoted value keeps its escapes and says so.
bool TakePair(Cursor* cursor, std::string_view* key, std::string_view* value, bool* escaped) {
  const std::string_view text = cursor->rest();
  size_t n = 0;
  while (n < text.size() && n < 64 && IsKeyChar(text[n])) ++n;
  if (n == 0 || n >= text.size() || text[n] != '=') return false;
  *key = text.substr(0, n);
  *escaped = false;
  size_t end = n + 1;
  if (end < text.size() && text[end] == '"') {
    ++end;
    const size_t begin = end;
    while (end < text.size() && text[end] != '"') {
      if (text[end] == '\\') {
        *escaped = true;
        ++end;
      }
      ++end;
    }
    end = std::min(end, text.size());
    *value = text.substr(begin, end - begin);
    cursor->Skip(end + 1);
  } else {
    while (end < text.size() && !IsSpace(text[end])) ++end;
    *value = text.substr(n + 1, end - n - 1);
    cursor->Skip(end);
  }
  return cursor->empty() || IsSpace(cursor->peek());
}

std::string_view Unescape(std::string_view value, Arena& arena) {
  char* out = arena.Alloc(value.size());
  size_t n = 0;
  for (size_t i = 0; i < value.size(); ++i) {
    if (value[i] != '\\' || i + 1 >= value.size()) {
      out[n++] = value[i];
      continue;
    }
    switch (value[++i]) {
      case 'n':
        out[n++] = '\n';
        break;
      case 't':
        out[n++] = '\t';
        break;
      case 'r':
        out[n++] = '\r';
        break;
      default:
        out[n++] = value[i];
    }
  }
  return {out, n};
}

constexpr int kMaxQuotes = 64;

struct Slot {
  std::string_view text;
  uint8_t rank = 255;
  bool escaped = false;
};

Level LevelOfValue(std::string_view value) {
  if (value.size() == 3 && value[0] == '[' && value[2] == ']') return LevelFromLetter(value[1]);
  if (value.size() == 1 && IsUpper(value[0])) return LevelFromLetter(value[0]);
  if (AllDigits(value) && value.size() <= 2) return LevelFromBunyan(ParseDigits(value));
  return LevelFromWord(value);
}

}  // namespace

bool ReadLogfmt(std::string_view text, ReadContext& context, LineFields* out) {
  size_t first = 0;
  while (first < text.size() && IsKeyChar(text[first])) ++first;
  if (first == 0 || first >= text.size() || text[first] != '=') return false;
  Slot slots[static_cast<size_t>(JsonSlot::kCount)];
  Cursor cursor(text);
  std::string_view key, value;
  bool escaped = false;
  size_t pairs = 0;
  while (!cursor.empty()) {
    cursor.SkipSpaces();
    if (cursor.empty()) break;
    if (!TakePair(&cursor, &key, &value, &escaped)) {
      if (pairs == 0) return false;
      cursor.TakeToken();  // a word without a value
      continue;
    }
    ++pairs;
    const JsonKey* known = FindJsonKey(key);
    if (known == nullptr || known->slot == JsonSlot::kNone || value.empty()) continue;
    Slot& slot = slots[static_cast<size_t>(known->slot)];
    if (known->rank < slot.rank) slot = {.text = value, .rank = known->rank, .escaped = escaped};
  }
  const auto get = [&](JsonSlot slot) {
    const Slot& s = slots[static_cast<size_t>(slot)];
    return s.escaped ? Unescape(s.text, context.arena) : s.text;
  };
  LineFields fields;
  fields.level = LevelOfValue(get(JsonSlot::kLevel));
  const bool timed = context.stamps.ReadValue(get(JsonSlot::kTime), &fields.stamp);
  fields.message = get(JsonSlot::kMessage);
  if (pairs < 2 || (!timed && (fields.level == Level::kUnknown || fields.message.empty()))) {
    return false;
  }
  fields.error = get(JsonSlot::kError);
  fields.service = get(JsonSlot::kService);
  const std::string_view weak = get(JsonSlot::kServiceWeak);
  if (fields.service.empty() && LooksLikeServiceName(weak)) fields.service = weak;
  fields.instance = get(JsonSlot::kInstance);
  fields.logger = get(JsonSlot::kLogger);
  if (fields.message.empty()) std::swap(fields.message, fields.error);
  if (fields.message.empty()) fields.message = text;
  fields.shape = Shape::kHead;
  fields.format = FormatId::kLogfmt;
  fields.self_contained = true;
  *out = fields;
  return true;
}

// level=[E] time=2026-11-21T06:51:05.123Z program=core source=a.b message="says "no" again" id=3
bool ReadCrystal(std::string_view text, ReadContext& context, LineFields* out) {
  if (!text.starts_with("level=[")) return false;
  LineFields fields;
  Cursor cursor(text);
  std::string_view key, value;
  bool escaped = false;
  while (!cursor.rest().starts_with("message=")) {
    if (!TakePair(&cursor, &key, &value, &escaped)) return false;
    if (key == "level") {
      fields.level = LevelOfValue(value);
    } else if (key == "time") {
      context.stamps.ReadValue(value, &fields.stamp);
    } else if (key == "program") {
      fields.service = value;
    } else if (key == "source") {
      fields.logger = value;
    }
    cursor.SkipSpaces();
    if (cursor.empty()) break;
  }
  if (!fields.stamp.known() && fields.level == Level::kUnknown) return false;
  if (cursor.Take("message=")) {
    std::string_view rest = TrimRight(cursor.rest());
    if (rest.starts_with('"')) {
      rest.remove_prefix(1);
      // The message ends at the first quote behind which only pairs follow.
      // (After a bounded number of tries: the last quote.)
      size_t end = rest.find('"');
      for (int tries = 0; end != std::string_view::npos; end = rest.find('"', end + 1)) {
        if (++tries > kMaxQuotes) {
          end = rest.rfind('"');
          break;
        }
        Cursor tail(rest.substr(end + 1));
        bool pairs_only = tail.empty() || IsSpace(tail.peek());
        while (pairs_only) {
          tail.SkipSpaces();
          if (tail.empty()) break;
          pairs_only =
              TakePair(&tail, &key, &value, &escaped) && value.find('"') == std::string_view::npos;
        }
        if (pairs_only) break;
      }
      rest = rest.substr(0, end);
    }
    fields.message = rest;
  } else {
    fields.message = text;
  }
  fields.shape = Shape::kHead;
  fields.format = FormatId::kCrystal;
  *out = fields;
  return true;
}

}  // namespace culprit
