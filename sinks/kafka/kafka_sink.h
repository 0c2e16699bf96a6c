// A Kafka topic: the notification as JSON, keyed by incident, from an idempotent producer. One
// thread at a time.
#pragma once
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/base/secret.h"
#include "engine/core/sink.h"

namespace culprit {

struct KafkaSinkConfig {
  std::string name = "kafka";
  std::string brokers;  // host:9092,host:9092
  std::string topic;
  bool tls = false;
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
  std::string sasl_mechanism;  // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512; empty: none
  std::string username;
  Secret password;
  DurationUs timeout = 10 * kSecondUs;            // until all in-sync replicas have it
  std::map<std::string, std::string> properties;  // of librdkafka, before ours
};

// InvalidArgument: settings that librdkafka does not take.
absl::StatusOr<std::unique_ptr<Sink>> MakeKafkaSink(const KafkaSinkConfig& config);

}  // namespace culprit
