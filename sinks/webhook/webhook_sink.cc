#include "sinks/webhook/webhook_sink.h"

#include <chrono>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "engine/base/digest.h"
#include "engine/base/views.h"
#include "sinks/common/message.h"

namespace culprit {

std::string WebhookSignature(const Secret& secret, int64_t timestamp, std::string_view body) {
  return HmacSha256Hex(secret, absl::StrCat(timestamp, ".", ToAbsl(body)));
}

std::string WebhookBody(const std::string& body_template, const Notification& n) {
  if (body_template.empty()) return NotificationJson(n);
  return FillJsonTemplate(body_template, n);
}

namespace {

class WebhookSink : public Sink {
 public:
  explicit WebhookSink(const WebhookSinkConfig& config) : config_(config), http_(config.http) {
    http_.filter.AddUrl(config.url.Reveal());
    http_.filter.Add(config.signing_secret);
    for (const auto& [name, value] : config.headers) http_.filter.Add(value);
  }
  std::string_view type() const override { return "webhook"; }

  std::string Preview(const Notification& n) const override {
    const auto json = nlohmann::ordered_json::parse(WebhookBody(config_.body, n), nullptr, false);
    return json.is_discarded() ? WebhookBody(config_.body, n) : json.dump(2);
  }

  DeliveryResult Deliver(const Notification& n) override {
    HttpRequest request{.method = config_.method, .url = config_.url.Reveal()};
    request.headers = {{"Content-Type", "application/json"},
                       {"X-Culprit-Event", std::string(NotifyEventName(n.event))},
                       {"Idempotency-Key", OneLine(n.id)}};
    request.secret_headers = config_.headers;
    request.body = WebhookBody(config_.body, n);
    if (!config_.signing_secret.empty()) {
      const int64_t now = std::chrono::duration_cast<std::chrono::seconds>(
                              std::chrono::system_clock::now().time_since_epoch())
                              .count();
      request.headers.emplace_back(
          "X-Culprit-Signature",
          absl::StrCat("t=", now,
                       ",v1=", WebhookSignature(config_.signing_secret, now, request.body)));
    }
    return http_.Outcome(http_.Send(std::move(request)));
  }

 private:
  const WebhookSinkConfig config_;
  HttpSender http_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Sink>> MakeWebhookSink(const WebhookSinkConfig& config) {
  if (config.url.empty()) return absl::InvalidArgumentError("webhook: 'url' is required");
  if (absl::Status status = CheckMessageTemplate(config.body, TemplateKind::kJson);
      !config.body.empty() && !status.ok())
    return absl::InvalidArgumentError(absl::StrCat("webhook: 'body': ", status.message()));
  return std::make_unique<WebhookSink>(config);
}

}  // namespace culprit
