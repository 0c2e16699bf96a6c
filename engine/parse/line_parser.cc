#include "engine/parse/line_parser.h"

#include "engine/parse/plain_log.h"
#include "engine/parse/text.h"

namespace culprit {
namespace {

constexpr size_t kMaxWrappers = 4;

// The outer time stands unless the inner one knows its zone, or the year that the outer one lacks.
Stamp Choose(const Stamp& outer, const Stamp& inner) {
  if (!inner.known()) return outer;
  if (!outer.known() || inner.zoned) return inner;
  if (outer.has_year || outer.zoned) return outer;
  return inner.dated && inner.has_year ? inner : outer;
}

// True if every line of the wrapper is a message of its own, not a line of output.
bool CarriesMessages(FormatId wrapper) {
  return wrapper == FormatId::kSyslog || wrapper == FormatId::kJournald ||
         wrapper == FormatId::kJournalctl || wrapper == FormatId::kCloudWatch ||
         wrapper == FormatId::kGcp || wrapper == FormatId::kFluent;
}

// Puts what the wrapper says around what the inner line says; result in *inner.
void Merge(const LineFields& outer, FormatId wrapper, LineFields* inner) {
  inner->stamp = Choose(outer.stamp, inner->stamp);
  if (inner->level == Level::kUnknown) inner->level = outer.level;
  if (inner->service.empty()) inner->service = outer.service;
  if (inner->instance.empty()) inner->instance = outer.instance;
  if (inner->error.empty()) inner->error = outer.error;
  if (inner->logger.empty()) inner->logger = outer.logger;
  if (!outer.group.empty()) inner->group = outer.group;
  inner->partial = inner->partial || outer.partial;
  if (inner->shape == Shape::kText && CarriesMessages(wrapper)) inner->shape = Shape::kHead;
  for (size_t i = inner->wrapper_count; i > 0; --i) {
    if (i < kMaxWrappers) inner->wrappers[i] = inner->wrappers[i - 1];
  }
  inner->wrappers[0] = wrapper;
  if (inner->wrapper_count < kMaxWrappers) ++inner->wrapper_count;
}

}  // namespace

LineParser::LineParser(const LineSettings& settings)
    : settings_(settings), stamps_(settings.zone, settings.reference) {}
LineParser::~LineParser() = default;

void LineParser::set_settings(const LineSettings& settings) {
  settings_ = settings;
  stamps_ = StampReader(settings.zone, settings.reference);
}

JsonReader& LineParser::json(size_t depth) {
  while (json_.size() <= depth) json_.push_back(std::make_unique<JsonReader>());
  return *json_[depth];
}

void LineParser::Parse(std::string_view line, LineFields* out) {
  arena_.Reset();
  line = line.substr(0, kMaxParsedBytes);
  *out = LineFields{};
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  ParseInner(line, 0, out);
}

void LineParser::ParseInner(std::string_view text, size_t depth, LineFields* out) {
  if (depth < kMaxWrappers && text.starts_with('{') && ParseJson(text, depth, out)) return;
  ReadPlain(text, stamps_, settings_.floating_time, out);
}

bool LineParser::ParseJson(std::string_view text, size_t depth, LineFields* out) {
  JsonLine json_line;
  LineFields fields;
  if (!json(depth).Read(text, settings_.service_key, stamps_, &fields, &json_line)) return false;
  if (!json_line.extra.empty()) fields.service = json_line.extra;
  const bool wrapper = json_line.wrapper != FormatId::kPlain;
  // A shipper's record around a raw line: no level of its own, but the message has a head.
  if (wrapper || (!json_line.has_level && !json_line.inner.empty())) {
    std::string_view inner_text = json_line.inner;
    LineFields inner;
    ParseInner(inner_text, depth + 1, &inner);
    if (wrapper || (inner.shape == Shape::kHead && inner.level != Level::kUnknown)) {
      Merge(fields, wrapper ? json_line.wrapper : FormatId::kJson, &inner);
      if (inner.message.empty()) inner.message = inner_text;
      if (!json_line.extra.empty()) inner.service = json_line.extra;
      *out = inner;
      return true;
    }
  }
  *out = fields;
  return true;
}

}  // namespace culprit
