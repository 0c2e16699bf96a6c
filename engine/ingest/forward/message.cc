#include "engine/ingest/forward/message.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "engine/base/views.h"
#include "engine/ingest/forward/json_lines.h"
#include "engine/ingest/forward/msgpack_reader.h"

namespace culprit {
namespace {

constexpr int64_t kYear9999 = 253'402'300'799;
constexpr int8_t kEventTime = 0;
constexpr int8_t kTimestamp = -1;
// Fluent Bit writes -2 and -1 for the ends of a group.
constexpr uint64_t kFirstMarker = 0xfffffffe;

absl::Status Bad(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat(
      "no forward message: ", ToAbsl(what),
      "; expected [tag, time, record], [tag, [[time, record], ...]] or [tag, packed entries]"));
}

uint64_t BigEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

absl::Status ReadOption(MsgpackCursor& cursor, ForwardMessage* message) {
  if (cursor.ReadNil()) return absl::OkStatus();
  uint64_t pairs = 0;
  if (!cursor.ReadMap(&pairs)) return Bad("the option is no map");
  for (uint64_t i = 0; i < pairs; ++i) {
    std::string_view key, text, ignored;
    MsgpackHead head;
    if (!cursor.Peek(&head)) return Bad("the option is cut");
    const bool named = head.type == MsgpackType::kStr || head.type == MsgpackType::kBin;
    if (!(named ? cursor.ReadText(&key) : cursor.ReadValue(&ignored))) {
      return Bad("the option is cut");
    }
    MsgpackCursor value = cursor;
    if (!cursor.ReadValue(&ignored)) return Bad("the option is cut");
    if (key == "chunk") {
      if (value.ReadNil()) continue;
      if (!value.ReadText(&text)) return Bad("option.chunk is no string");
      if (text.size() > kMaxChunkIdBytes) return Bad("option.chunk is longer than 256 bytes");
      message->chunk = text;
    } else if (key == "compressed") {
      if (!value.ReadText(&text)) return Bad("option.compressed is no string");
      if (text == "gzip") {
        message->compression = Compression::kGzip;
      } else if (text == "zstd") {
        message->compression = Compression::kZstd;
      } else if (text != "text") {
        return Bad("option.compressed is neither gzip nor zstd");
      }
    } else if (key == "fluent_signal") {
      int64_t signal = 0;
      message->logs = !value.ReadInteger(&signal) || signal == 0;
    }
  }
  return absl::OkStatus();
}

EntryTime FromNanos(EntryTime::Kind kind, int64_t seconds, int64_t nanos) {
  return {.kind = seconds == 0 && nanos == 0 ? EntryTime::Kind::kNone : kind,
          .seconds = seconds,
          .nanos = static_cast<uint32_t>(nanos)};
}

bool FromInteger(int64_t value, EntryTime* time) {
  if (value < 0) return false;
  int64_t unit = 1;  // per second
  while (value / unit > kYear9999 / 2 && unit < 1'000'000'000) unit *= 1000;
  const auto kind = unit == 1 ? EntryTime::Kind::kSeconds : EntryTime::Kind::kNanos;
  *time = FromNanos(kind, value / unit, value % unit * (1'000'000'000 / unit));
  return time->seconds <= kYear9999;
}

bool FromExt(int8_t type, std::string_view payload, EntryTime* time) {
  uint64_t seconds = 0, nanos = 0;
  if (type == kEventTime && payload.size() == 8) {
    seconds = BigEndian(payload.substr(0, 4));
    nanos = BigEndian(payload.substr(4));
    if (seconds >= kFirstMarker) {
      time->kind = EntryTime::Kind::kMarker;
      return true;
    }
  } else if (type == kTimestamp && payload.size() == 4) {
    seconds = BigEndian(payload);
  } else if (type == kTimestamp && payload.size() == 8) {
    nanos = BigEndian(payload) >> 34;
    seconds = BigEndian(payload) & 0x3ffffffffULL;
  } else if (type == kTimestamp && payload.size() == 12) {
    nanos = BigEndian(payload.substr(0, 4));
    seconds = BigEndian(payload.substr(4));
  } else {
    return false;
  }
  if (seconds > kYear9999 || nanos >= 1'000'000'000) return false;
  *time = FromNanos(EntryTime::Kind::kNanos, static_cast<int64_t>(seconds),
                    static_cast<int64_t>(nanos));
  return true;
}

}  // namespace

absl::StatusOr<ForwardMessage> ParseForwardMessage(std::string_view bytes) {
  MsgpackCursor cursor(bytes);
  ForwardMessage message;
  uint64_t values = 0;
  if (!cursor.ReadArray(&values)) return Bad("it is no array");
  if (values < 2 || values > 4) return Bad(absl::StrCat("an array of ", values));
  if (!cursor.ReadText(&message.tag)) return Bad("the tag is no string");
  if (message.tag.size() > kMaxTagBytes) return Bad("the tag is longer than 512 bytes");
  uint64_t read = 2;
  MsgpackHead head;
  if (!cursor.Peek(&head)) return Bad("it is cut");
  if (head.type == MsgpackType::kStr || head.type == MsgpackType::kBin) {
    if (!cursor.ReadText(&message.entries)) return Bad("the entries are cut");
  } else if (head.type == MsgpackType::kArray && values < 4 &&
             !(values == 3 && head.values == 2 && [&] {
               // [tag, [time, meta], record]: a single message with the time of newer Fluent Bits.
               MsgpackCursor inside = cursor;
               uint64_t ignored = 0;
               MsgpackHead first;
               return inside.ReadArray(&ignored) && inside.Peek(&first) &&
                      first.type != MsgpackType::kArray;
             }())) {
    std::string_view array;
    if (!cursor.ReadValue(&array)) return Bad("the entries are cut");
    message.entries = array.substr(head.head_bytes);
  } else {
    std::string_view time, record;
    if (values < 3 || !cursor.ReadValue(&time) || !cursor.ReadValue(&record)) {
      return Bad("time without record");
    }
    message.single = true;
    message.entries = {time.data(), time.size() + record.size()};
    read = 3;
  }
  if (read < values) {
    if (absl::Status status = ReadOption(cursor, &message); !status.ok()) return status;
  }
  if (message.single) message.compression = Compression::kNone;
  return message;
}

bool ReadEntryTime(MsgpackCursor& cursor, EntryTime* time) {
  MsgpackHead head;
  if (!cursor.Peek(&head)) return false;
  switch (head.type) {
    case MsgpackType::kNil:
      return cursor.ReadNil();
    case MsgpackType::kUint:
    case MsgpackType::kInt: {
      int64_t value = 0;
      return cursor.ReadInteger(&value) && FromInteger(value, time);
    }
    case MsgpackType::kFloat: {
      double value = 0;
      if (!cursor.ReadFloat(&value) || !(value >= 0 && value <= static_cast<double>(kYear9999))) {
        return false;
      }
      const double seconds = std::floor(value);
      const auto nanos = static_cast<int64_t>((value - seconds) * 1e9);
      *time = FromNanos(EntryTime::Kind::kNanos, static_cast<int64_t>(seconds), nanos);
      return true;
    }
    case MsgpackType::kExt: {
      int8_t type = 0;
      std::string_view payload;
      return cursor.ReadExt(&type, &payload) && FromExt(type, payload, time);
    }
    case MsgpackType::kArray: {
      uint64_t values = 0;
      std::string_view meta;
      if (!cursor.ReadArray(&values) || values != 2 || !cursor.Peek(&head) ||
          head.type == MsgpackType::kArray || !ReadEntryTime(cursor, time)) {
        return false;
      }
      return cursor.ReadValue(&meta);
    }
    default:
      return false;
  }
}

absl::StatusOr<std::string> MsgpackOfJson(std::string_view text) {
  const nlohmann::json document = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (document.is_discarded()) return Bad("it is no JSON");
  std::string out;
  nlohmann::json::to_msgpack(document, nlohmann::detail::output_adapter<char>(out));
  return out;
}

}  // namespace culprit
