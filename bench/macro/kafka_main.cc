// Both ends of the Kafka measurement of live_rates.py, on bare librdkafka, one thread besides its.
//   bench_kafka fill BROKERS TOPIC PARTITIONS MESSAGES BYTES HITS
//     writes JSON lines of BYTES bytes; one in HITS (0: none) is a failure that the packs know
//   bench_kafka count BROKERS TOPIC MESSAGES
//     the least that a consumer can do: reads all and counts their bytes. Prints "bytes wall cpu":
//     seconds from the first message to the last, CPU of the whole process
#include <librdkafka/rdkafka.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

double Wall() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double Cpu() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

template <size_t N>
rd_kafka_t* Make(rd_kafka_type_t type, const std::array<std::array<const char*, 2>, N>& settings) {
  std::array<char, 512> error{};
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  bool fits = true;
  for (const auto& [key, value] : settings)
    fits = fits && rd_kafka_conf_set(conf, key, value, error.data(), error.size()) == 0;
  rd_kafka_t* kafka = fits ? rd_kafka_new(type, conf, error.data(), error.size()) : nullptr;
  if (kafka == nullptr) {
    std::fprintf(stderr, "bench_kafka: %s\n", error.data());
    std::exit(1);
  }
  return kafka;
}

// Line n of exactly `bytes` bytes; at least 100.
std::string Line(uint64_t n, size_t bytes, bool hit) {
  constexpr std::string_view kWords = "order carts users token cache shard batch route index ";
  std::array<char, 160> head{};
  const int size = std::snprintf(
      head.data(), head.size(),
      R"({"time":"2026-11-21T%02d:%02d:%02d.%03dZ","level":"%s","service":"api","msg":"%s %llu )",
      static_cast<int>(n / 36'000'000 % 24), static_cast<int>(n / 600'000 % 60),
      static_cast<int>(n / 10'000 % 60), static_cast<int>(n / 10 % 1000), hit ? "error" : "info",
      hit ? "dial tcp 10.0.0.7:5432: connect: connection refused" : "served",
      static_cast<unsigned long long>(n));
  std::string line(head.data(), static_cast<size_t>(size));
  for (uint64_t seed = n * 0x9E3779B97F4A7C15; line.size() + 2 < bytes; seed = seed * 25 + 7)
    line += kWords.substr((seed >> 40) % 9 * 6, 6);
  line.resize(std::min(line.size(), bytes - 2));
  return line + "\"}";
}

int Fill(char** argv) {
  const std::array<std::array<const char*, 2>, 6> settings{
      {{"bootstrap.servers", argv[2]},
       {"compression.type", "lz4"},
       {"linger.ms", "20"},
       {"batch.size", "262144"},
       {"queue.buffering.max.messages", "1000000"},
       {"enable.idempotence", "true"}}};
  rd_kafka_t* kafka = Make(RD_KAFKA_PRODUCER, settings);
  rd_kafka_topic_t* topic = rd_kafka_topic_new(kafka, argv[3], nullptr);
  const uint64_t partitions = std::strtoull(argv[4], nullptr, 10);
  const uint64_t messages = std::strtoull(argv[5], nullptr, 10);
  const size_t bytes = std::strtoull(argv[6], nullptr, 10);
  const uint64_t hits = std::strtoull(argv[7], nullptr, 10);
  for (uint64_t n = 0; n < messages; ++n) {
    std::string line = Line(n, bytes, hits != 0 && n % hits == hits - 1);
    while (rd_kafka_produce(topic, static_cast<int32_t>(n % partitions), RD_KAFKA_MSG_F_COPY,
                            line.data(), line.size(), nullptr, 0, nullptr) != 0)
      rd_kafka_poll(kafka, 20);  // the queue is full
  }
  const bool all = rd_kafka_flush(kafka, 120'000) == RD_KAFKA_RESP_ERR_NO_ERROR;
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(kafka);
  return all ? 0 : 1;
}

int Count(char** argv) {
  const std::string group = std::string("count-") + argv[3] + "-" + std::to_string(Wall());
  const std::array<std::array<const char*, 2>, 5> settings{{{"bootstrap.servers", argv[2]},
                                                            {"group.id", group.c_str()},
                                                            {"auto.offset.reset", "earliest"},
                                                            {"enable.auto.commit", "false"},
                                                            {"queued.min.messages", "100000"}}};
  rd_kafka_t* kafka = Make(RD_KAFKA_CONSUMER, settings);
  rd_kafka_poll_set_consumer(kafka);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(kafka);
  rd_kafka_topic_partition_list_t* topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, argv[3], RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(kafka, topics);
  rd_kafka_topic_partition_list_destroy(topics);
  const uint64_t wanted = std::strtoull(argv[4], nullptr, 10);
  std::array<rd_kafka_message_t*, 10'000> batch{};
  uint64_t messages = 0, bytes = 0;
  double begin = 0;
  while (messages < wanted) {
    const ssize_t n = rd_kafka_consume_batch_queue(queue, 100, batch.data(), batch.size());
    if (n > 0 && begin == 0) begin = Wall();
    for (ssize_t i = 0; i < n; ++i) {
      if (batch[i]->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ++messages;
        bytes += batch[i]->len;
      }
      rd_kafka_message_destroy(batch[i]);
    }
  }
  std::printf("%llu %.3f %.3f\n", static_cast<unsigned long long>(bytes), Wall() - begin, Cpu());
  rd_kafka_queue_destroy(queue);
  rd_kafka_consumer_close(kafka);
  rd_kafka_destroy(kafka);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  if (what == "fill" && argc == 8) return Fill(argv);
  if (what == "count" && argc == 5) return Count(argv);
  std::fprintf(stderr,
               "usage: bench_kafka fill BROKERS TOPIC PARTITIONS MESSAGES BYTES HITS\n"
               "       bench_kafka count BROKERS TOPIC MESSAGES\n");
  return 2;
}
