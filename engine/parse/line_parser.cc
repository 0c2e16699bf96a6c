#include "engine/parse/line_parser.h"

#include <algorithm>
#include <utility>

#include "engine/parse/plain_log.h"
#include "engine/parse/text.h"

namespace culprit {
namespace {

constexpr size_t kMaxWrappers = 4;

// What stands behind the time: the readers differ in it.
enum Front : uint16_t {
  kUpper = 1,  // spaces, then ...
  kDigit = 2,
  kOpen = 4,
  kDash = 8,
  kBar = 16,
  kQuote = 32,
  kSpaces = 64,  // ... anything else
  kComma = 128,
  kOpenAtOnce = 256,
  kOther = 512,
  kSpaced = kUpper | kDigit | kOpen | kDash | kBar | kQuote | kSpaces,
  kAny = kSpaced | kComma | kOpenAtOnce | kOther
};

Front FrontOf(std::string_view rest) {
  if (rest.empty()) return kOther;
  if (!IsSpace(rest[0])) return rest[0] == ',' ? kComma : rest[0] == '[' ? kOpenAtOnce : kOther;
  size_t at = 1;
  while (at < rest.size() && IsSpace(rest[at])) ++at;
  if (at == rest.size()) return kSpaces;
  const char c = rest[at];
  if (IsUpper(c)) return kUpper;
  if (IsDigit(c)) return kDigit;
  switch (c) {
    case '[':
      return kOpen;
    case '-':
      return kDash;
    case '|':
      return kBar;
    case '"':
      return kQuote;
    default:
      return kSpaces;
  }
}

struct TimedFormat {
  FormatId id;
  bool (*read)(const TimedLine&, LineFields*);
  uint16_t fronts;  // behind another one `read` says no
};
// Tried in this order, the stream's own format first. Strict ones before lenient ones.
constexpr TimedFormat kTimedFormats[] = {
    {FormatId::kElasticsearch, ReadElasticsearch, kOpenAtOnce},
    {FormatId::kKafka, ReadKafka, kUpper},
    {FormatId::kEnvoy, ReadEnvoy, kQuote},
    {FormatId::kApacheError, ReadApacheError, kOpen},
    {FormatId::kNginxError, ReadNginxError, kOpen},
    {FormatId::kWindowsCbs, ReadWindowsCbs, kComma},
    {FormatId::kPgCsv, ReadPgCsv, kComma | kUpper},
    {FormatId::kOslo, ReadOslo, kDigit},
    {FormatId::kSpring, ReadSpring, kUpper},
    {FormatId::kZookeeper, ReadZookeeper, kOpen | kDash},
    {FormatId::kPython, ReadPython, kDash | kBar},
    {FormatId::kCapnslog, ReadCapnslog, kUpper},
    {FormatId::kRethinkdb, ReadRethinkdb, kDigit},
    {FormatId::kRabbitmq, ReadRabbitmq, kOpen},
    {FormatId::kMysql, ReadMysql, kDigit | kOpen},
    {FormatId::kAndroid, ReadAndroid, kDigit | kOther},
    {FormatId::kPgbouncer, ReadPgbouncer, kUpper | kDigit | kOpen},
    {FormatId::kPostgres, ReadPostgres, kAny},
    {FormatId::kHadoop, ReadHadoop, kUpper | kDigit},
    {FormatId::kJava, ReadJava, kUpper | kOpen},
    {FormatId::kGo, ReadGo, kSpaced},
};

// The outer time stands unless the inner one knows its zone, or the year that the outer one lacks.
Stamp Choose(const Stamp& outer, const Stamp& inner) {
  if (!inner.known()) return outer;
  if (!outer.known() || (inner.zoned && inner.dated)) return inner;
  if (outer.has_year || outer.zoned) return outer;
  return inner.dated && inner.has_year ? inner : outer;
}

// True if every line of the wrapper is a message of its own, not a line of output.
bool CarriesMessages(FormatId wrapper) {
  return wrapper == FormatId::kSyslog || wrapper == FormatId::kJournald ||
         wrapper == FormatId::kCloudWatch || wrapper == FormatId::kGcp ||
         wrapper == FormatId::kFluent;
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
  if (CarriesMessages(wrapper)) {
    if (inner->shape == Shape::kText) inner->shape = Shape::kHead;
    inner->self_contained = true;
  }
  // fluentd's header around a record of its Kubernetes filter is one wrapper.
  if (wrapper == FormatId::kFluent && inner->wrapper_count > 0 && inner->wrappers[0] == wrapper) {
    return;
  }
  const size_t kept = std::min<size_t>(inner->wrapper_count, kMaxWrappers - 1);
  for (size_t i = kept; i > 0; --i) inner->wrappers[i] = inner->wrappers[i - 1];
  inner->wrappers[0] = wrapper;
  inner->wrapper_count = static_cast<uint8_t>(kept + 1);
}

}  // namespace

bool ReadTime(std::string_view text, StampReader& stamps, TimedLine* line) {
  line->text = text;
  if (text.starts_with('[')) {
    if (const size_t n = stamps.Read(text.substr(1), &line->stamp);
        n > 0 && n + 1 < text.size() && text[n + 1] == ']') {
      line->bracketed = true;
      line->rest = text.substr(n + 2);
      return true;
    }
  }
  const size_t n = stamps.Read(text, &line->stamp);
  line->rest = text.substr(n);
  return n > 0;
}

std::shared_ptr<StampReader> MakeStampReader(const LineSettings& settings) {
  auto stamps = std::make_shared<StampReader>(settings.zone, settings.reference, settings.boot);
  stamps->set_bare_epoch(settings.epoch_time);
  return stamps;
}

LineParser::LineParser(const LineSettings& settings, std::shared_ptr<StampReader> stamps)
    : settings_(settings), stamps_(std::move(stamps)) {
  for (const TimedFormat& format : kTimedFormats) {
    if (format.id == settings_.guess) guess_ = format.read;
  }
}
LineParser::~LineParser() = default;

JsonReader& LineParser::json(size_t depth) {
  while (json_.size() <= depth) json_.push_back(std::make_unique<JsonReader>());
  return *json_[depth];
}

bool LineParser::MayWrap(FormatId wrapper, size_t depth) const {
  if (depth >= kMaxWrappers) return false;
  if (settings_.forced.empty()) return true;
  if (depth < settings_.forced.size()) return settings_.forced[depth] == wrapper;
  return IsWrapper(settings_.forced.back());
}

bool LineParser::MayBe(FormatId format) const {
  return settings_.forced.empty() || IsWrapper(settings_.forced.back()) ||
         settings_.forced.back() == format;
}

// Without terminal colours: ESC [ ... letter.
std::string_view LineParser::WithoutEscapes(std::string_view line) {
  char* out = arena_.Alloc(line.size());
  size_t n = 0;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\x1b' && i + 1 < line.size() && line[i + 1] == '[') {
      size_t end = i + 2;
      while (end < line.size() && (IsDigit(line[end]) || line[end] == ';')) ++end;
      if (end < line.size()) {
        i = end;
        continue;
      }
    }
    out[n++] = line[i];
  }
  return {out, n};
}

