#include "sinks/common/http_client.h"

#include <curl/curl.h>
#include <string.h>  // NOLINT(modernize-deprecated-headers): explicit_bzero

#include <array>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "engine/base/views.h"
#include "sinks/common/curl_errors.h"

namespace culprit {
namespace {

constexpr size_t kMaxHeaders = 256;
struct Exchange {
  const HttpRequest* request = nullptr;
  HttpResponse response;
  CURL* curl = nullptr;
  bool too_large = false;
  bool stopped = false;
};

size_t OnBody(char* data, size_t, size_t size, void* user) noexcept {
  Exchange& exchange = *static_cast<Exchange*>(user);
  const std::string_view piece(data, size);
  if (exchange.request->on_data) {
    long status = 0;
    curl_easy_getinfo(exchange.curl, CURLINFO_RESPONSE_CODE, &status);
    if (status == 200) {
      exchange.stopped = !exchange.request->on_data(piece);
      return exchange.stopped ? 0 : size;
    }
  }
  exchange.too_large = exchange.response.body.size() + size > exchange.request->max_response_bytes;
  if (exchange.too_large) return 0;
  exchange.response.body.append(piece);
  return size;
}

size_t OnHeader(char* data, size_t, size_t size, void* user) noexcept {
  Exchange& exchange = *static_cast<Exchange*>(user);
  const std::string_view line(data, size);
  auto& headers = exchange.response.headers;
  if (line.substr(0, 5) == "HTTP/") headers.clear();  // of an interim answer
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos || headers.size() >= kMaxHeaders) return size;
  headers.emplace_back(absl::AsciiStrToLower(ToAbsl(line.substr(0, colon))),
                       absl::StripAsciiWhitespace(ToAbsl(line.substr(colon + 1))));
  return size;
}

// Header lines as curl wants them; wiped, since they may hold secrets.
class HeaderList {
 public:
  ~HeaderList() {
    for (curl_slist* item = list_; item != nullptr; item = item->next)
      explicit_bzero(item->data, strlen(item->data));
    curl_slist_free_all(list_);
  }
  // False: it would end the header and begin another one.
  bool Add(const std::string& name, const std::string& value) {
    if (name.find_first_of("\r\n:") != std::string::npos ||
        value.find_first_of("\r\n") != std::string::npos || value.find('\0') != std::string::npos)
      return false;
    std::string line = value.empty() ? name + ";" : name + ": " + value;
    list_ = curl_slist_append(list_, line.c_str());
    explicit_bzero(line.data(), line.size());
    return true;
  }
  void Remove(const char* name) {  // one that curl would send by itself
    list_ = curl_slist_append(list_, absl::StrCat(name, ":").c_str());
  }
  curl_slist* get() const { return list_; }

 private:
  curl_slist* list_ = nullptr;
};

}  // namespace

struct HttpClient::Handle {
  CURL* curl = nullptr;
};

HttpClient::HttpClient() : handle_(std::make_unique<Handle>()) {
  if (PrepareCurl()) handle_->curl = curl_easy_init();
}

HttpClient::~HttpClient() {
  if (handle_->curl != nullptr) curl_easy_cleanup(handle_->curl);
}

HttpResponse HttpClient::Send(const HttpRequest& request) {
  CURL* curl = handle_->curl;
  Exchange exchange;
  exchange.request = &request;
  exchange.curl = curl;
  const auto fail = [&](HttpError error, std::string_view what) {
    exchange.response.error = error;
    exchange.response.message = absl::StrCat(UrlHost(request.url), ": ", ToAbsl(what));
    return exchange.response;
  };
  if (curl == nullptr) return fail(HttpError::kOther, "libcurl cannot be used");
  HeaderList headers;
  bool sound = true;
  for (const auto& [name, value] : request.headers) sound &= headers.Add(name, value);
  for (const auto& [name, value] : request.secret_headers)
    sound &= headers.Add(name, value.Reveal());
  if (!sound) return fail(HttpError::kOther, "a header holds a line break");
  headers.Remove("Expect");  // it would cost a round trip before the body

  curl_easy_reset(curl);  // options only: connections stay
  std::array<char, CURL_ERROR_SIZE> detail{};
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail.data());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.method == "HEAD") curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
  }
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(curl, CURLOPT_USERAGENT, "culprit");
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                   static_cast<long>(request.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  if (request.stall_timeout.count() > 0) {
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME,
                     static_cast<long>(request.stall_timeout.count()));
  }
  if (request.fresh_connection) curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
  if (!request.environment_proxy) curl_easy_setopt(curl, CURLOPT_PROXY, "");
  SetCurlTls(curl, request.tls);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &OnBody);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &OnHeader);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &exchange);

  const CURLcode code = curl_easy_perform(curl);
  HttpResponse& response = exchange.response;
  long status = 0;
  curl_off_t took = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME_T, &took);
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, nullptr);
  response.status = static_cast<int>(status);
  response.took = std::chrono::microseconds(took);
  if (exchange.stopped) return fail(HttpError::kStopped, "stopped");
  if (exchange.too_large)
    return fail(HttpError::kTooLarge,
                absl::StrCat("the answer has more than ", request.max_response_bytes, " bytes"));
  if (code == CURLE_OK) return response;
  const HttpError error = CurlErrorOf(curl, code);
  if (error == HttpError::kBadUrl) {  // whose host may be anything
    response.error = error;
    response.message = "this is no http:// or https:// URL";
    return response;
  }
  // Only what is said about TLS is worth its details; other texts may quote the URL.
  std::string what = curl_easy_strerror(code);
  if (IsAboutTls(error) && detail[0] != '\0')
    absl::StrAppend(&what, ": ", absl::string_view(detail.data()));
  return fail(error, what);
}

std::string_view HttpResponse::Header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

std::string_view HttpErrorName(HttpError error) {
  constexpr std::string_view kNames[] = {
      "none",        "bad_url", "dns", "refused",   "unreachable", "timeout", "tls",
      "certificate", "expired", "cut", "too_large", "stopped",     "other"};
  return kNames[static_cast<size_t>(error)];
}

std::string UrlHost(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return "";
  std::string_view host = url.substr(scheme + 3);
  host = host.substr(0, host.find_first_of("/?#"));
  const size_t user = host.rfind('@');
  if (user != std::string_view::npos) host.remove_prefix(user + 1);
  return std::string(host);
}

}  // namespace culprit
