// Requests and answers of the server, apart from the network. Plain values.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace culprit {

struct ServeRequest {
  std::string method;                        // "GET"
  std::string path;                          // decoded, without the query
  std::map<std::string, std::string> query;  // decoded; of equal names the last one
  std::string host;                          // as sent; may be empty
  std::string authorization;
  std::string origin;
  std::string fetch_site;  // Sec-Fetch-Site

  // Empty: not there.
  std::string Query(const std::string& name) const;
};

struct ServeResponse {
  int status = 200;
  std::string type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  bool tap = false;  // the body is the stream of a tap, which begins now
};

// Splits and decodes a request's target. False: not to be understood.
bool ParseTarget(std::string_view target, ServeRequest* request);

// {"error": {"code": ..., "message": ...}}. `code`: snake_case, stable.
ServeResponse ErrorResponse(int status, std::string_view code, std::string_view message);

}  // namespace culprit
