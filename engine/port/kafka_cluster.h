// How to reach a Kafka cluster: what every source and sink of Kafka has among its settings. Plain
// value; the YAML keys have these names (`tls` and `sasl` as maps). No librdkafka header here.
#pragma once
#include <map>
#include <string>

#include "engine/base/secret.h"

namespace culprit {

struct KafkaCluster {
  std::string brokers;  // "host:9092,host:9092"; required
  bool tls = false;
  std::string ca_file;           // PEM; empty: the system's
  std::string certificate_file;  // PEM, with key_file: mutual TLS
  std::string key_file;
  std::string sasl_mechanism;  // PLAIN, SCRAM-SHA-256, SCRAM-SHA-512; empty: no SASL
  std::string username;
  Secret password;
  std::map<std::string, std::string> properties;  // any librdkafka property; they win
};

// librdkafka's properties for it: `defaults`, then those of the cluster, then `properties`.
std::map<std::string, std::string> KafkaProperties(const KafkaCluster& cluster,
                                                   std::map<std::string, std::string> defaults);

}  // namespace culprit
