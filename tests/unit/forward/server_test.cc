// The server with senders of our own: what is taken, what is acknowledged when, what is refused.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/forward/server_fixture.h"

namespace culprit {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::string Entries(size_t n, size_t text_bytes = 100, size_t first = 0) {
  std::string all;
  for (size_t i = first; i < first + n; ++i) {
    all += Entry(EventTime(1'795'243'865, static_cast<uint32_t>(i)),
                 "line " + std::to_string(i) + " " + std::string(text_bytes, 'x'));
  }
  return all;
}

TEST_F(ForwardServer, TakesAllModesAndAcknowledgesThem) {
  Start();
  TestClient client = Connect();
  client.Send(MessageMode("a", "one", "c1"));
  EXPECT_EQ(client.ReceiveValue(), Ack("c1"));
  client.Send(ArrayOf(3) + Pack(std::string("b")) + ArrayOf(2) + Entries(2) + Option("c2"));
  EXPECT_EQ(client.ReceiveValue(), Ack("c2"));
  client.Send(Packed("c", Entries(3), "c3"));
  EXPECT_EQ(client.ReceiveValue(), Ack("c3"));
  client.Send(Packed("d", Gzip(Entries(4)) + Gzip(Entries(1)), "c4", "gzip"));
  EXPECT_EQ(client.ReceiveValue(), Ack("c4"));
  client.Send(Packed("e", Zstd(Entries(5)), "c5", "zstd"));
  EXPECT_EQ(client.ReceiveValue(), Ack("c5"));
  const auto streams = sink_.streams();
  EXPECT_THAT(sink_.Lines(), SizeIs(1 + 2 + 3 + 5 + 5));
  ASSERT_THAT(streams, SizeIs(5));
  const FakeSink::Stream a = StreamOf("forward:a@127.0.0.1");
  EXPECT_EQ(a.bytes,
            "{\"message\":\"one\",\"time\":\"2026-11-21T06:51:05.000000000Z\",\"tag\":\"a\"}\n");
  EXPECT_EQ(source_->health().records, 16U);
  EXPECT_EQ(source_->health().state, SourceState::kOk);
}

TEST_F(ForwardServer, AcknowledgesOnlyAfterTheCommit) {
  sink_.Hold();
  Start();
  TestClient client = Connect();
  client.Send(MessageMode("a", "one", "c1"));
  ASSERT_TRUE(WaitUntil([&] { return sink_.in_flight() == 1; }));
  EXPECT_THAT(sink_.Lines(), SizeIs(0));
  sink_.Resume();
  EXPECT_EQ(client.ReceiveValue(), Ack("c1"));
  EXPECT_THAT(sink_.Lines(), SizeIs(1));
}

TEST_F(ForwardServer, AChunkOfManyBatchesIsAcknowledgedAfterTheLast) {
  sink_.Hold();
  Start();
  TestClient client = Connect();
  client.Send(Packed("big", Entries(10'000), "c1") + MessageMode("small", "x", "c2"));
  ASSERT_TRUE(WaitUntil([&] { return sink_.in_flight() > 5; }));
  ASSERT_TRUE(UntilCount("chunks", 2));
  sink_.Resume();
  EXPECT_EQ(client.ReceiveValue(), Ack("c1"));
  EXPECT_EQ(client.ReceiveValue(), Ack("c2"));
  EXPECT_THAT(sink_.Lines(), SizeIs(10'001));
}

TEST_F(ForwardServer, KnowsAChunkThatCameBefore) {
  Start();
  TestClient client = Connect();
  const std::string chunk = Packed("a", Entries(10), "c1");
  client.Send(chunk);
  EXPECT_EQ(client.ReceiveValue(), Ack("c1"));
  client.Send(chunk);
  EXPECT_EQ(client.ReceiveValue(), Ack("c1"));
  TestClient other = Connect();
  other.Send(chunk);
  EXPECT_EQ(other.ReceiveValue(), Ack("c1"));
  EXPECT_THAT(sink_.Lines(), SizeIs(10));
  EXPECT_EQ(Count("duplicate_chunks"), 2U);
}

TEST_F(ForwardServer, AChunkThatComesAgainInFlightWaitsForTheFirst) {
  sink_.Hold();
  Start();
  const std::string chunk = Packed("a", Entries(10), "c1");
  TestClient client = Connect();
  client.Send(chunk);
  ASSERT_TRUE(WaitUntil([&] { return sink_.in_flight() == 1; }));
  TestClient other = Connect();
  other.Send(chunk);
  ASSERT_TRUE(UntilCount("duplicate_chunks", 1));
  sink_.Resume();
  EXPECT_EQ(other.ReceiveValue(), Ack("c1"));
  EXPECT_EQ(client.ReceiveValue(), Ack("c1"));
  EXPECT_THAT(sink_.Lines(), SizeIs(10));
}

TEST_F(ForwardServer, KilledWithinAChunkItIsTakenInOnce) {
  const std::string chunk = Packed("a", Entries(20'000), "c1");
  for (size_t committed : {0, 1, 3, 4, 100}) {
    sink_.Hold();
    const size_t before = sink_.committed();
    Start();
    TestClient client = Connect();
    client.Send(chunk);
    ASSERT_TRUE(WaitUntil([&] { return sink_.in_flight() > 5 || Count("duplicate_chunks") > 0; }));
    sink_.Release(committed);
    ASSERT_TRUE(WaitUntil(
        [&] { return sink_.in_flight() == 0 || sink_.committed() >= before + committed; }));
    CrashAndRestart();
    EXPECT_TRUE(client.WaitForClose());
    Stop();
  }
  Start();
  TestClient client = Connect();
  client.Send(chunk);
  EXPECT_EQ(client.ReceiveValue(), Ack("c1"));
  const auto streams = sink_.streams();
  const std::vector<std::string> lines = sink_.Lines();
  EXPECT_THAT(lines, SizeIs(20'000));
  EXPECT_EQ(std::set<std::string>(lines.begin(), lines.end()).size(), 20'000U);
  ASSERT_THAT(streams, SizeIs(1));
  EXPECT_EQ(streams.begin()->second.resume,
            std::to_string(streams.begin()->second.positions.back() + 1));
}

TEST_F(ForwardServer, WhatIsNotCommittedIsNotAcknowledged) {
  sink_.Hold();
  Start();
  TestClient client = Connect();
  client.Send(MessageMode("a", "one", "c1"));
  ASSERT_TRUE(WaitUntil([&] { return sink_.in_flight() == 1; }));
  sink_.Refuse(1);
  sink_.Resume();
  EXPECT_EQ(client.ReceiveValue(), "");
}

TEST_F(ForwardServer, StopsReadingWhenTheSinkIsFullAndLosesNothing) {
  sink_.Hold();
  Start();
  TestClient client = Connect();
  std::thread sender([&] {
    for (size_t i = 0; i < 50; ++i) {
      client.Send(Packed("a", Entries(2000, 500, 2000 * i), "c" + std::to_string(i)));
    }
  });
  ASSERT_TRUE(WaitUntil([&] { return source_->health().state == SourceState::kPaused; }));
  EXPECT_LT(source_->health().bytes, 20U << 20) << "of 60 MB";
  sink_.Resume();
  for (size_t i = 0; i < 50; ++i) EXPECT_EQ(client.ReceiveValue(), Ack("c" + std::to_string(i)));
  sender.join();
  EXPECT_THAT(sink_.Lines(), SizeIs(100'000));
}

TEST_F(ForwardServer, StopsReadingWhileTooMuchIsNotCommitted) {
  config_.max_unacked_bytes = 100'000;
  sink_.Hold();
  Start();
  TestClient client = Connect();
  std::thread sender([&] {
    for (size_t i = 0; i < 100; ++i) client.Send(Packed("a", Entries(1000, 100, 1000 * i)));
  });
  ASSERT_TRUE(WaitUntil([&] { return sink_.in_flight() > 0; }));
  EXPECT_LT(sink_.in_flight(), 10U);
  sink_.Resume();
  EXPECT_TRUE(WaitUntil([&] { return sink_.LineCount() >= 100'000; }));
  sender.join();
}

TEST_F(ForwardServer, ManySmallMessagesShareBatches) {
  Start();
  TestClient client = Connect();
  std::string all;
  for (size_t i = 0; i < 5000; ++i) {
    all += MessageMode(i % 2 == 0 ? "a" : "b", std::to_string(i), "c" + std::to_string(i));
  }
  std::thread sender([&] { client.Send(all); });
  std::set<std::string> acks;
  for (size_t i = 0; i < 5000; ++i) acks.insert(client.ReceiveValue());
  sender.join();
  EXPECT_THAT(acks, SizeIs(5000));
  const auto streams = sink_.streams();
  EXPECT_THAT(sink_.Lines(), SizeIs(5000));
  EXPECT_LT(sink_.committed(), 2500U);
}

TEST_F(ForwardServer, SendersInParallelLoseNothing) {
  config_.threads = 4;
  Start();
  std::vector<std::thread> senders;
  for (size_t s = 0; s < 8; ++s) {
    senders.emplace_back([&, s] {
      TestClient client(source_->port());
      for (size_t i = 0; i < 20; ++i) {
        const std::string id = std::to_string(s) + "/" + std::to_string(i);
        client.Send(Packed(s % 2 == 0 ? "shared" : "t" + std::to_string(s), Entries(500), id));
        EXPECT_EQ(client.ReceiveValue(), Ack(id));
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_THAT(sink_.Lines(), SizeIs(8 * 20 * 500));
}

TEST_F(ForwardServer, TakesJson) {
  Start();
  TestClient client = Connect();
  client.Send("[\"a\", 1795243865, {\"message\": \"one\"}, {\"chunk\": \"c1\"}]\n");
  EXPECT_EQ(client.ReceiveUntil("}"), "{\"ack\":\"c1\"}");
  client.Send("[\"b\",[[5,{\"n\":1}],[6,{\"n\":2}]],{\"chunk\":\"c2\"}]");
  EXPECT_EQ(client.ReceiveUntil("}"), "{\"ack\":\"c2\"}");
  EXPECT_THAT(sink_.Lines(), SizeIs(3));
}

TEST_F(ForwardServer, AnswersHeartbeats) {
  Start();
  TestClient client = Connect();
  client.Send(std::string("\xc0\xc0", 2) + MessageMode("a", "x", "c1"));
  EXPECT_EQ(client.ReceiveValue(), Ack("c1"));
  EXPECT_EQ(Count("heartbeats"), 2U);
  const int fd = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(source_->port());
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const timeval patience{.tv_sec = 120, .tv_usec = 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  char byte = 0;
  sendto(fd, &byte, 1, 0, reinterpret_cast<sockaddr*>(&to), sizeof(to));
  byte = 1;
  EXPECT_EQ(recv(fd, &byte, 1, 0), 1);
  EXPECT_EQ(byte, 0);
  close(fd);
}

TEST_F(ForwardServer, AHalfClosedSenderGetsItsAcknowledgements) {
  sink_.Hold();
  Start();
  TestClient client = Connect();
  client.Send(MessageMode("a", "x", "c1"));
  client.CloseSending();
  ASSERT_TRUE(WaitUntil([&] { return sink_.in_flight() == 1; }));
  sink_.Resume();
  EXPECT_EQ(client.ReceiveValue(), Ack("c1"));
  EXPECT_TRUE(client.WaitForClose());
}

TEST_F(ForwardServer, DrainTakesWhatCameAndAcknowledgesIt) {
  sink_.Hold();
  Start();
  TestClient client = Connect();
  client.Send(MessageMode("a", "x", "c1"));
  ASSERT_TRUE(WaitUntil([&] { return sink_.in_flight() == 1; }));
  client.Send(MessageMode("a", "without a chunk"));
  source_->Drain();
  ASSERT_TRUE(WaitUntil([&] { return sink_.in_flight() == 2; }));
  sink_.Resume();
  EXPECT_EQ(client.ReceiveValue(), Ack("c1"));
  EXPECT_TRUE(client.WaitForClose());
  source_->Stop();
  EXPECT_EQ(source_->health().state, SourceState::kStopped);
  EXPECT_FALSE(TestClient(source_->port()).ok());
}

TEST_F(ForwardServer, NumberOfStreamsIsBounded) {
  config_.max_streams = 3;
  Start();
  TestClient client = Connect();
  for (size_t i = 0; i < 10; ++i) {
    client.Send(MessageMode("tag" + std::to_string(i), "x", "c" + std::to_string(i)));
    EXPECT_EQ(client.ReceiveValue(), Ack("c" + std::to_string(i)));
  }
  EXPECT_THAT(sink_.streams(), SizeIs(4));
  EXPECT_THAT(StreamOf("forward:(further-streams)").positions, SizeIs(7));
  EXPECT_EQ(source_->health().streams, 4);
}

TEST_F(ForwardServer, StreamsGoOnBehindTheirLastPosition) {
  Start();
  {
    TestClient client = Connect();
    client.Send(Packed("a", Entries(5), "c1"));
    EXPECT_EQ(client.ReceiveValue(), Ack("c1"));
  }
  Stop();
  Start();
  TestClient client = Connect();
  client.Send(Packed("a", Entries(5), "c2"));
  EXPECT_EQ(client.ReceiveValue(), Ack("c2"));
  const auto positions = StreamOf("forward:a@127.0.0.1").positions;
  for (size_t i = 0; i < 10; ++i) EXPECT_EQ(positions.at(i), i);
}

TEST(ForwardConfigTest, RefusesWhatCannotWork) {
  const auto error = [](const auto& change) {
    ForwardConfig config;
    change(config);
    return std::string(MakeForwardSource(config).status().message());
  };
  EXPECT_THAT(error([](ForwardConfig& c) { c.listen = "nonsense"; }), HasSubstr("0.0.0.0:24224"));
  EXPECT_THAT(error([](ForwardConfig& c) { c.threads = 0; }), HasSubstr("threads"));
  EXPECT_THAT(error([](ForwardConfig& c) {
                c.users.push_back({"u", Secret("p")});
              }),
              HasSubstr("shared_key"));
  EXPECT_THAT(error([](ForwardConfig& c) { c.max_streams = 0; }), HasSubstr("limits"));
  EXPECT_EQ(error([](ForwardConfig&) {}), "");
}

TEST_F(ForwardServer, SaysThatThePortIsTaken) {
  Start();
  ForwardConfig config;
  config.listen = "127.0.0.1:" + std::to_string(source_->port());
  const auto second = MakeForwardSource(config);
  const absl::Status status = (*second)->Start(&sink_, {});
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr(config.listen));
}

}  // namespace
}  // namespace culprit
