#include "engine/serve/access.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace culprit {
namespace {

constexpr size_t kUserBytes = 200;

// Scheme in lower case, and what stands behind it.
std::pair<std::string, std::string> Credentials(const ServeRequest& request) {
  const std::string& text = request.authorization;
  const size_t space = text.find(' ');
  if (space == std::string::npos) return {};
  return {absl::AsciiStrToLower(text.substr(0, space)),
          std::string(absl::StripAsciiWhitespace(text.substr(space + 1)))};
}

// "user:password"; empty: not to be read.
std::string BasicPair(const std::string& value) {
  std::string pair;
  return absl::Base64Unescape(value, &pair) ? pair : "";
}

}  // namespace

bool IsAddressOrLocalhost(std::string_view host) {
  std::string name;
  if (!host.empty() && host.front() == '[') {
    const size_t end = host.find(']');
    if (end == std::string_view::npos) return false;
    name = host.substr(1, end - 1);
  } else {
    name = host.substr(0, host.find(':'));
  }
  if (absl::AsciiStrToLower(name) == "localhost") return true;
  boost::system::error_code error;
  boost::asio::ip::make_address(name, error);
  return !error;
}

bool Access::HasToken(const ServeRequest& request) const {
  const auto [scheme, value] = Credentials(request);
  if (scheme == "bearer") return token_.Matches(value);
  if (scheme != "basic") return false;
  const std::string pair = BasicPair(value);
  const size_t colon = pair.find(':');
  return colon != std::string::npos && token_.Matches(std::string_view(pair).substr(colon + 1));
}

std::string UserOf(const ServeRequest& request) {
  const auto [scheme, value] = Credentials(request);
  if (scheme != "basic") return "";
  const std::string pair = BasicPair(value);
  return pair.substr(0, std::min(pair.find(':'), kUserBytes));
}

std::optional<ServeResponse> Access::Check(const ServeRequest& request) const {
  if (token_.empty() && !IsAddressOrLocalhost(request.host))
    return ErrorResponse(421, "unknown_host",
                         absl::StrCat("'", request.host,
                                      "' is neither an address nor localhost; ask 127.0.0.1, or "
                                      "set serve.token to be reached under a name"));
  if (!token_.empty() && !HasToken(request)) {
    ServeResponse out = ErrorResponse(
        401, "unauthorized",
        "send the token of serve.token: Authorization: Bearer TOKEN (or as Basic's password)");
    out.headers.emplace_back("WWW-Authenticate",
                             R"(Basic realm="culprit, password: the token", charset="UTF-8")");
    return out;
  }
  if (request.method == "GET" || request.method == "HEAD") return std::nullopt;
  const bool foreign =
      (!request.fetch_site.empty() && request.fetch_site != "same-origin" &&
       request.fetch_site != "none") ||
      (!request.origin.empty() && request.origin != absl::StrCat("http://", request.host) &&
       request.origin != absl::StrCat("https://", request.host));
  if (foreign)
    return ErrorResponse(403, "foreign_origin", "a page of another origin may not change anything");
  return std::nullopt;
}

}  // namespace culprit
