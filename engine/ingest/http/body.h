// A request's body on its way to lines: unpacked, told what it is, cut into records. Pure; any
// thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/counters.h"
#include "engine/core/live.h"
#include "engine/ingest/http/http_config.h"

namespace culprit {

// Of what is read as one JSON document: simdjson's index takes four bytes for each byte of it.
inline constexpr size_t kMaxJsonDocumentBytes = 32 << 20;

// Of one stream: lines, as they go into batches.
struct HttpLines {
  std::string service;                   // that the records belong to; empty: they say themselves
  bool text = false;                     // plain lines, a byte stream; else one record each
  std::string bytes;                     // lines, each with its newline
  std::vector<uint32_t> begins;          // where each begins in `bytes`
  Counters counters;                     // what was cut or left out
  std::vector<DeadLetter> dead_letters;  // of records that cannot be used; without their stream
  uint64_t rejected = 0;                 // records that cannot be used; not all need a letter
};

// `encoding`: Content-Encoding. Unimplemented: not known. ResourceExhausted: unpacks to too much.
// DataLoss: damaged. Without an encoding the body itself.
absl::StatusOr<std::string> UnpackBody(const HttpConfig& config, std::string_view encoding,
                                       std::string body);

enum class BodyKind : uint8_t { kJson, kText, kUnknown, kProtobuf };
BodyKind KindOfBody(std::string_view content_type);

// JSON documents one behind the other, with or without newlines between, or in arrays; objects, or
// strings, which are messages themselves. One line each, as it was sent, without blanks between
// tokens. InvalidArgument: "record 17: what is wrong", counted from 0; nothing of it is to be used.
absl::Status ReadJsonBody(const HttpConfig& config, std::string_view body, HttpLines* lines);

// Lines as they are; a last one without newline gets one.
void ReadTextBody(const HttpConfig& config, std::string_view body, HttpLines* lines);

// By content type; JSON may be CloudWatch's (aws.h). What says nothing of itself is JSON if it can
// be read as such.
absl::Status ReadBody(const HttpConfig& config, BodyKind kind, std::string_view body,
                      HttpLines* lines);

}  // namespace culprit
