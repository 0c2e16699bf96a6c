#include "engine/cmd/remote.h"

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "engine/base/utf8.h"
#include "engine/base/views.h"

namespace culprit {
namespace {

constexpr size_t kAnswerBytes = size_t{64} << 20;
constexpr std::chrono::seconds kStall{20};  // a tap says something every five seconds

}  // namespace

absl::StatusOr<std::unique_ptr<Remote>> Remote::Make(const RemoteFlags& flags) {
  std::string token = flags.token;
  if (!flags.token_file.empty()) {
    std::ifstream in(flags.token_file, std::ios::binary);
    token.assign(std::istreambuf_iterator<char>(in), {});
    if (!in) return absl::InvalidArgumentError(absl::StrCat(flags.token_file, ": cannot be read"));
    token = std::string(absl::StripAsciiWhitespace(token));
  }
  std::string url = flags.url;
  while (!url.empty() && url.back() == '/') url.pop_back();
  return std::unique_ptr<Remote>(new Remote(std::move(url), Secret(std::move(token))));
}

HttpRequest Remote::Request(const std::string& path) const {
  HttpRequest request;
  request.url = url_ + path;
  request.max_response_bytes = kAnswerBytes;
  if (!token_.empty())
    request.secret_headers.emplace_back("Authorization", Secret("Bearer " + token_.Reveal()));
  // A proxy for the web does not reach this machine's own loopback.
  const std::string host = UrlHost(url_);
  request.environment_proxy =
      host.rfind("127.", 0) != 0 && host.rfind("localhost", 0) != 0 && host.rfind("[::1]", 0) != 0;
  return request;
}

absl::Status Remote::StatusOf(const HttpResponse& response) const {
  if (response.error != HttpError::kNone)
    return absl::UnavailableError(
        absl::StrCat(response.message, "; is culprit run up, and serving there? see --url"));
  if (response.status == 200) return absl::OkStatus();
  const nlohmann::json body = nlohmann::json::parse(response.body, nullptr, false);
  std::string message = absl::StrCat(UrlHost(url_), " answers ", response.status);
  if (body.is_object() && body.contains("error") && body["error"].is_object())
    message = absl::StrCat(message, ": ", body["error"].value("message", ""));
  message = ForTerminal(message);
  if (response.status == 401)
    return absl::PermissionDeniedError(
        absl::StrCat(UrlHost(url_), " wants a token: --token-file, or CULPRIT_TOKEN"));
  if (response.status == 404) return absl::NotFoundError(message);
  if (response.status == 400) return absl::InvalidArgumentError(message);
  if (response.status == 409) return absl::FailedPreconditionError(message);
  if (response.status == 504) return absl::DeadlineExceededError(message);
  return absl::UnknownError(message);
}

absl::StatusOr<nlohmann::ordered_json> Remote::Get(const std::string& path) {
  return Exchange(Request(path));
}

absl::StatusOr<nlohmann::ordered_json> Remote::Change(const std::string& method,
                                                      const std::string& path,
                                                      const nlohmann::ordered_json& body,
                                                      std::chrono::milliseconds timeout) {
  HttpRequest request = Request(path);
  request.method = method;
  request.headers = {{"Content-Type", "application/json"}};
  request.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  request.timeout = timeout;
  return Exchange(request);
}

absl::StatusOr<nlohmann::ordered_json> Remote::Exchange(const HttpRequest& request) {
  const HttpResponse response = client_.Send(request);
  if (absl::Status status = StatusOf(response); !status.ok()) return status;
  auto body = nlohmann::ordered_json::parse(response.body, nullptr, false);
  if (!body.is_object())
    return absl::UnknownError(absl::StrCat(UrlHost(url_), ": what answers there is no culprit"));
  return body;
}

absl::Status Remote::Stream(const std::string& path,
                            const std::function<bool(std::string_view)>& line) {
  std::string rest;
  HttpRequest request = Request(path);
  request.timeout = std::chrono::milliseconds(0);
  request.stall_timeout = kStall;
  request.on_data = [&](std::string_view piece) {
    rest += piece;
    size_t begin = 0;
    for (size_t end = 0; (end = rest.find('\n', begin)) != std::string::npos; begin = end + 1)
      if (!line(std::string_view(rest).substr(begin, end - begin))) return false;
    rest.erase(0, begin);
    return true;
  };
  const HttpResponse response = client_.Send(request);
  if (response.error == HttpError::kStopped) return absl::OkStatus();
  if (absl::Status status = StatusOf(response); !status.ok()) return status;
  return absl::UnavailableError(absl::StrCat(UrlHost(url_), ": the stream ended"));
}

std::string AuthorOf(const std::string& given) {
  for (const char* name : {"USER", "LOGNAME"}) {
    if (!given.empty()) break;
    const char* value = getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
    if (value != nullptr && *value != '\0') return value;
  }
  return given.empty() ? "somebody" : given;
}

int ReportRemote(const absl::Status& status) {
  if (status.ok()) return kExitFine;
  PrintError(std::string(status.message()));
  return absl::IsInvalidArgument(status) ? kExitUsage : kExitFinding;
}

std::string UrlEncode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '-' || c == '_' || c == '.' || c == '~')
      out += c;
    else
      out += absl::StrFormat("%%%02X", byte);
  }
  return out;
}

std::string ForTerminal(std::string_view text) {
  std::string out;
  for (const char c : ToValidUtf8(text, text.size())) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += absl::StrFormat("\\x%02x", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out;
}

}  // namespace culprit
