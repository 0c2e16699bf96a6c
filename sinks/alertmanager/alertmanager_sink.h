// Prometheus Alertmanager, API v2: an incident is one alert, sent again until it is over. One
// thread at a time.
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

struct AlertmanagerSinkConfig {
  std::string name = "alertmanager";
  std::string url;  // http://alertmanager:9093, without /api/v2
  Secret token;     // bearer
  std::string username;
  Secret password;
  std::vector<std::pair<std::string, std::string>> labels;  // of every alert
  std::string summary;                                      // template of an annotation
  std::string description;                                  // template of an annotation
  // An alert that is not sent again for four times this long ends at Alertmanager.
  DurationUs resend_every = kMinuteUs;
  HttpSinkOptions http;
};

absl::StatusOr<std::unique_ptr<Sink>> MakeAlertmanagerSink(const AlertmanagerSinkConfig& config);

}  // namespace culprit
