#include "engine/ingest/forward/json_lines.h"

#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <msgpack.hpp>

#include "absl/strings/escaping.h"
#include "engine/base/json_text.h"
#include "engine/base/views.h"
#include "engine/ingest/forward/msgpack_reader.h"

namespace culprit {
namespace {

template <class Number>
void AppendNumber(Number value, std::string* out) {
  char text[32];
  const auto end = std::to_chars(text, text + sizeof(text), value);
  out->append(text, end.ptr);
}

// What the envelope would add, and the record may have itself.
enum Own : uint8_t { kOwnTimestamp = 1, kOwnTime = 2, kOwnIngestion = 4, kOwnTag = 8 };

uint8_t OwnField(std::string_view key) {
  switch (key.size()) {
    case 3:
      return key == "tag" ? kOwnTag : 0;
    case 4:
      return key == "time" ? kOwnTime : 0;
    case 10:
      return key == "@timestamp" ? kOwnTimestamp : 0;
    case 14:
      return key == "ingestion_time" ? kOwnIngestion : 0;
    default:
      return 0;
  }
}

// Writes values as msgpack-cxx meets them. A comma follows every element; what closes a container
// takes the place of the last one, so no stack is needed.
class Writer : public msgpack::null_visitor {
 public:
  Writer(std::string* out, size_t max_end) : out_(out), max_end_(max_end) {}

  RecordError error() const { return error_; }
  uint8_t own() const { return own_; }
  uint64_t repaired() const { return repaired_; }

  bool visit_nil() { return Word("null"); }
  bool visit_boolean(bool v) { return Word(v ? "true" : "false"); }
  bool visit_positive_integer(uint64_t v) { return Number(v); }
  bool visit_negative_integer(int64_t v) { return Number(v); }
  // As a double: who reads the text gets the value that was sent.
  bool visit_float32(float v) { return Float(static_cast<double>(v)); }
  bool visit_float64(double v) { return Float(v); }
  bool visit_str(const char* data, uint32_t size) {
    if (depth_ == 0) return Fail(RecordError::kMalformed);
    if (out_->size() + size > max_end_) return Fail(RecordError::kTooLong);
    const std::string_view text(data, size);
    if (key_ && depth_ == 1) own_ |= OwnField(text);
    repaired_ += AppendJsonString(text, out_);
    return true;
  }
  bool visit_bin(const char* data, uint32_t size) { return visit_str(data, size); }
  bool visit_ext(const char* data, uint32_t size) {
    if (depth_ == 0) return Fail(RecordError::kMalformed);
    if (key_) return Fail(RecordError::kBadKey);
    if (out_->size() + size > max_end_) return Fail(RecordError::kTooLong);
    // data[0] is the type.
    *out_ += "\"ext:";
    AppendNumber(static_cast<int>(static_cast<int8_t>(data[0])), out_);
    *out_ += ':';
    *out_ += absl::Base64Escape(absl::string_view(data + 1, size - 1));
    *out_ += '"';
    return true;
  }
  bool start_array(uint32_t) { return depth_ > 0 ? Open('[') : Fail(RecordError::kMalformed); }
  bool end_array_item() { return Comma(); }
  bool end_array() { return Close(']'); }
  bool start_map(uint32_t) { return Open('{'); }
  bool start_map_key() {
    key_ = true;
    return true;
  }
  bool end_map_key() {
    key_ = false;
    *out_ += ':';
    return true;
  }
  bool end_map_value() { return Comma(); }
  bool end_map() { return Close('}'); }
  void parse_error(size_t, size_t) { error_ = RecordError::kMalformed; }
  void insufficient_bytes(size_t, size_t) { error_ = RecordError::kTruncated; }
  bool referenced() const { return false; }

 private:
  bool Fail(RecordError error) {
    error_ = error;
    return false;
  }
  bool Word(std::string_view word) {
    if (depth_ == 0) return Fail(RecordError::kMalformed);
    if (key_) *out_ += '"';
    *out_ += word;
    if (key_) *out_ += '"';
    return true;
  }
  template <class T>
  bool Number(T value) {
    if (depth_ == 0) return Fail(RecordError::kMalformed);
    if (key_) *out_ += '"';
    AppendNumber(value, out_);
    if (key_) *out_ += '"';
    return true;
  }
  bool Float(double value) {
    if (std::isfinite(value)) return Number(value);
    if (depth_ == 0) return Fail(RecordError::kMalformed);
    *out_ += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return true;
  }
  bool Open(char bracket) {
    if (key_) return Fail(RecordError::kBadKey);
    if (++depth_ > kMaxRecordDepth) return Fail(RecordError::kTooDeep);
    *out_ += bracket;
    return true;
  }
  bool Comma() {
    *out_ += ',';
    return out_->size() <= max_end_ || Fail(RecordError::kTooLong);
  }
  bool Close(char bracket) {
    --depth_;
    if (out_->back() == ',') {
      out_->back() = bracket;
    } else {
      *out_ += bracket;
    }
    return true;
  }

