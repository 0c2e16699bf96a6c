// The least that a Kafka consumer can do: reads all messages of a topic and counts their bytes.
// Yardstick of the Kafka source. One thread besides librdkafka's.
//   bench_kafka_count BROKERS TOPIC MESSAGES    prints bytes; ends after so many messages
#include <librdkafka/rdkafka.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: bench_kafka_count BROKERS TOPIC MESSAGES\n");
    return 2;
  }
  const uint64_t wanted = std::strtoull(argv[3], nullptr, 10);
  std::array<char, 512> error{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  const std::string group = std::string("count-") + argv[2];
  const std::array<std::array<const char*, 2>, 5> settings{{{"bootstrap.servers", argv[1]},
                                                            {"group.id", group.c_str()},
                                                            {"auto.offset.reset", "earliest"},
                                                            {"enable.auto.commit", "false"},
                                                            {"queued.min.messages", "100000"}}};
  for (const auto& [key, value] : settings)
    if (rd_kafka_conf_set(conf, key, value, error.data(), error.size()) != RD_KAFKA_CONF_OK) {
      std::fprintf(stderr, "%s\n", error.data());
      return 1;
    }
  rd_kafka_t* kafka = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error.data(), error.size());
  if (kafka == nullptr) {
    std::fprintf(stderr, "%s\n", error.data());
    return 1;
  }
  rd_kafka_poll_set_consumer(kafka);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(kafka);
  rd_kafka_topic_partition_list_t* topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, argv[2], RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(kafka, topics);
  rd_kafka_topic_partition_list_destroy(topics);
  std::array<rd_kafka_message_t*, 10'000> batch{};
  uint64_t messages = 0, bytes = 0;
  while (messages < wanted) {
    const ssize_t n = rd_kafka_consume_batch_queue(queue, 100, batch.data(), batch.size());
    for (ssize_t i = 0; i < n; ++i) {
      if (batch[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ++messages;
        bytes += batch[i]->len;
      }
      rd_kafka_message_destroy(batch[i]);
    }
  }
  std::printf("%llu\n", static_cast<unsigned long long>(bytes));
  rd_kafka_queue_destroy(queue);
  rd_kafka_consumer_close(kafka);
  rd_kafka_destroy(kafka);
  return 0;
}
