// The HTTP server of a running program: metrics, health, API, a page for people. Two threads of its
// own, so that a reload holds up nobody's look at it. Bounded: connections, taps, sizes, times.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/secret.h"
#include "engine/serve/backend.h"
#include "engine/serve/hooks.h"

namespace culprit {

struct HttpServerOptions {
  std::string listen = "127.0.0.1:9797";  // address:port; port 0: any free one
  Secret token;                           // required beyond loopback; see access.h
  HookOptions hooks;                      // what may come from PagerDuty and Slack
  int max_connections = 128;              // further ones are closed at once
  int max_taps = 8;                       // further ones are answered with 429
  int64_t request_timeout_ms = 20'000;    // for a request to come whole, or a new one to begin
  int64_t answer_timeout_ms = 60'000;     // for a piece of an answer to be taken
};

class HttpServer {
 public:
  // Listens and begins to answer. InvalidArgument: `listen` is no address and port, is in use, or
  // goes beyond loopback without a token.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(const HttpServerOptions& options,
                                                           ServeBackend backend);
  // Cuts all connections and waits for the threads; a reload under way is waited for.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const;

 private:
  class Impl;
  explicit HttpServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace culprit
