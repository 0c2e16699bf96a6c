#include "sinks/all_sinks.h"

namespace culprit {
namespace {

absl::StatusOr<std::unique_ptr<Sink>> Make(const SlackSinkConfig& c) { return MakeSlackSink(c); }
absl::StatusOr<std::unique_ptr<Sink>> Make(const PagerDutySinkConfig& c) {
  return MakePagerDutySink(c);
}
absl::StatusOr<std::unique_ptr<Sink>> Make(const WebhookSinkConfig& c) {
  return MakeWebhookSink(c);
}
absl::StatusOr<std::unique_ptr<Sink>> Make(const FileSinkConfig& c) { return MakeFileSink(c); }
absl::StatusOr<std::unique_ptr<Sink>> Make(const StdoutSinkConfig& c) { return MakeStdoutSink(c); }

}  // namespace

absl::StatusOr<std::unique_ptr<Sink>> MakeSink(const AnySinkConfig& config) {
  return std::visit([](const auto& c) { return Make(c); }, config);
}

}  // namespace culprit
