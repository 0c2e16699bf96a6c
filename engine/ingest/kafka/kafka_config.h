// Settings of a Kafka source. Plain value; the YAML keys have these names.
#pragma once
#include <string>
#include <vector>

#include "engine/core/time.h"
#include "engine/port/kafka_cluster.h"

namespace culprit {

struct KafkaConfig : KafkaCluster {
  std::string name = "kafka";
  std::string group = "culprit";  // consumer group; several culprits of one group share the topics
  std::vector<std::string> topics;  // names, or patterns that begin with '^'; at least one
  // Where to begin in a partition that neither culprit's state nor the group knows: earliest,
  // latest, or a time (RFC 3339). With latest the first messages of a new partition can be missed.
  std::string start_at = "earliest";
  // record: what the record itself says; topic: the topic's name; key: the message key;
  // header:<name>. What the record says comes first in each case.
  std::string service_from = "record";
  // What of the envelope patterns can see: "key", "header:<name>". A JSON object gets members
  // kafka_key and kafka_header_<name>, text gets kafka_key=... behind its first line.
  std::vector<std::string> include;

  DurationUs drain_timeout = 10 * kSecondUs;  // a revoked partition is given up after this
  DurationUs quiet_after = 5 * kMinuteUs;     // without a message: health says quiet
  int64_t lagging_above = 100'000;            // messages: health says lagging
};

}  // namespace culprit
