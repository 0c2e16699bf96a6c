// What one request asks for: its head judged, its body decoded, its answer worded. No network.
// Owned by a connection; one thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/live.h"
#include "engine/ingest/http/body.h"
#include "engine/ingest/http/http_config.h"
#include "engine/ingest/net/sender_streams.h"

namespace culprit {

// The headers that matter; views of the request's own.
struct HttpHead {
  std::string_view method, target, authorization, content_type, encoding, service, key;
};

struct HttpAnswer {
  int status = 200;
  std::string body;
  std::string content_type = "text/plain";
};

// True if the request may send.
bool Authorized(const HttpConfig& config, std::string_view authorization);

// What came, ready for the sink: one after the other, each of one stream.
struct HttpPart {
  StreamLook look;
  LiveBatch batch;
};
struct HttpUpload {
  std::vector<HttpPart> parts;
  std::string key;    // given by the sender: the same one again is the same request
  HttpAnswer answer;  // once it is committed
};

// The code says which answer is due: InvalidArgument 400, Unimplemented 415, ResourceExhausted 413,
// DataLoss 400. Cut into parts by the bytes alone, so that a request that comes again has the same.
absl::StatusOr<HttpUpload> ReadUpload(const HttpConfig& config, const HttpHead& head,
                                      std::string_view host, std::string body, TimeUs now);

HttpAnswer AnswerOf(const absl::Status& status);

}  // namespace culprit
