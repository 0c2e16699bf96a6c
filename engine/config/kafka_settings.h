// Settings of a Kafka cluster in culprit.yaml, the same for the source and the sink. Internal to
// engine/config.
#pragma once
#include "engine/config/yaml_reader.h"
#include "engine/port/kafka_cluster.h"

namespace culprit {

// `brokers`, `tls`, `sasl`, `properties`. Mistakes are in the map's errors.
void ReadKafkaCluster(YamlMap* map, KafkaCluster* cluster);

}  // namespace culprit
