// Asking a running culprit over its HTTP API: what the commands share that talk to one. One thread.
#pragma once
#include <chrono>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/cmd/commands.h"
#include "sinks/common/http_client.h"

namespace culprit {

class Remote {
 public:
  // Reads the token's file. InvalidArgument: it cannot be read.
  static absl::StatusOr<std::unique_ptr<Remote>> Make(const RemoteFlags& flags);

  // Unavailable: no culprit answers there; InvalidArgument: 400; NotFound: 404;
  // FailedPrecondition: 409; DeadlineExceeded: 504; PermissionDenied: the token; otherwise what the
  // server said. The message says what to do.
  absl::StatusOr<nlohmann::ordered_json> Get(const std::string& path);
  // "POST", "DELETE". The errors of Get.
  absl::StatusOr<nlohmann::ordered_json> Change(
      const std::string& method, const std::string& path, const nlohmann::ordered_json& body,
      std::chrono::milliseconds timeout = std::chrono::seconds(15));
  // Calls `line` with each line of an endless answer, until it returns false or the server ends it
  // (Unavailable).
  absl::Status Stream(const std::string& path, const std::function<bool(std::string_view)>& line);

 private:
  Remote(std::string url, Secret token) : url_(std::move(url)), token_(std::move(token)) {}
  HttpRequest Request(const std::string& path) const;
  absl::Status StatusOf(const HttpResponse& response) const;
  absl::StatusOr<nlohmann::ordered_json> Exchange(const HttpRequest& request);

  const std::string url_;
  const Secret token_;
  HttpClient client_;
};

// Of the author of an action: `given`, else who uses this shell.
std::string AuthorOf(const std::string& given);
// The exit code of what a Remote said; prints it.
int ReportRemote(const absl::Status& status);

// For a query's value.
std::string UrlEncode(std::string_view text);
// Log text for a terminal: control characters are escaped, what is no UTF-8 shows as U+FFFD.
std::string ForTerminal(std::string_view text);

}  // namespace culprit
