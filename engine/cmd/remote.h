// Asking a running culprit over its HTTP API: what tap, top and incidents share. One thread.
#pragma once
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

  // Unavailable: no culprit answers there; NotFound: 404; PermissionDenied: the token; otherwise
  // what the server said. The message says what to do.
  absl::StatusOr<nlohmann::ordered_json> Get(const std::string& path);
  // Calls `line` with each line of an endless answer, until it returns false or the server ends it
  // (Unavailable).
  absl::Status Stream(const std::string& path, const std::function<bool(std::string_view)>& line);

 private:
  Remote(std::string url, Secret token) : url_(std::move(url)), token_(std::move(token)) {}
  HttpRequest Request(const std::string& path) const;
  absl::Status StatusOf(const HttpResponse& response) const;

  const std::string url_;
  const Secret token_;
  HttpClient client_;
};

// For a query's value.
std::string UrlEncode(std::string_view text);
// Log text for a terminal: control characters are escaped, what is no UTF-8 shows as U+FFFD.
std::string ForTerminal(std::string_view text);

}  // namespace culprit
