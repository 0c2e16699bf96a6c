// Records as lines of JSON: a MessagePack map in, one line out, in one pass, without objects
// between. Owned by the reader of a chunk; one thread.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/core/time.h"
#include "engine/ingest/forward/message.h"

namespace culprit {

inline constexpr int kMaxRecordDepth = 64;

enum class RecordError : uint8_t {
  kNone,
  kTruncated,  // the bytes end inside the record
  kMalformed,  // no MessagePack, or no map
  kTooDeep,
  kBadKey,   // a key that is a map, array, or ext
  kTooLong,  // more JSON than allowed
};
// "nested deeper than 64 levels"
std::string_view RecordErrorText(RecordError error);

class JsonLines {
 public:
  explicit JsonLines(size_t max_record_bytes) : max_record_bytes_(max_record_bytes) {}
  // The tag that the lines to come carry.
  void SetTag(std::string_view tag);
  // Appends the record at the front of `bytes` as {...,"@timestamp":"...","tag":"..."} and a
  // newline. Fields of the record come first, as they are. What the envelope says follows unless
  // the record has a field of that name: the time as "@timestamp" if it is finer than a second,
  // "time" if not, "ingestion_time" (of `now`) if there is none, so that engine/parse prefers the
  // more exact of the two; RFC 3339 with nanoseconds.
  //   Strings are copied; a byte that is no UTF-8 becomes U+FFFD and is counted. Binaries are taken
  // for text. Keys that are numbers become text. NaN and infinity become strings; other
  // ext types "ext:TYPE:BASE64".
  // An error leaves *out as it was and *result undefined.
  struct Result {
    size_t consumed = 0;    // length of the record
    uint64_t repaired = 0;  // bytes that were no UTF-8
  };
  RecordError Append(std::string_view bytes, const EntryTime& time, TimeUs now, std::string* out,
                     Result* result);

 private:
  size_t max_record_bytes_;
  std::string tag_field_;  // "tag":"..."
  int64_t cached_second_ = -1;
  char cached_text_[20] = {};  // 2026-11-21T06:51:05.

  void AppendTime(int64_t seconds, uint32_t nanos, std::string* out);
};

}  // namespace culprit
