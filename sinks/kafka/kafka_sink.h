// A Kafka topic: the notification as JSON, keyed by incident, from an idempotent producer. One
// thread at a time.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/core/sink.h"
#include "engine/port/kafka_cluster.h"

namespace culprit {

struct KafkaSinkConfig : KafkaCluster {
  std::string name = "kafka";
  std::string topic;
  DurationUs timeout = 10 * kSecondUs;  // until all in-sync replicas have it
};

// InvalidArgument: settings that librdkafka does not take.
absl::StatusOr<std::unique_ptr<Sink>> MakeKafkaSink(const KafkaSinkConfig& config);

}  // namespace culprit
