// Every kind of sink, one explicit line each: the configuration reads into AnySinkConfig, MakeSink
// builds from it.
#pragma once
#include <memory>
#include <string>
#include <variant>

#include "absl/status/statusor.h"
#include "engine/core/sink.h"
#include "sinks/alertmanager/alertmanager_sink.h"
#include "sinks/email/email_sink.h"
#include "sinks/exec/exec_sink.h"
#include "sinks/file/file_sink.h"
#include "sinks/kafka/kafka_sink.h"
#include "sinks/opsgenie/opsgenie_sink.h"
#include "sinks/pagerduty/pagerduty_sink.h"
#include "sinks/slack/slack_sink.h"
#include "sinks/stdout/stdout_sink.h"
#include "sinks/webhook/webhook_sink.h"

namespace culprit {

using AnySinkConfig =
    std::variant<SlackSinkConfig, PagerDutySinkConfig, WebhookSinkConfig, AlertmanagerSinkConfig,
                 OpsgenieSinkConfig, EmailSinkConfig, KafkaSinkConfig, FileSinkConfig,
                 ExecSinkConfig, StdoutSinkConfig>;

// Name of the sink: of the kind's config. Routes speak of it.
inline const std::string& SinkName(const AnySinkConfig& config) {
  return std::visit([](const auto& c) -> const std::string& { return c.name; }, config);
}

// InvalidArgument: what the configuration lacks. Touches no network.
absl::StatusOr<std::unique_ptr<Sink>> MakeSink(const AnySinkConfig& config);

}  // namespace culprit
