#include "engine/ingest/http/aws.h"

#include <simdjson.h>

#include <algorithm>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "engine/base/json_text.h"
#include "engine/base/status.h"
#include "engine/base/views.h"
#include "engine/ingest/envelope.h"

namespace culprit {
namespace {

namespace sj = simdjson::ondemand;

constexpr size_t kLetterBytes = 4096;
constexpr uint64_t kLettersPerRequest = 100;

bool IsLambdaEvent(std::string_view body) {
  constexpr std::string_view kStart = "{\"awslogs\"";
  body.remove_prefix(std::min(body.find_first_not_of(" \t\r\n"), body.size()));
  return body.starts_with(kStart);
}

// Of `text`, from base64 and gzip. InvalidArgument: it is not that.
absl::StatusOr<std::string> Unpacked(const HttpConfig& config, std::string_view text) {
  std::string data;
  if (!absl::Base64Unescape(ToAbsl(text), &data)) {
    return absl::InvalidArgumentError("data: no base64");
  }
  if (!data.starts_with("\x1f\x8b")) return data;
  return UnpackBody(config, "gzip", std::move(data));
}

absl::Status Wrong(simdjson::error_code error) {
  return absl::InvalidArgumentError(simdjson::error_message(error));
}

absl::Status CheckSize(std::string_view body) {
  if (body.size() <= kMaxJsonDocumentBytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("more than ", kMaxJsonDocumentBytes, " bytes of JSON"));
}

absl::Status ReadLambdaEvent(const HttpConfig& config, std::string_view body, HttpLines* lines) {
  CULPRIT_RETURN_IF_ERROR(CheckSize(body));
  const simdjson::padded_string padded(body);
  sj::parser parser;
  sj::document document;
  std::string_view data;
  simdjson::error_code error = parser.iterate(padded).get(document);
  if (!error) error = document["awslogs"]["data"].get_string().get(data);
  if (error) return Wrong(error);
  CULPRIT_ASSIGN_OR_RETURN(const std::string text, Unpacked(config, data));
  if (IsLambdaEvent(text) || !IsCloudWatch(text)) {
    return absl::InvalidArgumentError("awslogs.data: no records of CloudWatch");
  }
  return ReadCloudWatch(config, text, lines);
}

// Of one Firehose request.
class Records {
 public:
  Records(const HttpConfig& config, HttpLines* lines) : config_(config), lines_(lines) {}

  absl::Status Add(std::string_view packed) {
    absl::StatusOr<std::string> data = Unpacked(config_, packed);
    absl::Status status = data.status();
    if (data.ok()) status = AddData(*data);
    if (!status.ok() && ++lines_->rejected <= kLettersPerRequest) {
      lines_->dead_letters.push_back({.position = absl::StrCat("record ", index_),
                                      .reason = "undecodable_record",
                                      .detail = std::string(status.message()),
                                      .bytes = std::string(packed.substr(0, kLetterBytes))});
    }
    ++index_;
    if (lines_->bytes.size() <= config_.max_decompressed_bytes) return absl::OkStatus();
    return absl::ResourceExhaustedError("as lines more than max_decompressed_bytes");
  }

  // Behind the last one: of those without a letter of their own there is one for all.
  void Finish() {
    if (lines_->rejected <= kLettersPerRequest) return;
    lines_->dead_letters.push_back(
        {.position = absl::StrCat("up to record ", index_ - 1),
         .reason = "undecodable_record",
         .detail = absl::StrCat(lines_->rejected - kLettersPerRequest,
                                " more undecodable records in this request, not kept")});
  }

 private:
  absl::Status AddData(std::string_view data) {
    if (data.starts_with('{') || data.starts_with('[')) {
      HttpLines read;
      const bool envelope = IsCloudWatch(data);
      const absl::Status status =
          envelope ? ReadCloudWatch(config_, data, &read) : ReadJsonBody(config_, data, &read);
      if (status.ok()) {
        const auto base = static_cast<uint32_t>(lines_->bytes.size());
        for (const uint32_t begin : read.begins) lines_->begins.push_back(base + begin);
        lines_->bytes += read.bytes;
        lines_->counters.Add(read.counters);
      }
      // What only begins like JSON is text.
      if (status.ok() || envelope) return status;
    }
    while (data.ends_with('\n') || data.ends_with('\r')) data.remove_suffix(1);
    if (data.empty()) return absl::OkStatus();
    if (data.size() > config_.max_record_bytes) {
      data = data.substr(0, config_.max_record_bytes);
      lines_->counters.Count(Reason::kLineTruncated);
    }
    lines_->begins.push_back(static_cast<uint32_t>(lines_->bytes.size()));
    lines_->bytes += data;
    lines_->bytes += '\n';
    return absl::OkStatus();
  }

  const HttpConfig& config_;
  HttpLines* lines_;
  uint64_t index_ = 0;
};

}  // namespace

bool IsCloudWatch(std::string_view body) {
  const size_t first = body.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos || body[first] != '{') return false;
  return IsLambdaEvent(body) || LooksLikeEnvelope(body);
}

absl::Status ReadCloudWatch(const HttpConfig& config, std::string_view body, HttpLines* lines) {
  if (IsLambdaEvent(body)) return ReadLambdaEvent(config, body, lines);
  EnvelopeScanner scanner;
  std::string events;
  if (scanner.Feed(body, config.max_decompressed_bytes, &events) < body.size()) {
    return absl::ResourceExhaustedError("as lines more than max_decompressed_bytes");
  }
  scanner.Finish(&events);
  if (scanner.broken()) {
    return absl::InvalidArgumentError(
        absl::StrCat("CloudWatch's JSON is broken or cut off at byte ", scanner.broken_at()));
  }
  lines->counters.Count(Reason::kControlMessage, scanner.control_messages());
  return ReadJsonBody(config, events, lines);
}

absl::Status ReadFirehose(const HttpConfig& config, std::string_view body, HttpLines* lines) {
  CULPRIT_RETURN_IF_ERROR(CheckSize(body));
  const simdjson::padded_string padded(body);
  sj::parser parser;
  sj::document document;
  sj::array array;
  simdjson::error_code error = parser.iterate(padded).get(document);
  if (!error) error = document.find_field_unordered("records").get_array().get(array);
  if (error) return Wrong(error);
  Records records(config, lines);
  for (auto element : array) {
    std::string_view data;
    if ((error = element["data"].get_string().get(data))) return Wrong(error);
    CULPRIT_RETURN_IF_ERROR(records.Add(data));
  }
  records.Finish();
  return absl::OkStatus();
}

std::string FirehoseAnswer(std::string_view request_id, TimeUs now, std::string_view error) {
  std::string out = "{\"requestId\":";
  AppendJsonString(request_id, &out);
  absl::StrAppend(&out, ",\"timestamp\":", now / 1000);
  if (!error.empty()) {
    out += ",\"errorMessage\":";
    AppendJsonString(error, &out);
  }
  out += '}';
  return out;
}

}  // namespace culprit