  std::string* out_;
  size_t max_end_;
  int depth_ = 0;
  bool key_ = false;
  uint8_t own_ = 0;
  RecordError error_ = RecordError::kNone;
  uint64_t repaired_ = 0;
};

}  // namespace

std::string_view RecordErrorText(RecordError error) {
  switch (error) {
    case RecordError::kNone:
      return "fine";
    case RecordError::kTruncated:
      return "cut: the bytes end inside it";
    case RecordError::kMalformed:
      return "no MessagePack map";
    case RecordError::kTooDeep:
      return "nested deeper than 64 levels";
    case RecordError::kBadKey:
      return "a key of a map is neither text nor number";
    case RecordError::kTooLong:
      return "longer than max_record_bytes";
  }
  return "";
}

void JsonLines::SetTag(std::string_view tag) {
  tag_field_ = "\"tag\":";
  AppendJsonString(tag, &tag_field_);
}

void JsonLines::AppendTime(int64_t seconds, uint32_t nanos, std::string* out) {
  if (seconds != cached_second_) {
    using std::chrono::floor;
    const std::chrono::sys_seconds instant{std::chrono::seconds(seconds)};
    const auto day = floor<std::chrono::days>(instant);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss<std::chrono::seconds> clock(instant - day);
    char text[40];
    snprintf(text, sizeof(text), "%04d-%02u-%02uT%02d:%02d:%02d.", static_cast<int>(date.year()),
             static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
             static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
             static_cast<int>(clock.seconds().count()));
    std::memcpy(cached_text_, text, sizeof(cached_text_));
    cached_second_ = seconds;
  }
  char end[11];  // nanoseconds, Z and quote
  for (int i = 8; i >= 0; --i, nanos /= 10) end[i] = static_cast<char>('0' + nanos % 10);
  end[9] = 'Z';
  end[10] = '"';
  out->append(cached_text_, sizeof(cached_text_));
  out->append(end, sizeof(end));
}

RecordError JsonLines::Append(std::string_view bytes, const EntryTime& time, TimeUs now,
                              std::string* out, Result* result) {
  const size_t begin = out->size();
  Writer writer(out, begin + max_record_bytes_);
  size_t offset = 0;
  const bool ok = msgpack::parse(bytes.data(), bytes.size(), offset, writer);
  RecordError error = writer.error();
  if (!ok && error == RecordError::kNone) error = RecordError::kMalformed;
  if (error != RecordError::kNone) {
    out->resize(begin);
    return error;
  }
  out->back() = ',';  // the closing bracket: more follows
  const uint8_t own = writer.own();
  if (out->size() == begin + 2) out->pop_back();
  switch (time.kind) {
    case EntryTime::Kind::kNanos:
      if ((own & kOwnTimestamp) == 0) {
        *out += "\"@timestamp\":\"";
        AppendTime(time.seconds, time.nanos, out);
        *out += ',';
      }
      break;
    case EntryTime::Kind::kSeconds:
      if ((own & kOwnTime) == 0) {
        *out += "\"time\":\"";
        AppendTime(time.seconds, time.nanos, out);
        *out += ',';
      }
      break;
    default:
      if ((own & kOwnIngestion) == 0) {
        *out += "\"ingestion_time\":\"";
        AppendTime(now / 1'000'000, static_cast<uint32_t>(now % 1'000'000) * 1000, out);
        *out += ',';
      }
      break;
  }
  if ((own & kOwnTag) == 0) {
    *out += tag_field_;
    *out += ',';
  }
  if (out->back() == ',') out->back() = '}';
  *out += '\n';
  if (out->size() - begin > max_record_bytes_) {
    out->resize(begin);
    return RecordError::kTooLong;
  }
  *result = {.consumed = offset, .repaired = writer.repaired()};
  return RecordError::kNone;
}

}  // namespace culprit
