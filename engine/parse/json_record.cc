#include "engine/parse/json_record.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "engine/parse/json_keys.h"
#include "engine/parse/level.h"
#include "engine/parse/text.h"

namespace culprit {
namespace {

namespace sj = simdjson::ondemand;

constexpr int kMaxDepth = 6;

struct Value {
  enum class Kind : uint8_t { kNone, kText, kInteger, kDouble } kind = Kind::kNone;
  uint8_t rank = 255;
  JsonSlot slot = JsonSlot::kNone;
  std::string_view text;
  int64_t integer = 0;
  double number = 0;
};

class Walker {
 public:
  Walker(std::string_view extra_key, JsonLine* json, std::vector<char>* bytes)
      : extra_key_(extra_key), json_(json), bytes_(*bytes) {}

  // Keys are looked up by the path that stands in path_ between base and prefix, and the key.
  void Object(sj::object object, size_t base, size_t prefix, int depth, uint8_t penalty) {
    for (auto result : object) {
      sj::field field;
      if (std::move(result).get(field)) return;
      std::string_view key;
      if (field.unescaped_key().get(key)) return;
      if (!Field(key, field.value(), base, prefix, depth, penalty)) return;
    }
  }

  Value best[static_cast<size_t>(JsonSlot::kCount)];
  bool saw[8] = {};

 private:
  // False: the document is broken from here on.
  bool Field(std::string_view key, sj::value value, size_t base, size_t prefix, int depth,
             uint8_t penalty) {
    if (prefix + key.size() + 1 > path_.size()) return true;
    std::memcpy(path_.data() + prefix, key.data(), key.size());
    const size_t end = prefix + key.size();
    const std::string_view full(path_.data() + base, end - base);
    const JsonKey* known = FindJsonKey(full);
    const bool extra = !extra_key_.empty() && full == extra_key_;
    const bool towards_extra = !extra_key_.empty() && extra_key_.size() > full.size() &&
                               extra_key_.starts_with(full) && extra_key_[full.size()] == '.';
    if (known == nullptr && !extra && !towards_extra) return true;
    if (known != nullptr) saw[static_cast<size_t>(known->hint)] = true;
    sj::json_type type;
    if (value.type().get(type)) return false;
    switch (type) {
      case sj::json_type::object: {
        const JsonNest nest = towards_extra      ? JsonNest::kPrefix
                              : known != nullptr ? known->nest
                                                 : JsonNest::kSkip;
        if (depth >= kMaxDepth) return true;
        sj::object object;
        if (value.get_object().get(object)) return false;
        if (nest == JsonNest::kPrefix) {
          path_[end] = '.';
          Object(object, base, end + 1, depth + 1, penalty);
        } else if (nest == JsonNest::kInline || nest == JsonNest::kAttributes) {
          Object(object, end, end, depth + 1, static_cast<uint8_t>(std::min(penalty + 20, 200)));
        }
        return true;
      }
      case sj::json_type::array: {
        if (known == nullptr || depth >= kMaxDepth) return true;
        sj::array array;
        if (value.get_array().get(array)) return false;
        Array(array, *known, end, depth, penalty);
        return true;
      }
      case sj::json_type::string: {
        std::string_view text;
        if (value.get_string().get(text)) return false;
        if (extra) json_->extra = text;
        if (known != nullptr)
          Offer(*known, penalty, Value{.kind = Value::Kind::kText, .text = text});
        return true;
      }
      case sj::json_type::number: {
        Value number;
        if (int64_t i = 0; !value.get_int64().get(i)) {
          number.kind = Value::Kind::kInteger;
          number.integer = i;
          number.number = static_cast<double>(i);
        } else if (double d = 0; !value.get_double().get(d)) {
          number.kind = Value::Kind::kDouble;
          number.number = d;
        }
        if (extra) json_->extra = Trim(value.raw_json_token());
        if (known != nullptr && number.kind != Value::Kind::kNone) Offer(*known, penalty, number);
        return true;
      }
      default:
        return true;
    }
  }

