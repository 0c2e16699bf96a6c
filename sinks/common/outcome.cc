#include "sinks/common/outcome.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "engine/base/views.h"
#include "sinks/common/text.h"

namespace culprit {
namespace {

constexpr size_t kMaxAnswerBytes = 200;
constexpr size_t kMinSecretBytes = 6;  // shorter ones would blank innocent words out

DeliveryResult NotReached(const HttpResponse& response) {
  const std::string reason(HttpErrorName(response.error));
  switch (response.error) {
    case HttpError::kBadUrl:
    case HttpError::kCertificate:
    case HttpError::kStopped:
      return Rejected(reason, response.message);
    default:
      return RetryLater(reason, response.message);
  }
}

std::string_view ReasonOf(int status) {
  switch (status) {
    case 401:
    case 403:
      return "auth";
    case 404:
    case 410:
      return "not_found";
    case 408:
      return "timeout";
    case 413:
      return "too_large";
    case 425:
    case 429:
      return "rate_limited";
    default:
      return status >= 500 ? "server_error" : status >= 400 ? "client_error" : "redirect";
  }
}

}  // namespace

void SecretFilter::AddText(std::string_view text) {
  if (text.size() < kMinSecretBytes) return;
  const auto at = std::find_if(secrets_.begin(), secrets_.end(), [&](const Secret& known) {
    return known.Reveal().size() < text.size();
  });
  secrets_.insert(at, Secret(std::string(text)));
}

void SecretFilter::Add(const Secret& secret) { AddText(secret.Reveal()); }

void SecretFilter::AddUrl(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return;
  std::string_view rest = url.substr(scheme + 3);
  const size_t host_end = std::min(rest.find_first_of("/?#"), rest.size());
  if (const size_t user = rest.substr(0, host_end).rfind('@'); user != std::string_view::npos) {
    AddText(rest.substr(0, user));
    const size_t colon = rest.find(':');
    if (colon < user) AddText(rest.substr(colon + 1, user - colon - 1));
  }
  rest.remove_prefix(host_end);
  AddText(rest);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find_first_of("/?&=#"), rest.size());
    // Words as every API has them in its paths are no secrets.
    const std::string_view part = rest.substr(0, end);
    if (part.find_first_of("0123456789") != std::string_view::npos || part.size() > 16)
      AddText(part);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

std::string SecretFilter::Clean(std::string_view text, size_t max_bytes) const {
  std::string clean(text);
  for (const Secret& secret : secrets_)
    absl::StrReplaceAll({{secret.Reveal(), "[secret]"}}, &clean);
  return CutBytes(OneLine(clean), max_bytes);
}

DurationUs RetryAfter(std::string_view value, TimeUs now_us) {
  int64_t seconds = 0;
  const char* end = value.data() + value.size();
  const auto [stop, error] = std::from_chars(value.data(), end, seconds);
  if (error == std::errc::result_out_of_range && !value.starts_with('-')) return kDayUs;
  if (error != std::errc() || stop != end) {
    absl::Time date;
    std::string ignored;
    if (!absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", ToAbsl(value), &date, &ignored)) return 0;
    return std::clamp<DurationUs>(absl::ToUnixMicros(date) - now_us, 0, kDayUs);
  }
  return std::clamp<int64_t>(seconds, 0, kDayUs / kSecondUs) * kSecondUs;
}

DeliveryResult OutcomeOf(const HttpResponse& response, const SecretFilter& filter) {
  if (response.error != HttpError::kNone) return NotReached(response);
  const int status = response.status;
  const std::string answer = filter.Clean(response.body, kMaxAnswerBytes);
  if (status >= 200 && status < 300) return Delivered("", absl::StrCat(status, " ", answer));
  const std::string reason(ReasonOf(status));
  const std::string error =
      absl::StrCat("HTTP status ", status, answer.empty() ? "" : ": ", answer,
                   status >= 300 && status < 400 ? " (redirects are not followed)" : "");
  if (status != 408 && status != 425 && status != 429 && status < 500)
    return Rejected(reason, error);
  // The receiver's own clock, if it tells it: ours may be wrong.
  absl::Time now = absl::Now();
  std::string ignored;
  if (!absl::ParseTime("%a, %d %b %Y %H:%M:%S GMT", ToAbsl(response.Header("date")), &now,
                       &ignored))
    now = absl::Now();
  return RetryLater(reason, error,
                    RetryAfter(response.Header("retry-after"), absl::ToUnixMicros(now)));
}

DeliveryResult Delivered(std::string receipt, std::string detail) {
  DeliveryResult result;
  result.receipt = std::move(receipt);
  result.detail = std::move(detail);
  return result;
}

DeliveryResult Rejected(std::string reason, std::string error) {
  DeliveryResult result;
  result.outcome = DeliveryOutcome::kRejected;
  result.reason = std::move(reason);
  result.error = std::move(error);
  return result;
}

DeliveryResult RetryLater(std::string reason, std::string error, DurationUs after) {
  DeliveryResult result = Rejected(std::move(reason), std::move(error));
  result.outcome = DeliveryOutcome::kRetry;
  result.retry_after = after;
  return result;
}

}  // namespace culprit
