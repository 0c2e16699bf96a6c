// One physical line -> LineFields: peels wrappers from the outside in, then tries the format
// readers in a fixed order. What it returns depends on the line and on the stream's settings only.
// Not thread-safe; one per use within a StreamParser. Views hold until the next Parse.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "engine/parse/fields.h"
#include "engine/parse/json_record.h"
#include "engine/parse/readers.h"
#include "engine/parse/stamp.h"

namespace culprit {

constexpr size_t kMaxParsedBytes = 1 << 20;  // of a line; what is behind is not looked at

struct LineSettings {
  absl::TimeZone zone = absl::UTCTimeZone();
  TimeUs reference = kNoTime;         // upper bound of the stream's times
  TimeUs boot = 0;                    // event time of a kernel clock's zero
  std::string service_key;            // JSON key that gives the service; empty: default rule
  std::vector<FormatId> forced;       // chain from the outside in; empty: detect
  FormatId guess = FormatId::kPlain;  // inner format of most of the stream: tried first
  bool floating_time = true;  // a time may stand within the first 96 bytes, not only in front
  bool epoch_time = true;     // a bare number in front may be an epoch time
};

std::shared_ptr<StampReader> MakeStampReader(const LineSettings& settings);

class LineParser {
 public:
  // `stamps` (MakeStampReader of the same settings) may be shared by parsers of one thread: what
  // one reads, the others need not work out again.
  LineParser(const LineSettings& settings, std::shared_ptr<StampReader> stamps);
  explicit LineParser(const LineSettings& settings)
      : LineParser(settings, MakeStampReader(settings)) {}
  ~LineParser();
  // True: Continues(a line of the group `before`, not partial; what Parse says of `line`) is false:
  // it is kHead without `repeats`, or of another group. Much cheaper; false says nothing. `quoted`:
  // the text stands in a JSON string and goes on behind its end.
  bool SurelyStartsRecord(std::string_view line, std::string_view before, bool quoted);
  // `line` without its end of line.
  void Parse(std::string_view line, LineFields* out);

 private:
  void ParseInner(std::string_view text, size_t depth, LineFields* out);
  bool StartsRecord(std::string_view text, std::string_view before, bool quoted, size_t depth);
  bool IsMessage(std::string_view text);
  bool ParseTimed(std::string_view text, size_t depth, LineFields* out);
  bool ReadTimedFormats(const TimedLine& line, LineFields* out);
  bool ParseUntimed(std::string_view text, size_t depth, LineFields* out);
  void Unwrap(const LineFields& outer, FormatId wrapper, std::string_view inner, size_t depth,
              LineFields* out);
  // The option --input-format may narrow what is tried.
  bool MayWrap(FormatId wrapper, size_t depth) const;
  bool MayBe(FormatId format) const;
  std::string_view WithoutEscapes(std::string_view line);
  bool ParseJson(std::string_view text, size_t depth, LineFields* out);
  bool ParseFluent(const LineFields& outer, std::string_view record, size_t depth, LineFields* out);
  JsonReader& json(size_t depth);

  LineSettings settings_;
  bool (*guess_)(const TimedLine&, LineFields*) = nullptr;
  std::shared_ptr<StampReader> stamps_;
  Arena arena_;
  std::vector<std::unique_ptr<JsonReader>> json_;
};

}  // namespace culprit