  void Array(sj::array array, const JsonKey& known, size_t end, int depth, uint8_t penalty) {
    if (known.nest == JsonNest::kBytes) {
      bytes_.clear();
      for (auto element : array) {
        uint64_t byte = 0;
        if (element.get_uint64().get(byte) || byte > 255) return;
        bytes_.push_back(static_cast<char>(byte));
      }
      Offer(known, penalty,
            Value{.kind = Value::Kind::kText, .text = {bytes_.data(), bytes_.size()}});
    } else if (known.nest == JsonNest::kFirst) {
      for (auto element : array) {
        sj::object object;
        if (element.get_object().get(object)) return;
        Object(object, end, end, depth + 1, penalty);
        return;
      }
    } else if (known.nest == JsonNest::kAttributes) {
      for (auto element : array) {
        sj::object object;
        std::string_view key;
        if (element.get_object().get(object)) return;
        if (object.find_field("key").get_string().get(key)) continue;
        sj::object inner;
        std::string_view text;
        if (object.find_field("value").get_object().get(inner)) continue;
        if (inner.find_field("stringValue").get_string().get(text)) continue;
        if (const JsonKey* attribute = FindJsonKey(key)) {
          Offer(*attribute, static_cast<uint8_t>(std::min(penalty + 20, 200)),
                Value{.kind = Value::Kind::kText, .text = text});
        }
      }
    }
  }

  void Offer(const JsonKey& known, uint8_t penalty, Value value) {
    if (known.slot == JsonSlot::kNone) return;
    if (value.kind == Value::Kind::kText && value.text.empty()) return;
    JsonSlot slot = known.slot;
    // "status": "error" is a level, "status": 502 an HTTP status.
    if (slot == JsonSlot::kStatus && value.kind == Value::Kind::kText && !AllDigits(value.text)) {
      if (LevelFromWord(value.text) == Level::kUnknown) return;
      slot = JsonSlot::kLevel;
      penalty = static_cast<uint8_t>(std::min(penalty + 20, 200));
    }
    // A number or an epoch as text under "created" or "date" may be anything: only real times
    // count.
    if (slot == JsonSlot::kMessage && value.kind != Value::Kind::kText) return;
    value.rank = static_cast<uint8_t>(known.rank + penalty);
    value.slot = known.slot;
    Value& kept = best[static_cast<size_t>(slot)];
    if (value.rank < kept.rank) kept = value;
  }

