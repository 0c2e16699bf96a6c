#include "sinks/email/email_sink.h"

#include <algorithm>
#include <charconv>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "sinks/common/outcome.h"
#include "sinks/email/email_message.h"

namespace culprit {
namespace {

class EmailSink : public Sink {
 public:
  EmailSink(const EmailSinkConfig& config, std::string host, int port)
      : config_(config), host_(std::move(host)), port_(port) {}
  std::string_view type() const override { return "email"; }

  std::string Preview(const Notification& n) const override {
    return EmailMessage(n, config_, RecipientsOf(n), absl::Now());
  }

  DeliveryResult Deliver(const Notification& n) override {
    const std::vector<std::string> recipients = RecipientsOf(n);
    const SmtpResponse response =
        SendMail({.host = host_,
                  .port = port_,
                  .mode = config_.mode,
                  .tls = config_.tls,
                  .username = config_.username,
                  .password = config_.password,
                  .from = config_.from,
                  .recipients = recipients,
                  .message = EmailMessage(n, config_, recipients, absl::Now()),
                  .timeout = std::chrono::milliseconds(config_.timeout / 1000)});
    if (response.error == HttpError::kNone)
      return Delivered("", absl::StrCat("accepted for ", recipients.size(), " recipients"));
    // 5xx is final, 4xx is not (RFC 5321, 4.2.1).
    if (response.status >= 500)
      return Rejected(response.refused_login ? "auth" : "client_error", response.message);
    if (response.status >= 400) return RetryLater("server_error", response.message);
    if (response.refused_login) return Rejected("auth", response.message);
    if (response.error == HttpError::kCertificate) return Rejected("certificate", response.message);
    return RetryLater(std::string(HttpErrorName(response.error)), response.message);
  }

 private:
  std::vector<std::string> RecipientsOf(const Notification& n) const {
    std::vector<std::string> out = config_.to;
    for (const Contact& contact : n.contacts)
      if (IsMailAddress(contact.address) &&
          std::find(out.begin(), out.end(), contact.address) == out.end())
        out.push_back(contact.address);
    return out;
  }

  const EmailSinkConfig config_;
  const std::string host_;
  const int port_;
};

}  // namespace

bool IsMailAddress(std::string_view text) {
  const size_t at = text.find('@');
  if (at == 0 || at == std::string_view::npos || at + 1 == text.size() || text.size() > 254)
    return false;
  if (text.find('@', at + 1) != std::string_view::npos) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c > 0x20 && c < 0x7F &&
           std::string_view("<>()[],;:\\\"").find(c) == std::string_view::npos;
  });
}

absl::StatusOr<std::unique_ptr<Sink>> MakeEmailSink(const EmailSinkConfig& config) {
  const size_t colon = config.server.rfind(':');
  const std::string host = config.server.substr(0, colon);
  int port = config.mode == SmtpTls::kImplicit ? 465 : 587;
  if (colon != std::string::npos) {
    const char* end = config.server.data() + config.server.size();
    const auto [stop, error] = std::from_chars(config.server.data() + colon + 1, end, port);
    if (error != std::errc() || stop != end || port < 1 || port > 65535) port = 0;
  }
  if (host.empty() || port == 0 || host.find_first_of("/@ ") != std::string::npos)
    return absl::InvalidArgumentError("email: 'server' must be host:port, like mail:587");
  if (!IsMailAddress(config.from))
    return absl::InvalidArgumentError("email: 'from' must be an address");
  if (config.to.empty()) return absl::InvalidArgumentError("email: 'to' is required");
  for (const std::string& to : config.to)
    if (!IsMailAddress(to))
      return absl::InvalidArgumentError("email: 'to' holds what is no address: " + to);
  return std::make_unique<EmailSink>(config, host, port);
}

}  // namespace culprit
