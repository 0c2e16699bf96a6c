// Kafka as a live source: a consumer group member on librdkafka.
//
// Where a partition goes on: the larger of what culprit committed with its own state and what the
// group committed (another member may have gone on behind us). Offsets are told to the broker only
// after the pipeline's commit, so each message is used once by this culprit, and at least once by
// the group.
#pragma once
#include <memory>

#include "absl/status/statusor.h"
#include "engine/core/live.h"
#include "engine/ingest/kafka/kafka_config.h"

namespace culprit {

// InvalidArgument: a setting that cannot work; nothing is connected yet.
absl::StatusOr<std::unique_ptr<LiveSource>> MakeKafkaSource(const KafkaConfig& config);

}  // namespace culprit
