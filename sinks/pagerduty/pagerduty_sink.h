// PagerDuty Events API v2: an incident is one alert, held together by its dedup key. One thread at
// a time.
#pragma once
#include <array>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/base/secret.h"
#include "engine/core/sink.h"
#include "sinks/common/http_sink.h"

namespace culprit {

inline constexpr size_t kPagerDutyMaxBytes = 512'000;  // of a request
inline constexpr std::array<std::string_view, 4> kPagerDutySeverities = {"info", "warning", "error",
                                                                         "critical"};

struct PagerDutySinkConfig {
  std::string name = "pagerduty";
  Secret routing_key;  // of an Events API v2 integration: 32 characters
  // Of a V3 webhook subscription: what people do in PagerDuty acts here (engine/serve/hooks.h).
  Secret webhook_secret;
  std::string url = "https://events.pagerduty.com/v2/enqueue";
  // PagerDuty's severity for each of ours: info, warning, error, critical.
  std::array<std::string, 4> severities = {"info", "warning", "error", "critical"};
  std::string summary;  // template, plain text; empty: built in
  HttpSinkOptions http;
};

absl::StatusOr<std::unique_ptr<Sink>> MakePagerDutySink(const PagerDutySinkConfig& config);

}  // namespace culprit
