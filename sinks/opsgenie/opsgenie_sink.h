// Opsgenie's Alert API v2: an incident is one alert, its alias the dedup key. One thread at a time.
#pragma once
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/secret.h"
#include "engine/core/sink.h"
#include "sinks/common/http_sink.h"

namespace culprit {

inline constexpr std::array<std::string_view, 5> kOpsgeniePriorities = {"P1", "P2", "P3", "P4",
                                                                        "P5"};

struct OpsgenieSinkConfig {
  std::string name = "opsgenie";
  Secret api_key;                                // of an API integration
  std::string url = "https://api.opsgenie.com";  // or https://api.eu.opsgenie.com
  std::array<std::string, 4> priorities = {"P5", "P3", "P2", "P1"};  // of info ... critical
  std::vector<std::string> tags;
  std::string message;      // template, 130 characters; empty: built in
  std::string description;  // template
  HttpSinkOptions http;
};

absl::StatusOr<std::unique_ptr<Sink>> MakeOpsgenieSink(const OpsgenieSinkConfig& config);

}  // namespace culprit
