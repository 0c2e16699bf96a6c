// What a request's head says, and answers in the words that its sender expects. Pure; any thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/core/time.h"

namespace culprit {

// The headers that matter; views of the request's own.
struct HttpHead {
  std::string_view method, target, authorization, content_type, encoding, service, key;
  std::string_view firehose_id, firehose_key, firehose_arn;  // X-Amz-Firehose-*; else empty
};

// The target without its query, and the query.
std::string_view PathOf(std::string_view target);
std::string_view QueryOf(std::string_view target);

enum class HttpProtocol : uint8_t { kRecords, kOtlpProtobuf, kOtlpJson, kFirehose };
// Firehose: what has its id. OTLP: anything sent to a path that ends as its standard says.
HttpProtocol ProtocolOf(const HttpHead& head);

struct HttpAnswer {
  int status = 200;
  std::string body;  // what is wrong, for people
  std::string content_type = "text/plain";
};
// `answer` as the sender of `head` expects it. `rejected`: records of a request that was taken.
// `now`: wall clock.
HttpAnswer InItsWords(const HttpHead& head, HttpAnswer answer, uint64_t rejected, TimeUs now);

}  // namespace culprit
