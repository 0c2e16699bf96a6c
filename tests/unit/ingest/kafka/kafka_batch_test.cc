#include "engine/ingest/kafka/kafka_batch.h"

#include <gtest/gtest.h>

namespace culprit {
namespace {

std::shared_ptr<const LiveStream> Stream() {
  auto stream = std::make_shared<LiveStream>();
  stream->source = "kafka";
  stream->key = "logs/3";
  stream->display = "kafka:logs[3]";
  return stream;
}

KafkaRecord Record(int64_t offset, std::string_view value) {
  KafkaRecord record;
  record.offset = offset;
  record.value = value;
  return record;
}

TEST(KafkaBatch, MessagesKeepTheirOffsetsAndTimes) {
  const KafkaEnvelope envelope{KafkaConfig()};
  KafkaBatchBuilder builder(Stream(), "logs", &envelope);
  EXPECT_TRUE(builder.empty());
  KafkaRecord first = Record(10, "one");
  first.time = 5;
  builder.Add(first);
  builder.Add(Record(14, "two\n  at Foo.bar\n"));
  const LiveBatch batch = builder.Take();
  EXPECT_EQ(batch.bytes, "one\ntwo\n  at Foo.bar\n");
  ASSERT_EQ(batch.messages.size(), 2u);
  EXPECT_EQ(batch.messages[0].begin, 0u);
  EXPECT_EQ(batch.messages[0].time, 5);
  EXPECT_EQ(batch.messages[1].begin, 4u);
  EXPECT_EQ(batch.messages[1].position, 14u);
  EXPECT_EQ(ParseKafkaResume(batch.resume), 15);
  EXPECT_TRUE(builder.empty());
  EXPECT_EQ(builder.expected_offset(), 15);
}

TEST(KafkaBatch, TombstonesAndBinaryBecomeDeadLettersAndMoveOn) {
  const KafkaEnvelope envelope{KafkaConfig()};
  KafkaBatchBuilder builder(Stream(), "logs", &envelope);
  KafkaRecord tombstone;
  tombstone.offset = 3;
  tombstone.key = "user-17";
  builder.Add(tombstone);
  const std::string avro("\x00\x00\x00\x00\x07\x02\x01\x00\x11\x12\x00", 11);
  builder.Add(Record(4, avro));
  EXPECT_FALSE(builder.empty());
  const LiveBatch batch = builder.Take();
  EXPECT_TRUE(batch.messages.empty());
  ASSERT_EQ(batch.dead_letters.size(), 2u);
  EXPECT_EQ(batch.dead_letters[0].reason, "tombstone");
  EXPECT_EQ(batch.dead_letters[0].bytes, "user-17");
  EXPECT_EQ(batch.dead_letters[1].reason, "undecodable");
  EXPECT_EQ(batch.dead_letters[1].position, "offset 4");
  EXPECT_EQ(batch.dead_letters[1].bytes, avro);
  EXPECT_EQ(ParseKafkaResume(batch.resume), 5);
}

TEST(KafkaBatch, OneBinaryMessageAmongTextsLeavesAlone) {
  for (const bool include : {false, true}) {
    KafkaConfig config;
    if (include) config.include = {"key"};
    const KafkaEnvelope envelope(config);
    KafkaBatchBuilder builder(Stream(), "logs", &envelope);
    const std::string avro("\x00\x00\x00\x00\x07\x02\x01\x00\x11\x12\x00", 11);
    builder.Add(Record(1, "one"));
    builder.Add(Record(2, avro));
    builder.Add(Record(3, "three\n  at Foo.bar\n"));
    const LiveBatch batch = builder.Take();
    EXPECT_EQ(batch.bytes, "one\nthree\n  at Foo.bar\n");
    ASSERT_EQ(batch.messages.size(), 2u);
    EXPECT_EQ(batch.messages[1].begin, 4u);
    EXPECT_EQ(batch.messages[1].position, 3u);
    ASSERT_EQ(batch.dead_letters.size(), 1u);
    EXPECT_EQ(batch.dead_letters[0].position, "offset 2");
    EXPECT_EQ(batch.dead_letters[0].bytes, avro);
    EXPECT_EQ(ParseKafkaResume(batch.resume), 4);
  }
}

TEST(KafkaBatch, LatinTextIsText) {
  const KafkaEnvelope envelope{KafkaConfig()};
  KafkaBatchBuilder builder(Stream(), "logs", &envelope);
  builder.Add(Record(1,
                     "Verbindung zur\xfc"
                     "ckgesetzt von der Gegenstelle, Versuch 3"));
  EXPECT_TRUE(builder.Take().dead_letters.empty());
}

TEST(KafkaBatch, ServiceComesFromWhatTheConfigurationNames) {
  KafkaConfig config;
  config.service_from = "header:service";
  const KafkaEnvelope by_header(config);
  EXPECT_TRUE(by_header.WantsHeader("service"));
  EXPECT_FALSE(by_header.WantsHeader("trace"));
  KafkaBatchBuilder builder(Stream(), "logs", &by_header);
  for (const char* service : {"api", "api", "core", "api"}) {
    KafkaRecord record = Record(1, "x");
    record.headers = {{"service", service}};
    builder.Add(record);
  }
  builder.Add(Record(2, "nobody"));
  const LiveBatch batch = builder.Take();
  EXPECT_EQ(batch.services, (std::vector<std::string>{"api", "core"}));
  std::vector<uint32_t> which;
  for (const LiveMessage& m : batch.messages) which.push_back(m.service);
  EXPECT_EQ(which, (std::vector<uint32_t>{1, 1, 2, 1, 0}));

  KafkaRecord record = Record(1, "x");
  record.key = "etcd";
  config.service_from = "key";
  EXPECT_EQ(KafkaEnvelope(config).Service("logs", record), "etcd");
  config.service_from = "topic";
  EXPECT_EQ(KafkaEnvelope(config).Service("logs", record), "logs");
}

TEST(KafkaBatch, IncludedEnvelopeIsVisibleToPatterns) {
  KafkaConfig config;
  config.include = {"key", "header:trace-id"};
  const KafkaEnvelope envelope(config);
  const auto value = [&](std::string_view text) {
    KafkaRecord record = Record(1, text);
    record.key = "k\"1";
    record.headers = {{"trace-id", "abc"}, {"other", "no"}};
    std::string out;
    envelope.AppendValue(record, &out);
    return out;
  };
  EXPECT_EQ(value(R"({"msg":"x"})"),
            R"({"msg":"x","kafka_key":"k\"1","kafka_header_trace_id":"abc"})");
  EXPECT_EQ(value("{}"), R"({"kafka_key":"k\"1","kafka_header_trace_id":"abc"})");
  EXPECT_EQ(value("failed\n  at Foo\n"),
            "failed kafka_key=\"k\\\"1\" kafka_header_trace_id=\"abc\"\n  at Foo");
}

TEST(KafkaBatch, DamagedResumeBytesAreTold) {
  EXPECT_EQ(ParseKafkaResume("4711"), 4711);
  EXPECT_EQ(ParseKafkaResume(""), std::nullopt);
  EXPECT_EQ(ParseKafkaResume("-2"), std::nullopt);
  EXPECT_EQ(ParseKafkaResume("12x"), std::nullopt);
}

}  // namespace
}  // namespace culprit