void LineParser::Parse(std::string_view line, LineFields* out) {
  arena_.Reset();
  line = line.substr(0, kMaxParsedBytes);
  *out = LineFields{};
  while (!line.empty() && (line.back() == '\n' || line.back() == '\r')) line.remove_suffix(1);
  if (line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  if (line.find('\x1b') != std::string_view::npos) line = WithoutEscapes(line);
  ParseInner(line, 0, out);
}

void LineParser::Unwrap(const LineFields& outer, FormatId wrapper, std::string_view inner,
                        size_t depth, LineFields* out) {
  LineFields fields;
  ParseInner(inner, depth + 1, &fields);
  Merge(outer, wrapper, &fields);
  *out = fields;
}

void LineParser::ParseInner(std::string_view text, size_t depth, LineFields* out) {
  if (!text.empty() && !IsSpace(text[0])) {
    if (text[0] == '{' ? ParseJson(text, depth, out)
                       : ParseTimed(text, depth, out) || ParseUntimed(text, depth, out)) {
      return;
    }
  }
  Stamp stamp;
  size_t at = 0;
  size_t length = 0;
  if (depth == 0 && settings_.floating_time && !text.empty() && !IsSpace(text[0])) {
    length = FindFloatingTime(text, *stamps_, &stamp, &at);
  }
  // "app.log.1 2026-11-21 06:51:05 ...": what stands behind may be of a known form.
  Level level = Level::kUnknown;
  if (length > 0 && at > 0 && FindLevel(text.substr(0, at), &level) == 0) {
    TimedLine line{.text = text.substr(at), .stamp = stamp, .rest = text.substr(at + length)};
    if (ReadTimedFormats(line, out)) {
      out->floated = true;
      return;
    }
  }
  *out = LineFields{};
  ReadPlain(text, *stamps_, stamp, at, length, out);
}

bool LineParser::ReadTimedFormats(const TimedLine& line, LineFields* out) {
  if (guess_ != nullptr && MayBe(settings_.guess) && guess_(line, out)) return true;
  const Front front = FrontOf(line.rest);
  for (const TimedFormat& format : kTimedFormats) {
    if ((format.fronts & front) != 0 && format.read != guess_ && MayBe(format.id) &&
        format.read(line, out))
      return true;
  }
  return false;
}

bool LineParser::ParseTimed(std::string_view text, size_t depth, LineFields* out) {
  const char first = text[0];
  if (!IsDigit(first) && first != '[' && !IsUpper(first)) return false;
  TimedLine line;
  if (!ReadTime(text, *stamps_, &line)) return false;
  if (line.stamp.format == TimeFormat::kKernel) return false;
  LineFields outer;
  Wrapped wrapped;
  if (MayWrap(FormatId::kFluent, depth) && ReadFluentd(line, &outer, &wrapped) &&
      ParseFluent(outer, wrapped.inner, depth, out)) {
    return true;
  }
  if (wrapped.wrapper != FormatId::kPlain) outer = LineFields{};
  if ((MayWrap(FormatId::kCri, depth) && ReadCri(line, &outer, &wrapped)) ||
      (MayWrap(FormatId::kCloudWatch, depth) && ReadCloudWatchText(line, &outer, &wrapped)) ||
      (MayWrap(FormatId::kSyslog, depth) && ReadSyslog(line, &outer, &wrapped))) {
    Unwrap(outer, wrapped.wrapper, wrapped.inner, depth, out);
    return true;
  }
  if (ReadTimedFormats(line, out)) return true;
  if (MayWrap(FormatId::kKubectl, depth) && MayBeTimestamped(line)) {
    // Only where the rest is a line of its own: a known format, or a piece of a trace.
    const std::string_view rest = line.rest.substr(1);
    LineFields inner;
    ParseInner(rest, depth + 1, &inner);
    Level level = Level::kUnknown;
    if ((inner.shape == Shape::kHead &&
         (inner.format != FormatId::kPlain || inner.stamp.known())) ||
        (inner.shape == Shape::kTrace && FindLevel(rest.substr(0, 40), &level) == 0)) {
      outer = LineFields{};
      outer.stamp = line.stamp;
      Merge(outer, FormatId::kKubectl, &inner);
      *out = inner;
      return true;
    }
  }
  if (MayBe(FormatId::kLambda) && ReadLambdaTimed(line, out)) return true;
  ReadPlain(text, *stamps_, line.stamp, line.bracketed ? 1 : 0,
            text.size() - line.rest.size() - (line.bracketed ? 2 : 0), out);
  return true;
}

bool LineParser::ParseUntimed(std::string_view text, size_t depth, LineFields* out) {
  ReadContext context{*stamps_, arena_};
  LineFields fields;
  Wrapped wrapped;
  const char first = text[0];
  const auto take = [&](bool read) {
    if (read) *out = fields;
    return read;
  };
  if ((first == '[' || IsAlnum(first)) && MayWrap(FormatId::kFluent, depth) &&
      ReadFluentBit(text, context, &fields, &wrapped)) {
    if (ParseFluent(fields, wrapped.inner, depth, out)) return true;
    fields = LineFields{};
  }
  if (first == '<') {
    if (MayBe(FormatId::kKernel) && take(ReadKernel(text, context, &fields))) return true;
    if (MayWrap(FormatId::kSyslog, depth) && ReadSyslogPriority(text, context, &fields, &wrapped)) {
      Unwrap(fields, wrapped.wrapper, wrapped.inner, depth, out);
      return true;
    }
    return false;
  }
  if (first == '[') {
    if (MayWrap(FormatId::kKubectl, depth) && ReadKubectl(text, &fields, &wrapped)) {
      Unwrap(fields, wrapped.wrapper, wrapped.inner, depth, out);
      return true;
    }
    return (MayBe(FormatId::kKernel) && take(ReadKernel(text, context, &fields))) ||
           (MayBe(FormatId::kRedis) && take(ReadRedis(text, context, &fields))) ||
           (MayBe(FormatId::kPostgres) && take(ReadPostgresBare(text, &fields))) ||
           (MayBe(FormatId::kLambda) && take(ReadLambda(text, context, &fields)));
  }
  if (IsUpper(first)) {
    if ((MayBe(FormatId::kKlog) && take(ReadKlog(text, context, &fields))) ||
        (MayBe(FormatId::kRuby) && take(ReadRuby(text, context, &fields))) ||
        (MayBe(FormatId::kPostgres) && take(ReadPostgresBare(text, &fields))) ||
        (MayBe(FormatId::kPython) && take(ReadPythonBasic(text, &fields))) ||
        (MayBe(FormatId::kLambda) && take(ReadLambda(text, context, &fields)))) {
      return true;
    }
  }
  if (IsDigit(first) && MayBe(FormatId::kRedis) && take(ReadRedis(text, context, &fields))) {
    return true;
  }
  if (IsLower(first) || IsUpper(first) || first == '@' || first == '_') {
    if ((MayBe(FormatId::kCrystal) && take(ReadCrystal(text, context, &fields))) ||
        (MayBe(FormatId::kLogfmt) && take(ReadLogfmt(text, context, &fields))) ||
        (MayBe(FormatId::kDotnet) && take(ReadDotnet(text, &fields)))) {
      return true;
    }
    if (MayWrap(FormatId::kCompose, depth) && ReadCompose(text, &fields, &wrapped)) {
      Unwrap(fields, wrapped.wrapper, wrapped.inner, depth, out);
      return true;
    }
  }
  return (MayBe(FormatId::kHaproxy) && take(ReadHaproxy(text, context, &fields))) ||
         (MayBe(FormatId::kAccess) && take(ReadAccess(text, context, &fields))) ||
         (MayBe(FormatId::kCluster) && take(ReadCluster(text, context, &fields)));
}

// A record behind a header. What it wraps itself may be named in --input-format or not.
bool LineParser::ParseFluent(const LineFields& outer, std::string_view record, size_t depth,
                             LineFields* out) {
  LineFields inner;
  if (!ParseJson(record, depth + 1, &inner) && !ParseJson(record, depth, &inner)) return false;
  Merge(outer, FormatId::kFluent, &inner);
  *out = inner;
  return true;
}

bool LineParser::ParseJson(std::string_view text, size_t depth, LineFields* out) {
  if (depth >= kMaxWrappers) return false;
  JsonLine json_line;
  LineFields fields;
  if (!json(depth).Read(text, settings_.service_key, *stamps_, &fields, &json_line)) return false;
  const bool wrapper = json_line.wrapper != FormatId::kPlain;
  if (wrapper && !MayWrap(json_line.wrapper, depth)) return false;
  if (!wrapper && !MayBe(fields.format) && !MayWrap(FormatId::kJson, depth)) return false;
  // A shipper's record around a raw line: no level of its own, but the message has a head.
  if (wrapper || (!json_line.has_level && !json_line.inner.empty())) {
    LineFields inner;
    ParseInner(json_line.inner, depth + 1, &inner);
    if (wrapper || (inner.shape == Shape::kHead && inner.level != Level::kUnknown)) {
      Merge(fields, wrapper ? json_line.wrapper : FormatId::kJson, &inner);
      if (!json_line.extra.empty()) inner.service = json_line.extra;
      *out = inner;
      return true;
    }
  }
  if (!json_line.extra.empty()) fields.service = json_line.extra;
  *out = fields;
  return true;
}

}  // namespace culprit
