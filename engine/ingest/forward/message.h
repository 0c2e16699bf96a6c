// One forward message as it came over the wire: its kind, tag, entries and option, as views.
// Pure; any thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/ingest/net/json_scanner.h"

namespace culprit {

enum class Compression : uint8_t { kNone, kGzip, kZstd };

struct ForwardMessage {
  std::string_view tag;
  // Entries one behind the other, each [time, record]; of a single message time and record alone.
  std::string_view entries;
  bool single = false;
  Compression compression = Compression::kNone;
  std::string_view chunk;  // id to be acknowledged; empty: none asked for
  bool logs = true;        // false: metrics or traces of a Fluent Bit
};

inline constexpr size_t kMaxTagBytes = 512;
inline constexpr size_t kMaxChunkIdBytes = 256;

// `bytes`: one whole MessagePack value. InvalidArgument: no forward message; says what was
// expected.
absl::StatusOr<ForwardMessage> ParseForwardMessage(std::string_view bytes);

struct EntryTime {
  // kNone: zero or nil, "now" by the protocol. kMarker: begins or ends a group of Fluent Bit.
  enum class Kind : uint8_t { kNone, kSeconds, kNanos, kMarker };
  Kind kind = Kind::kNone;
  int64_t seconds = 0;  // since 1970, 0 to the year 9999
  uint32_t nanos = 0;
};

class MsgpackCursor;
// An EventTime, an integer (seconds; ms, us, ns if it is too large for that), a float, nil, or
// [time, meta]. False: none of these, or beyond the year 9999.
bool ReadEntryTime(MsgpackCursor& cursor, EntryTime* time);

// JSON mode: one JSON document as MessagePack. `text` must not nest deeper than the scanner allows.
absl::StatusOr<std::string> MsgpackOfJson(std::string_view text);

}  // namespace culprit
