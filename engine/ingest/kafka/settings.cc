// culprit's settings to librdkafka's.
#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"
#include "engine/ingest/kafka/consumer.h"

namespace culprit {

absl::Status KafkaConsumer::Prepare() {
  const auto wrong = [&](const std::string& what) {
    return absl::InvalidArgumentError(absl::StrCat("kafka source '", config_.name, "': ", what));
  };
  if (config_.brokers.empty()) return wrong("brokers is missing; expected host:9092,host:9092");
  if (config_.topics.empty()) return wrong("topics is empty; expected names, or ^patterns");
  std::string reset = config_.start_at;
  if (reset != "earliest" && reset != "latest") {
    absl::Time time;
    std::string error;
    if (!absl::ParseTime(absl::RFC3339_full, config_.start_at, &time, &error))
      return wrong(
          absl::StrCat("start_at '", config_.start_at,
                       "': expected earliest, latest or a time like 2026-11-21T06:51:05Z"));
    start_time_ = absl::ToUnixMicros(time);
    reset = "earliest";
  }
  std::map<std::string, std::string> properties = KafkaProperties(
      config_, {
                   {"client.id", "culprit"},
                   {"group.id", config_.group},
                   {"auto.offset.reset", reset},
                   {"auto.commit.interval.ms", "1000"},
                   {"partition.assignment.strategy", "cooperative-sticky"},
                   {"queued.min.messages", absl::StrCat(kQueuedMessages)},
                   {"queued.max.messages.kbytes", absl::StrCat(kQueuedBytes >> 10)},
                   {"topic.metadata.refresh.interval.ms", "30000"},  // new topics of a pattern
                   {"statistics.interval.ms", "2000"},
                   {"socket.keepalive.enable", "true"},
               });
  // What exactness rests on is not the user's to change.
  properties["enable.auto.commit"] = "true";
  properties["enable.auto.offset.store"] = "false";
  properties["enable.partition.eof"] = "false";
  if (const absl::Status status = settings_.SetAll(properties); !status.ok())
    return wrong(std::string(status.message()));
  // Since librdkafka 2.2; without it the second of waiting is cut short by WakeFetcher.
  fetcher_sleeps_ = !config_.properties.contains("fetch.queue.backoff.ms") &&
                    !settings_.Set("fetch.queue.backoff.ms", "10").ok();

  rd_kafka_conf_set_opaque(settings_.get(), this);
  rd_kafka_conf_set_rebalance_cb(
      settings_.get(),
      [](rd_kafka_t*, rd_kafka_resp_err_t event, rd_kafka_topic_partition_list_t* partitions,
         void* self) { static_cast<KafkaConsumer*>(self)->Rebalance(event, partitions); });
  rd_kafka_conf_set_error_cb(
      settings_.get(), [](rd_kafka_t*, int error, const char* reason, void* self) {
        static_cast<KafkaConsumer*>(self)->Trouble(
            absl::StrCat(rd_kafka_err2str(static_cast<rd_kafka_resp_err_t>(error)), ": ", reason));
      });
  rd_kafka_conf_set_stats_cb(settings_.get(), [](rd_kafka_t*, char* json, size_t size, void* self) {
    // A broker that answers ends trouble with connections.
    if (std::string_view(json, size).find("\"state\":\"UP\"") != std::string_view::npos)
      static_cast<KafkaConsumer*>(self)->Trouble("");
    return 0;
  });
  rd_kafka_conf_set_log_cb(
      settings_.get(), [](const rd_kafka_t*, int level, const char* facility, const char* text) {
        spdlog::log(level <= 4 ? spdlog::level::warn : spdlog::level::debug, "librdkafka {}: {}",
                    facility, text);
      });
  return absl::OkStatus();
}

}  // namespace culprit
