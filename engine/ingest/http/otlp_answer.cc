#include "engine/ingest/http/otlp_answer.h"

#include <google/protobuf/util/json_util.h>

#include "absl/status/status.h"
#include "engine/ingest/http/otlp_record.pb.h"

namespace culprit {
namespace {

namespace pb = google::protobuf;

std::string Encoded(bool json, const pb::Message& message) {
  std::string out;
  if (!json) {
    message.SerializeToString(&out);
  } else if (!pb::util::MessageToJsonString(message, &out).ok()) {
    out = "{}";
  }
  return out;
}

}  // namespace

std::string OtlpTaken(bool json, uint64_t rejected) {
  otlp::ExportLogsServiceResponse response;
  if (rejected > 0) {
    otlp::ExportLogsPartialSuccess& partial = *response.mutable_partial_success();
    partial.set_rejected_log_records(static_cast<int64_t>(rejected));
    partial.set_error_message("longer than max_record_bytes; kept as dead letters");
  }
  return Encoded(json, response);
}

std::string OtlpRefused(bool json, int http_status, std::string_view message) {
  // Numbers of google.rpc.Code.
  const auto code = [&] {
    switch (http_status) {
      case 401:
        return absl::StatusCode::kUnauthenticated;
      case 404:
      case 405:
      case 415:
        return absl::StatusCode::kUnimplemented;
      case 413:
        return absl::StatusCode::kResourceExhausted;
      case 503:
        return absl::StatusCode::kUnavailable;
      default:
        return absl::StatusCode::kInvalidArgument;
    }
  };
  otlp::Status status;
  status.set_code(static_cast<int>(code()));
  status.set_message(std::string(message));
  return Encoded(json, status);
}

}  // namespace culprit
