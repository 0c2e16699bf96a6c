#include "sinks/common/curl_errors.h"

#include <cerrno>

namespace culprit {
namespace {

// X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED of OpenSSL.
constexpr long kCertificateNotYetValid = 9;
constexpr long kCertificateExpired = 10;

HttpError ErrorOf(CURLcode code, int os_error) {
  switch (code) {
    case CURLE_OK:
      return HttpError::kNone;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return HttpError::kBadUrl;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return HttpError::kDns;
    case CURLE_COULDNT_CONNECT:
      return os_error == 0 || os_error == ECONNREFUSED ? HttpError::kRefused
                                                       : HttpError::kUnreachable;
    case CURLE_OPERATION_TIMEDOUT:
      return HttpError::kTimeout;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return HttpError::kCertificate;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_USE_SSL_FAILED:
      return HttpError::kTls;
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_PARTIAL_FILE:
      return HttpError::kCut;
    default:
      return HttpError::kOther;
  }
}

}  // namespace

bool PrepareCurl() {
  static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  return kReady == CURLE_OK;
}

HttpError CurlErrorOf(CURL* curl, CURLcode code) {
  long os_error = 0;
  long verified = 0;
  curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &os_error);
  curl_easy_getinfo(curl, CURLINFO_SSL_VERIFYRESULT, &verified);
  const HttpError error = ErrorOf(code, static_cast<int>(os_error));
  const bool time = verified == kCertificateNotYetValid || verified == kCertificateExpired;
  return error == HttpError::kCertificate && time ? HttpError::kExpired : error;
}

bool IsAboutTls(HttpError error) {
  return error == HttpError::kTls || error == HttpError::kCertificate ||
         error == HttpError::kExpired;
}

void SetCurlTls(CURL* curl, const HttpTls& tls) {
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, tls.verify ? 2L : 0L);
  if (!tls.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, tls.ca_file.c_str());
  if (!tls.cert_file.empty()) curl_easy_setopt(curl, CURLOPT_SSLCERT, tls.cert_file.c_str());
  if (!tls.key_file.empty()) curl_easy_setopt(curl, CURLOPT_SSLKEY, tls.key_file.c_str());
  if (!tls.key_password.empty())
    curl_easy_setopt(curl, CURLOPT_KEYPASSWD, tls.key_password.Reveal().c_str());
}

}  // namespace culprit