  std::array<char, 160> path_;
  std::string_view extra_key_;
  JsonLine* json_;
  std::vector<char>& bytes_;
};

bool SetStamp(const Value& value, const Value& nanos, StampReader& stamps, Stamp* out) {
  switch (value.kind) {
    case Value::Kind::kText:
      if (!stamps.ReadValue(value.text, out)) return false;
      break;
    case Value::Kind::kInteger:
      if (!StampReader::FromInteger(value.integer, out)) return false;
      break;
    case Value::Kind::kDouble:
      if (!StampReader::FromNumber(value.number, out)) return false;
      break;
    default:
      return false;
  }
  if (nanos.kind == Value::Kind::kInteger && nanos.integer >= 0 && nanos.integer < 1'000'000'000 &&
      out->time % kSecondUs == 0) {
    out->time += nanos.integer / 1000;
  }
  return true;
}

constexpr uint8_t kLogGroupRank = 12;  // of logGroup in the key table

// The last part of a path; of "/aws/rds/instance/orders/error" the one before.
std::string_view ServiceOfGroup(std::string_view group) {
  constexpr std::string_view kKinds[] = {"error",   "slowquery",   "general",   "audit",
                                         "cluster", "application", "dataplane", "performance",
                                         "host",    "logs",        "log"};
  while (group.ends_with('/')) group.remove_suffix(1);
  const size_t slash = group.rfind('/');
  if (slash == std::string_view::npos) return group;
  const std::string_view last = group.substr(slash + 1);
  const std::string_view before = group.substr(0, slash);
  const bool kind = std::find(std::begin(kKinds), std::end(kKinds), last) != std::end(kKinds);
  if (!kind || slash == 0) return last;
  return before.substr(before.rfind('/') + 1);
}

Level LevelFromNumber(int64_t n) { return n <= 7 ? LevelFromSyslog(n) : LevelFromBunyan(n); }

Level LevelOf(const Value& value, Level (*number)(int64_t)) {
  if (value.kind == Value::Kind::kInteger) return number(value.integer);
  if (value.kind != Value::Kind::kText) return Level::kUnknown;
  const std::string_view text = Trim(value.text);
  if (AllDigits(text)) return number(ParseDigits(text));
  if (text.size() == 1) return LevelFromLetter(text[0]);
  if (const Level level = LevelFromWord(text); level != Level::kUnknown) return level;
  // "[E]", "error(3)", "WARN2", "npm.error": the word inside.
  size_t begin = 0;
  while (begin < text.size() && !IsAlpha(text[begin])) ++begin;
  size_t end = begin;
  while (end < text.size() && IsAlpha(text[end])) ++end;
  if (end - begin == 1) return LevelFromLetter(text[begin]);
  return LevelFromWord(text.substr(begin, end - begin));
}

// Replaces every byte of a broken UTF-8 sequence, so that simdjson accepts the line.
void MakeUtf8(char* text, size_t size) {
  for (size_t i = 0; i < size;) {
    const auto c = static_cast<uint8_t>(text[i]);
    const size_t n = c < 0x80                ? 1
                     : c >= 0xC2 && c < 0xE0 ? 2
                     : c >= 0xE0 && c < 0xF0 ? 3
                     : c >= 0xF0 && c < 0xF5 ? 4
                                             : 0;
    if (n > 0 && i + n <= size && simdjson::validate_utf8(text + i, n)) {
      i += n;
    } else {
      text[i++] = '?';
    }
  }
}

}  // namespace

struct JsonReader::State {
  sj::parser parser;
  std::vector<char> padded;
  std::vector<char> bytes;
};

JsonReader::JsonReader() : state_(std::make_unique<State>()) {}
JsonReader::~JsonReader() = default;

bool JsonReader::Read(std::string_view line, std::string_view extra_key, StampReader& stamps,
                      LineFields* out, JsonLine* json) {
  if (line.size() < 2 || line.front() != '{') return false;
  std::vector<char>& buffer = state_->padded;
  const size_t room = line.size() + 4 + simdjson::SIMDJSON_PADDING;
  if (buffer.size() < room) buffer.resize(std::max(room, buffer.size() * 2));
  std::memcpy(buffer.data(), line.data(), line.size());
  std::memset(buffer.data() + line.size(), ' ', 4 + simdjson::SIMDJSON_PADDING);
  size_t size = line.size();
  sj::document document;
  sj::object object;
  const auto open = [&] {
    const simdjson::padded_string_view view(buffer.data(), size, buffer.size());
    simdjson::error_code error = state_->parser.iterate(view).get(document);
    if (error == simdjson::UTF8_ERROR) {
      MakeUtf8(buffer.data(), size);
      error = state_->parser.iterate(view).get(document);
    }
    if (!error) error = document.get_object().get(object);
    return error;
  };
  if (simdjson::error_code error = open(); error) {
    // Cut off in the middle: close what is open and read what is there.
    if (error == simdjson::UNCLOSED_STRING) {
      if (buffer[size - 1] == '\\') --size;
      buffer[size++] = '"';
    }
    buffer[size++] = '}';
    if (open()) return false;
  }
  JsonLine found;
  Walker walker(extra_key, &found, &state_->bytes);
  walker.Object(object, 0, 0, 0, 0);

  const auto best = [&](JsonSlot slot) -> const Value& {
    return walker.best[static_cast<size_t>(slot)];
  };
  const auto saw = [&](JsonHint hint) { return walker.saw[static_cast<size_t>(hint)]; };
  const auto text = [&](JsonSlot slot) {
    const Value& value = best(slot);
    return value.kind == Value::Kind::kText ? value.text : std::string_view();
  };

  LineFields fields;
  SetStamp(best(JsonSlot::kTime), best(JsonSlot::kNanos), stamps, &fields.stamp);
  Level level = LevelOf(best(JsonSlot::kLevel), LevelFromNumber);
  if (level == Level::kUnknown) level = LevelOf(best(JsonSlot::kLevelOtel), LevelFromOtel);
  if (level == Level::kUnknown) level = LevelOf(best(JsonSlot::kLevelSyslog), LevelFromNumber);
  if (level == Level::kUnknown) level = LevelOf(best(JsonSlot::kLevelPython), LevelFromPython);
  found.has_level = level != Level::kUnknown;
  if (level == Level::kUnknown) level = LevelOf(best(JsonSlot::kStatus), LevelFromHttpStatus);
  fields.level = level;
  fields.message = TrimRight(text(JsonSlot::kMessage));
  fields.error = TrimRight(text(JsonSlot::kError));
  fields.service = text(JsonSlot::kService);
  fields.instance = text(JsonSlot::kInstance);
  fields.logger = text(JsonSlot::kLogger);
  if (const std::string_view weak = text(JsonSlot::kServiceWeak); !weak.empty()) {
    if (!LooksLikeServiceName(weak)) {
      if (fields.logger.empty()) fields.logger = weak;
    } else if (fields.service.empty() ||
               best(JsonSlot::kServiceWeak).rank < best(JsonSlot::kService).rank) {
      fields.service = weak;
    }
  }
  // "/aws/lambda/ingest", "prod/cart" of a log group, Docker's "/cart".
  if (fields.service.starts_with('/') ||
      (saw(JsonHint::kCloudWatch) && best(JsonSlot::kService).rank == kLogGroupRank)) {
    fields.service = ServiceOfGroup(fields.service);
  }
  fields.format = saw(JsonHint::kMongodb) ? FormatId::kMongodb : FormatId::kJson;
  fields.self_contained = true;

  const std::string_view raw_message = text(JsonSlot::kMessage);
  const bool log_is_message = best(JsonSlot::kMessage).rank == 8;
  if (saw(JsonHint::kJournald)) {
    found.wrapper = FormatId::kJournald;
  } else if (saw(JsonHint::kCloudWatch) && fields.stamp.known()) {
    found.wrapper = FormatId::kCloudWatch;
  } else if (saw(JsonHint::kGcp)) {
    found.wrapper = FormatId::kGcp;
  } else if (log_is_message && saw(JsonHint::kDocker) && !found.has_level) {
    found.wrapper = saw(JsonHint::kKubernetes) ? FormatId::kFluent
                    : saw(JsonHint::kStream)   ? FormatId::kDocker
                                               : FormatId::kFluent;
    // Docker splits at 16 KiB: all but the last piece lack the end of line.
    fields.partial = found.wrapper == FormatId::kDocker && !raw_message.ends_with('\n') &&
                     raw_message.size() >= kLeastPartialBytes;
  }
  found.inner = fields.message;
  if (fields.message.empty() && !fields.error.empty()) std::swap(fields.message, fields.error);
  const bool head = fields.stamp.known() || found.has_level || found.wrapper != FormatId::kPlain;
  fields.shape = head ? Shape::kHead : Shape::kText;
  if (!head && fields.message.empty()) fields.message = line;
  if (head && fields.message.empty()) fields.message = line;
  *out = fields;
  *json = found;
  return true;
}

bool LooksLikeServiceName(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  for (char c : name) {
    if (!IsAlnum(c) && c != '-' && c != '_' && c != ' ') return false;
  }
  constexpr std::string_view kLoggers[] = {"root", "__main__", "main",   "default",
                                           "app",  "stdout",   "stderr", "logger"};
  if (std::find(std::begin(kLoggers), std::end(kLoggers), name) != std::end(kLoggers)) return false;
  // CamelCase is a class.
  bool lower = false;
  for (char c : name) {
    if (IsUpper(c) && lower) return false;
    lower = IsLower(c);
  }
  return true;
}

}  // namespace culprit
