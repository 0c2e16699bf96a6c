// OTLP/HTTP: a request's log records as lines. Protobuf and JSON. Pure; any
// thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/ingest/http/body.h"
#include "engine/ingest/http/http_config.h"

namespace culprit {

struct OtlpLogs {
  std::vector<HttpLines> services;  // one each, up to a bound; records in the request's order
  uint64_t rejected = 0;            // longer than max_record_bytes: dead letters
  bool timed = true;                // every record says when it was
};

// `json`: else protobuf. `service`: of records whose resource names none.
// InvalidArgument: nothing of it is to be used; of a record "record 17: what is wrong", from 0.
// ResourceExhausted: more than max_decompressed_bytes as lines, or too much JSON.
absl::StatusOr<OtlpLogs> ReadOtlp(const HttpConfig& config, bool json, std::string_view body,
                                  std::string_view service);

}  // namespace culprit
