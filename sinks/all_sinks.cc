#include "sinks/all_sinks.h"

namespace culprit {
namespace {

using Made = absl::StatusOr<std::unique_ptr<Sink>>;

// All kinds of sinks: one explicit line each.
Made Make(const AlertmanagerSinkConfig& c) { return MakeAlertmanagerSink(c); }
Made Make(const EmailSinkConfig& c) { return MakeEmailSink(c); }
Made Make(const ExecSinkConfig& c) { return MakeExecSink(c); }
Made Make(const FileSinkConfig& c) { return MakeFileSink(c); }
Made Make(const KafkaSinkConfig& c) { return MakeKafkaSink(c); }
Made Make(const OpsgenieSinkConfig& c) { return MakeOpsgenieSink(c); }
Made Make(const PagerDutySinkConfig& c) { return MakePagerDutySink(c); }
Made Make(const SlackSinkConfig& c) { return MakeSlackSink(c); }
Made Make(const StdoutSinkConfig& c) { return MakeStdoutSink(c); }
Made Make(const WebhookSinkConfig& c) { return MakeWebhookSink(c); }

}  // namespace

absl::StatusOr<std::unique_ptr<Sink>> MakeSink(const AnySinkConfig& config) {
  return std::visit([](const auto& c) { return Make(c); }, config);
}

}  // namespace culprit
