// What one request asks for: its head judged, its body decoded, its answer worded. No network.
// Owned by a connection; one thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/live.h"
#include "engine/ingest/http/answer.h"
#include "engine/ingest/http/body.h"
#include "engine/ingest/http/http_config.h"
#include "engine/ingest/net/sender_streams.h"

namespace culprit {

// True if the request may send.
bool Authorized(const HttpConfig& config, const HttpHead& head);

// What came, ready for the sink: one after the other, each of one stream.
struct HttpPart {
  StreamLook look;
  LiveBatch batch;
};
struct HttpUpload {
  std::vector<HttpPart> parts;
  std::string key;        // of the sender, or OTLP's bytes: the same again is the same request
  uint64_t rejected = 0;  // records that became dead letters
};

// The code says which answer is due: InvalidArgument 400, Unimplemented 415, ResourceExhausted 413,
// DataLoss 400, NotFound 404. Cut into parts by the bytes alone, so that a request that comes again
// has the same.
absl::StatusOr<HttpUpload> ReadUpload(const HttpConfig& config, const HttpHead& head,
                                      std::string_view host, std::string body, TimeUs now);

HttpAnswer AnswerOf(const absl::Status& status);

}  // namespace culprit
