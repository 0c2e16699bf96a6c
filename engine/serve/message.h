// Requests and answers of the server, apart from the network. Plain values.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace culprit {

struct ServeRequest {
  std::string method;                        // "GET"
  std::string path;                          // decoded, without the query
  std::map<std::string, std::string> query;  // decoded; of equal names the last one
  std::string host;                          // as sent; may be empty
  std::string authorization;
  std::string origin;
  std::string fetch_site;  // Sec-Fetch-Site
  std::string content_type;
  std::string idempotency_key;      // Idempotency-Key
  std::string slack_signature;      // X-Slack-Signature
  std::string slack_timestamp;      // X-Slack-Request-Timestamp
  std::string pagerduty_signature;  // X-PagerDuty-Signature
  std::string body;

  // Empty: not there.
  std::string Query(const std::string& name) const;
};

struct ServeResponse {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool tap = false;  // the body is the stream of a tap, which begins now
  // Done when the answer is on its way, for who cannot wait for it. May take its time.
  std::function<void()> after;
};

// Splits and decodes a request's target. False: not to be understood.
bool ParseTarget(std::string_view target, ServeRequest* request);

// a=1&b=2+3 as a browser writes a form, decoded. False: not to be understood.
bool ParseForm(std::string_view text, std::map<std::string, std::string>* form);

// {"error": {"code": ..., "message": ...}}. `code`: snake_case, stable.
ServeResponse ErrorResponse(int status, std::string_view code, std::string_view message);
// What the backend says: InvalidArgument 400, NotFound 404, FailedPrecondition 409,
// DeadlineExceeded 504, else 503.
ServeResponse ErrorOf(const absl::Status& status);

}  // namespace culprit
