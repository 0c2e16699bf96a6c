#include "engine/ingest/kafka/kafka_source.h"

#include "engine/base/status.h"
#include "engine/ingest/kafka/consumer.h"

namespace culprit {

absl::StatusOr<std::unique_ptr<LiveSource>> MakeKafkaSource(const KafkaConfig& config) {
  auto consumer = std::make_unique<KafkaConsumer>(config);
  CULPRIT_RETURN_IF_ERROR(consumer->Prepare());
  return consumer;
}

}  // namespace culprit
