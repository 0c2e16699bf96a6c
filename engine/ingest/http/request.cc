#include "engine/ingest/http/request.h"

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "engine/base/digest.h"
#include "engine/base/status.h"
#include "engine/base/utf8.h"
#include "engine/base/views.h"
#include "engine/ingest/http/aws.h"
#include "engine/ingest/http/otlp.h"

namespace culprit {
namespace {

constexpr size_t kPartBytes = 256 * 1024;  // where a part ends, unless its one record is longer
constexpr size_t kMaxNameBytes = 512;

// "%2F" and "+" of a query's value.
std::string Unescaped(std::string_view text) {
  std::string out;
  const auto digit = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
  };
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 &&
        digit(text[i + 2]) >= 0) {
      out.push_back(static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2])));
      i += 2;
    } else {
      out.push_back(text[i] == '+' ? ' ' : text[i]);
    }
  }
  return out;
}

std::string QueryValue(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    const size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) {
      return Unescaped(pair.substr(equals + 1));
    }
  }
  return "";
}

void AppendParts(const HttpConfig& config, HttpLines lines, std::string_view host,
                 std::string_view path, TimeUs now, std::vector<HttpPart>* parts) {
  StreamLook look;
  look.path = lines.service.empty() ? std::string(path) : lines.service;
  look.name = absl::StrCat(ToAbsl(host), " /", ToAbsl(path), lines.text ? " text" : "");
  look.display = absl::StrCat(config.name, ":/", ToAbsl(path), "@", ToAbsl(host));
  if (!lines.service.empty()) {
    absl::StrAppend(&look.name, " ", lines.service);
    absl::StrAppend(&look.display, " ", lines.service);
  }
  std::vector<DeadLetter> letters = std::move(lines.dead_letters);
  for (DeadLetter& letter : letters) {
    letter.source = config.name;
    letter.stream = look.display;
  }
  for (size_t i = 0; i < lines.begins.size() || !letters.empty();) {
    HttpPart& part = parts->emplace_back();
    part.batch.dead_letters = std::exchange(letters, {});
    part.batch.counters = std::exchange(lines.counters, {});
    if (i == lines.begins.size()) {
      part.look = look;
      break;
    }
    const size_t begin = lines.begins[i];
    part.look = look;
    if (!lines.service.empty() && !lines.text) part.batch.services.push_back(lines.service);
    size_t end = begin;
    for (const size_t first = i; i < lines.begins.size(); ++i) {
      const size_t next = i + 1 < lines.begins.size() ? lines.begins[i + 1] : lines.bytes.size();
      if (i > first && next - begin > kPartBytes) break;
      if (!lines.text) {
        part.batch.messages.push_back({.begin = static_cast<uint32_t>(lines.begins[i] - begin),
                                       .service = static_cast<uint32_t>(part.batch.services.size()),
                                       .time = now});
      }
      end = next;
    }
    part.batch.bytes.reserve(end - begin + kLiveBatchPadding);
    part.batch.bytes.assign(lines.bytes, begin, end - begin);
  }
}

// OpenTelemetry's other signals would look like one record of JSON.
absl::Status CheckPath(std::string_view path) {
  for (const std::string_view other : {"v1/traces", "v1/metrics", "v1development/profiles"}) {
    if (path.ends_with(other))
      return absl::NotFoundError("of OpenTelemetry only /v1/logs is taken");
  }
  return absl::OkStatus();
}

std::string KeyOfBytes(std::string_view host, std::string_view bytes) {
  return absl::StrCat("otlp ", ToAbsl(host), " ", Sha256Hex({bytes}));
}

}  // namespace

bool Authorized(const HttpConfig& config, const HttpHead& head) {
  const bool basic = !config.username.empty();
  if (config.token.empty() && !basic) return true;
  if (!head.firehose_key.empty()) {
    return !config.token.empty() && config.token.Matches(head.firehose_key);
  }
  const std::string_view authorization = head.authorization;
  const size_t space = std::min(authorization.find(' '), authorization.size());
  const std::string_view scheme = authorization.substr(0, space);
  std::string_view value = authorization.substr(space);
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  if (absl::EqualsIgnoreCase(ToAbsl(scheme), "bearer")) {
    return !config.token.empty() && config.token.Matches(value);
  }
  std::string decoded;
  if (!basic || !absl::EqualsIgnoreCase(ToAbsl(scheme), "basic") ||
      !absl::Base64Unescape(ToAbsl(value), &decoded)) {
    return false;
  }
  const size_t colon = decoded.find(':');
  if (colon == std::string::npos) return false;
  // Both are compared, whatever the first says.
  const bool name = Secret(config.username).Matches(std::string_view(decoded).substr(0, colon));
  const bool password = config.password.Matches(std::string_view(decoded).substr(colon + 1));
  return name && password;
}

absl::StatusOr<HttpUpload> ReadUpload(const HttpConfig& config, const HttpHead& head,
                                      std::string_view host, std::string body, TimeUs now) {
  HttpUpload upload;
  CULPRIT_ASSIGN_OR_RETURN(body, UnpackBody(config, head.encoding, std::move(body)));
  upload.key = std::string(head.key.substr(0, kMaxNameBytes));
  std::string service(head.service);
  if (service.empty()) service = QueryValue(QueryOf(head.target), "service");
  service = ToValidUtf8(service, kMaxNameBytes);
  const std::string path = ToValidUtf8(PathOf(head.target), kMaxNameBytes);
  const BodyKind kind = KindOfBody(head.content_type);
  const HttpProtocol protocol = ProtocolOf(head);
  if (protocol == HttpProtocol::kRecords || protocol == HttpProtocol::kFirehose) {
    CULPRIT_RETURN_IF_ERROR(CheckPath(path));
    HttpLines lines;
    lines.service = std::move(service);
    std::string sender;
    if (protocol == HttpProtocol::kRecords) {
      CULPRIT_RETURN_IF_ERROR(ReadBody(config, kind, body, &lines));
    } else {
      CULPRIT_RETURN_IF_ERROR(ReadFirehose(config, body, &lines));
      upload.rejected = lines.rejected;
      if (upload.key.empty()) {
        upload.key = absl::StrCat("firehose ", ToAbsl(head.firehose_id.substr(0, kMaxNameBytes)));
      }
      // Its addresses change; the name of the delivery stream does not.
      sender =
          ToValidUtf8(head.firehose_arn.substr(head.firehose_arn.rfind('/') + 1), kMaxNameBytes);
      if (!sender.empty()) host = sender;
    }
    AppendParts(config, std::move(lines), host, path, now, &upload.parts);
    return upload;
  }
  if (kind != BodyKind::kJson && kind != BodyKind::kProtobuf) {
    return absl::UnimplementedError(
        "Content-Type: expected application/x-protobuf or application/json");
  }
  CULPRIT_ASSIGN_OR_RETURN(OtlpLogs logs, ReadOtlp(config, kind == BodyKind::kJson, body, service));
  // OTLP has no name for a request, but what is sent again is the same to the byte.
  if (upload.key.empty() && logs.timed) upload.key = KeyOfBytes(host, body);
  upload.rejected = logs.rejected;
  for (HttpLines& lines : logs.services) {
    AppendParts(config, std::move(lines), host, path, now, &upload.parts);
  }
  return upload;
}

HttpAnswer AnswerOf(const absl::Status& status) {
  int code = 400;
  if (absl::IsUnimplemented(status)) code = 415;
  if (absl::IsResourceExhausted(status)) code = 413;
  if (absl::IsNotFound(status)) code = 404;
  return {.status = code, .body = std::string(status.message())};
}

}  // namespace culprit
