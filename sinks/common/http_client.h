// One HTTP exchange after the other, over libcurl. Connections are kept between them. Redirects are
// not followed: a destination that moved is a mistake in the configuration, and a secret header
// must not travel on. One thread at a time per client.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/secret.h"

namespace culprit {

// Why there is no answer. kNone: there is one, whatever its status.
enum class HttpError : uint8_t {
  kNone,
  kBadUrl,       // not http:// or https://, or not a URL
  kDns,          // no address for the name
  kRefused,      // nobody listens there
  kUnreachable,  // no route, network down
  kTimeout,
  kTls,          // protocol, handshake or our own key
  kCertificate,  // the server's is not trusted, or for another host
  kExpired,      // the server's certificate is no longer, or not yet, valid
  kCut,          // the connection ended before the answer did
  kTooLarge,     // more than max_response_bytes
  kStopped,      // on_data asked for it
  kOther,
};
// snake_case, stable: metrics label.
std::string_view HttpErrorName(HttpError error);

struct HttpTls {
  std::string ca_file;    // PEM; instead of the system's authorities
  std::string cert_file;  // PEM; of the client (mutual TLS)
  std::string key_file;   // PEM
  Secret key_password;
  bool verify = true;  // false: any certificate will do; for trials only
};

struct HttpRequest {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::pair<std::string, Secret>> secret_headers;
  std::string body;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{15'000};    // of it all; 0: none
  std::chrono::seconds stall_timeout{0};        // nothing came for so long; 0: none
  size_t max_response_bytes = size_t{1} << 20;  // without on_data
  // A connection of its own: on one that was kept, libcurl sends the request a second time when it
  // is reset before an answer, and a message would appear twice.
  bool fresh_connection = false;
  bool environment_proxy = true;  // http_proxy, https_proxy, no_proxy
  HttpTls tls;
  // Called with each piece of a body whose status is 200, instead of keeping it; false ends the
  // exchange with kStopped. Must not throw.
  std::function<bool(std::string_view)> on_data;
};

struct HttpResponse {
  HttpError error = HttpError::kNone;
  std::string message;  // of an error: "host:port: what"; no secret in it
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  std::chrono::microseconds took{0};

  // The first one; empty: none. `name` in lower case.
  std::string_view Header(std::string_view name) const;
};

class HttpClient {
 public:
  HttpClient();
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  HttpResponse Send(const HttpRequest& request);

 private:
  struct Handle;
  std::unique_ptr<Handle> handle_;
};

// "http://127.0.0.1:9797/a" -> "127.0.0.1:9797"; empty: no URL. Neither user nor path.
std::string UrlHost(std::string_view url);

}  // namespace culprit
