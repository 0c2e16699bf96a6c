#include "sinks/common/smtp_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "sinks/common/curl_errors.h"

namespace culprit {
namespace {

size_t OnRead(char* buffer, size_t, size_t room, void* user) noexcept {
  auto& rest = *static_cast<std::string_view*>(user);
  const size_t n = std::min(room, rest.size());
  std::memcpy(buffer, rest.data(), n);
  rest.remove_prefix(n);
  return n;
}

size_t Ignore(char*, size_t, size_t size, void*) noexcept { return size; }

struct CurlDelete {
  void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};

}  // namespace

SmtpResponse SendMail(const SmtpRequest& request) {
  SmtpResponse response;
  const std::string server = absl::StrCat(request.host, ":", request.port);
  PrepareCurl();
  const std::unique_ptr<CURL, CurlDelete> handle(curl_easy_init());
  CURL* curl = handle.get();
  if (curl == nullptr) {
    response.error = HttpError::kOther;
    response.message = absl::StrCat(server, ": libcurl cannot be used");
    return response;
  }
  curl_slist* addresses = nullptr;
  for (const std::string& recipient : request.recipients)
    addresses = curl_slist_append(addresses, absl::StrCat("<", recipient, ">").c_str());
  const std::unique_ptr<curl_slist, CurlDelete> recipients(addresses);
  std::string_view rest = request.message;
  std::array<char, CURL_ERROR_SIZE> detail{};
  const bool implicit = request.mode == SmtpTls::kImplicit;
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail.data());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // the proxies of the environment speak HTTP
  curl_easy_setopt(curl, CURLOPT_URL,
                   absl::StrCat(implicit ? "smtps://" : "smtp://", server, "/culprit").c_str());
  curl_easy_setopt(
      curl, CURLOPT_USE_SSL,
      static_cast<long>(request.mode == SmtpTls::kNone ? CURLUSESSL_NONE : CURLUSESSL_ALL));
  SetCurlTls(curl, request.tls);
  if (!request.username.empty()) {
    curl_easy_setopt(curl, CURLOPT_USERNAME, request.username.c_str());
    curl_easy_setopt(curl, CURLOPT_PASSWORD, request.password.Reveal().c_str());
  }
  curl_easy_setopt(curl, CURLOPT_MAIL_FROM, absl::StrCat("<", request.from, ">").c_str());
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, recipients.get());
  // One address that is gone must not keep the message from the others.
  curl_easy_setopt(curl, CURLOPT_MAIL_RCPT_ALLLOWFAILS, 1L);
  curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt(curl, CURLOPT_READFUNCTION, &OnRead);
  curl_easy_setopt(curl, CURLOPT_READDATA, &rest);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Ignore);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.timeout.count()));
  // Else a server that falls silent is waited for two minutes when the connection is closed.
  curl_easy_setopt(curl, CURLOPT_SERVER_RESPONSE_TIMEOUT,
                   std::max(1L, static_cast<long>(request.timeout.count() / 1000)));

  const CURLcode code = curl_easy_perform(curl);
  long status = 0;
  curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  response.status = static_cast<int>(status);
  if (code == CURLE_OK) return response;
  response.refused_login = code == CURLE_LOGIN_DENIED;
  response.error = CurlErrorOf(curl, code);
  const std::string text = curl_easy_strerror(code);
  response.message = absl::StrCat(server, ": ", text);
  if (status >= 400) absl::StrAppend(&response.message, ", the server answered ", status);
  if (IsAboutTls(response.error) && detail[0] != '\0')
    absl::StrAppend(&response.message, ": ", absl::string_view(detail.data()));
  return response;
}

}  // namespace culprit
