#include "engine/cmd/all_sources.h"

#include <variant>

#include "engine/ingest/forward/forward_source.h"
#include "engine/ingest/http/http_source.h"
#include "engine/ingest/kafka/kafka_source.h"
#include "engine/ingest/stdin/stdin_source.h"
#include "engine/ingest/syslog/syslog_source.h"
#include "engine/ingest/tail/tail_source.h"

namespace culprit {
namespace {

struct Maker {
  using Result = absl::StatusOr<std::unique_ptr<LiveSource>>;
  Result operator()(const KafkaConfig& config) const { return MakeKafkaSource(config); }
  Result operator()(const TailConfig& config) const { return MakeTailSource(config); }
  Result operator()(const ForwardConfig& config) const { return MakeForwardSource(config); }
  Result operator()(const StdinConfig& config) const { return MakeStdinSource(config); }
  Result operator()(const SyslogConfig& config) const { return MakeSyslogSource(config); }
  Result operator()(const HttpConfig& config) const { return MakeHttpSource(config); }
};

}  // namespace

absl::StatusOr<std::unique_ptr<LiveSource>> MakeSource(const SourceConfig& config) {
  return std::visit(Maker(), config.config);
}

}  // namespace culprit
