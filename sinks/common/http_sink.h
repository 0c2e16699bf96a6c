// What every sink that speaks HTTP has: its client, its limits, and what must not be told.
#pragma once
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/time.h"
#include "sinks/common/http_client.h"
#include "sinks/common/outcome.h"

namespace culprit {

struct HttpSinkOptions {
  DurationUs timeout = 10 * kSecondUs;  // of one exchange
  HttpTls tls;
  bool environment_proxy = true;  // http_proxy, https_proxy, no_proxy
};

// One thread at a time.
class HttpSender {
 public:
  explicit HttpSender(HttpSinkOptions options) : options_(std::move(options)) {
    filter.Add(options_.tls.key_password);
  }

  HttpResponse Send(HttpRequest request) {
    request.timeout = std::chrono::milliseconds(options_.timeout / 1000);
    request.connect_timeout = std::min(request.connect_timeout, request.timeout);
    request.tls = options_.tls;
    request.fresh_connection = true;
    request.environment_proxy = options_.environment_proxy;
    return client_.Send(request);
  }
  HttpResponse PostJson(const std::string& url, std::string body,
                        std::vector<std::pair<std::string, Secret>> secret_headers = {}) {
    return Send({.method = "POST",
                 .url = url,
                 .headers = {{"Content-Type", "application/json; charset=utf-8"}},
                 .secret_headers = std::move(secret_headers),
                 .body = std::move(body)});
  }
  DeliveryResult Outcome(const HttpResponse& response) const { return OutcomeOf(response, filter); }

  SecretFilter filter;

 private:
  HttpSinkOptions options_;
  HttpClient client_;
};

}  // namespace culprit
