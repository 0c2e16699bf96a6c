// The librdkafka side of the Kafka source: one thread that polls, batches, pushes, and answers
// rebalances. Internal to this folder.
//
// Back-pressure blocks the thread for half a second at most, or the broker would expel it: a batch
// that the sink does not take waits in `held_`; then the partitions are paused, polling goes on.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/core/live.h"
#include "engine/ingest/kafka/kafka_batch.h"
#include "engine/ingest/kafka/kafka_config.h"
#include "engine/ingest/kafka/partition_book.h"
#include "engine/port/kafka.h"

namespace culprit {

class KafkaConsumer : public LiveSource {
 public:
  explicit KafkaConsumer(const KafkaConfig& config);
  ~KafkaConsumer() override;
  absl::Status Prepare();  // settings only

  absl::Status Start(LiveSink* sink, const std::vector<ResumePoint>& resume) override;
  void Drain() override;
  void Stop() override;
  SourceHealth health() const override;
  const std::string& name() const override { return config_.name; }

 private:
  static constexpr size_t kMessagesPerPoll = 4096;
  // Fetched and not polled: beyond either, librdkafka fetches no more.
  static constexpr size_t kQueuedMessages = 100'000;
  static constexpr size_t kQueuedBytes = size_t{64} << 20;

  void Run();
  void Poll(int timeout_ms);
  void WakeFetcher();
  void Take(const rd_kafka_message_t& message);
  void AddHeaders(const rd_kafka_message_t& message, KafkaRecord* record) const;
  KafkaBatchBuilder& Builder(const KafkaPartition& partition);
  void Hold(LiveBatch batch, const KafkaPartition& partition, int64_t next_offset);
  void Announce(const KafkaPartition& partition, LiveBatch batch) {
    Hold(std::move(batch), partition, KafkaPartitionBook::kNoOffset);
  }
  void HoldAll();
  bool PushHeld();  // true: nothing is held any more
  void SetPaused(bool paused);
  void TellOffsets();

  void Rebalance(rd_kafka_resp_err_t event, rd_kafka_topic_partition_list_t* partitions);
  void OnAssign(rd_kafka_topic_partition_list_t* partitions, bool incremental);
  void OnRevoke(rd_kafka_topic_partition_list_t* partitions, bool incremental);
  void ChooseOffsets(rd_kafka_topic_partition_list_t* partitions);
  void Trouble(std::string text);
  void UpdateHealth();

  const KafkaConfig config_;
  const KafkaEnvelope envelope_;
  TimeUs start_time_ = kNoTime;  // of start_at, if it is a time
  KafkaSettings settings_;
  KafkaHandle kafka_;
  KafkaQueue queue_;
  LiveSink* sink_ = nullptr;
  const std::shared_ptr<KafkaPartitionBook> book_ = std::make_shared<KafkaPartitionBook>();
  std::thread thread_;
  std::atomic<bool> draining_{false}, stopping_{false};

  // Of the thread alone.
  struct Held {
    KafkaPartition partition;
    int64_t next_offset;
    LiveBatch batch;
  };
  std::map<KafkaPartition, KafkaBatchBuilder> builders_;
  // Messages come in runs: of the one before, both in builders_. Null: none.
  const rd_kafka_topic_t* last_topic_ = nullptr;
  const KafkaPartition* last_partition_ = nullptr;
  KafkaBatchBuilder* last_builder_ = nullptr;
  size_t taken_ = 0, taken_bytes_ = 0;  // messages since the start
  absl::Time gathered_at_ = absl::InfinitePast();
  bool fetcher_sleeps_ = false;  // librdkafka does not look by itself whether its queue has room
  bool queue_full_ = false;
  std::deque<Held> held_;
  std::vector<rd_kafka_message_t*> messages_;
  bool paused_ = false;
  bool lost_sink_ = false;  // the program stops: nothing is taken any more

  mutable std::mutex mutex_;
  std::condition_variable empty_;  // holds_ became false
  SourceHealth health_;            // guarded by mutex_
  std::string trouble_;            // guarded by mutex_
  bool holds_ = false;             // guarded by mutex_
};

}  // namespace culprit
