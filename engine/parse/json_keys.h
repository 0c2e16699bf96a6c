// Which JSON keys mean what: one table over the field names of all loggers we know.
// Immutable; any thread.
#pragma once
#include <cstdint>
#include <string_view>

namespace culprit {

enum class JsonSlot : uint8_t {
  kNone,
  kTime,
  kNanos,  // nanoseconds to add to an epoch-second time
  kLevel,
  kLevelSyslog,  // number 0..7
  kLevelOtel,    // number 1..24
  kLevelPython,  // number 10..50
  kStatus,       // HTTP status: level if there is no other
  kMessage,
  kService,
  kServiceWeak,  // service unless it looks like a class or module
  kInstance,
  kError,
  kLogger,
  kCount
};

enum class JsonHint : uint8_t {
  kNone,
  kDocker,
  kStream,
  kJournald,
  kCloudWatch,
  kGcp,
  kMongodb,
  kKubernetes
};

// What to do with an object or array under the key.
enum class JsonNest : uint8_t {
  kSkip,
  kPrefix,      // keys inside are looked up as "key.inner"
  kInline,      // keys inside are looked up as if they stood outside
  kFirst,       // array: its first element, inline
  kAttributes,  // OTLP array of {key, value:{stringValue}}, or an object: inline
  kBytes,       // array of numbers: bytes of a text (journald)
};

struct JsonKey {
  std::string_view key;
  JsonSlot slot = JsonSlot::kNone;
  uint8_t rank = 0;  // of two values for one slot the lower rank wins, then the first
  JsonNest nest = JsonNest::kSkip;
  JsonHint hint = JsonHint::kNone;
};

// nullptr: a key that means nothing to us.
const JsonKey* FindJsonKey(std::string_view key);

}  // namespace culprit
