// The Kafka sink against librdkafka's own mock cluster.
#include "sinks/kafka/kafka_sink.h"

#include <gmock/gmock.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <nlohmann/json.hpp>

#include "engine/port/kafka.h"
#include "sinks/common/message.h"

namespace culprit {
namespace {

class KafkaSinkTest : public testing::Test {
 protected:
  void SetUp() override {
    KafkaSettings settings;
    client_ = *settings.Make(RD_KAFKA_PRODUCER);
    cluster_ = rd_kafka_mock_cluster_new(client_.get(), 1);
    rd_kafka_mock_topic_create(cluster_, "incidents", 3, 1);
    config_.brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
    config_.topic = "incidents";
  }
  void TearDown() override { rd_kafka_mock_cluster_destroy(cluster_); }

  // Everything in the topic: key and body.
  std::vector<std::pair<std::string, std::string>> Read(size_t count) {
    KafkaSettings settings;
    EXPECT_TRUE(settings.Set("bootstrap.servers", config_.brokers).ok());
    EXPECT_TRUE(settings.Set("group.id", "test").ok());
    const KafkaHandle consumer = *settings.Make(RD_KAFKA_CONSUMER);
    KafkaTopicList topics = NewKafkaTopicList();
    for (int32_t i = 0; i < 3; ++i)
      rd_kafka_topic_partition_list_add(topics.get(), "incidents", i)->offset =
          RD_KAFKA_OFFSET_BEGINNING;
    rd_kafka_assign(consumer.get(), topics.get());
    std::vector<std::pair<std::string, std::string>> out;
    for (int i = 0; i < 600 && out.size() < count; ++i) {
      rd_kafka_message_t* m = rd_kafka_consumer_poll(consumer.get(), 50);
      if (m == nullptr) continue;
      if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        out.emplace_back(std::string(static_cast<const char*>(m->key), m->key_len),
                         std::string(static_cast<const char*>(m->payload), m->len));
      rd_kafka_message_destroy(m);
    }
    rd_kafka_consumer_close(consumer.get());
    return out;
  }

  int64_t Stored() {
    KafkaSettings settings;
    EXPECT_TRUE(settings.Set("bootstrap.servers", config_.brokers).ok());
    const KafkaHandle client = *settings.Make(RD_KAFKA_PRODUCER);
    int64_t sum = 0;
    for (int32_t i = 0; i < 3; ++i) {
      int64_t low = 0;
      int64_t high = 0;
      rd_kafka_query_watermark_offsets(client.get(), "incidents", i, &low, &high, 10'000);
      sum += high - low;
    }
    return sum;
  }

  KafkaHandle client_;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  KafkaSinkConfig config_;
};

TEST_F(KafkaSinkTest, NotificationsAreKeyedByIncident) {
  const std::unique_ptr<Sink> sink = *MakeKafkaSink(config_);
  const Notification n = SampleNotification();
  for (int i = 0; i < 2; ++i) {
    const DeliveryResult result = sink->Deliver(n);
    EXPECT_EQ(result.outcome, DeliveryOutcome::kDelivered) << result.error;
  }
  const auto messages = Read(2);
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(messages[0].first, n.incident.id);
  EXPECT_EQ(nlohmann::json::parse(messages[0].second)["id"], n.id);
}

TEST_F(KafkaSinkTest, ABrokenConnectionAndALeaderThatMovesSendNothingTwice) {
  const std::unique_ptr<Sink> sink = *MakeKafkaSink(config_);
  ASSERT_EQ(sink->Deliver(SampleNotification()).outcome, DeliveryOutcome::kDelivered);
  const rd_kafka_resp_err_t errors[] = {RD_KAFKA_RESP_ERR__TRANSPORT,
                                        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS};
  rd_kafka_mock_push_request_errors_array(cluster_, 0 /* Produce */, 3, errors);
  const DeliveryResult result = sink->Deliver(SampleNotification());
  EXPECT_EQ(result.outcome, DeliveryOutcome::kDelivered) << result.error;
  EXPECT_EQ(Stored(), 2);
}

TEST_F(KafkaSinkTest, WhatNeverWillBeTakenIsRejected) {
  const std::unique_ptr<Sink> sink = *MakeKafkaSink(config_);
  Notification n = SampleNotification();
  n.text = std::string(2 << 20, 'x');
  const DeliveryResult result = sink->Deliver(n);
  EXPECT_EQ(result.outcome, DeliveryOutcome::kRejected);
  EXPECT_EQ(result.reason, "too_large");
}

TEST(KafkaSink, NobodyThereIsTriedAgain) {
  KafkaSinkConfig c;
  c.brokers = "127.0.0.1:1";
  c.topic = "incidents";
  c.timeout = kSecondUs / 2;
  const DeliveryResult result = (*MakeKafkaSink(c))->Deliver(SampleNotification());
  EXPECT_EQ(result.outcome, DeliveryOutcome::kRetry);
  EXPECT_EQ(result.reason, "timeout");
}

}  // namespace
}  // namespace culprit
