// Any HTTP receiver: JSON, by default the whole notification, signed. One thread at a time.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/secret.h"
#include "engine/core/sink.h"
#include "sinks/common/http_sink.h"

namespace culprit {

struct WebhookSinkConfig {
  std::string name = "webhook";
  Secret url;  // its path may be a secret
  std::string method = "POST";
  // Signs: X-Culprit-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">.
  Secret signing_secret;
  std::vector<std::pair<std::string, Secret>> headers;
  // Template of the JSON body, values escaped for inside of strings; {{{json}}} is the whole
  // notification. Empty: that, as patterns/schema/notification.schema.json says.
  std::string body;
  HttpSinkOptions http;
};

// InvalidArgument: no URL; a body that is no JSON when it is filled in.
absl::StatusOr<std::unique_ptr<Sink>> MakeWebhookSink(const WebhookSinkConfig& config);

// The body for this notification.
std::string WebhookBody(const std::string& body_template, const Notification& notification);

// Hex of HMAC-SHA256 of "<timestamp>.<body>".
std::string WebhookSignature(const Secret& secret, int64_t timestamp, std::string_view body);

}  // namespace culprit
