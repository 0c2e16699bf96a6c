// The Kafka source against librdkafka's own mock cluster: fast, needs no JVM. The real broker is in
// tests/e2e.
#include "engine/ingest/kafka/kafka_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <librdkafka/rdkafka.h>
// Behind rdkafka.h, which it needs.
#include <librdkafka/rdkafka_mock.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/port/kafka.h"

namespace culprit {
namespace {

constexpr absl::Duration kPatience = absl::Minutes(2);

// Commits when told to; what was not committed is forgotten by Crash().
class ManualSink : public LiveSink {
 public:
  absl::Status Push(LiveBatch) override { return absl::UnimplementedError("not used"); }
  absl::StatusOr<bool> TryPush(LiveBatch* batch) override {
    const std::lock_guard lock(mutex_);
    ++asked_;
    if (full_) return false;
    waiting_.push_back(std::move(*batch));
    if (automatic_) CommitAllLocked();
    changed_.notify_all();
    return true;
  }
  bool HasReceipt(std::string_view, std::string_view) const override { return false; }
  absl::Status PushDeadLetter(DeadLetter) override { return absl::OkStatus(); }
  bool Accepting() const override { return true; }
  TimeUs Now() const override { return 0; }

  void SetFull(bool full) {
    const std::lock_guard lock(mutex_);
    full_ = full;
  }
  void SetAutomatic(bool automatic) {
    const std::lock_guard lock(mutex_);
    automatic_ = automatic;
    if (automatic) CommitAllLocked();
    changed_.notify_all();
  }
  void Crash() {
    const std::lock_guard lock(mutex_);
    for (LiveBatch& batch : waiting_) batch.done(absl::CancelledError());
    waiting_.clear();
  }
  bool WaitFor(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, absl::ToChronoSeconds(kPatience), condition);
  }
  bool WaitForCommitted(size_t n) {
    return WaitFor([&] { return lines_ >= n; });
  }
  bool WaitForWaiting(size_t n) {
    return WaitFor([&] {
      size_t lines = 0;
      for (const LiveBatch& batch : waiting_) lines += batch.messages.size();
      return lines >= n;
    });
  }
  int asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  std::map<std::string, std::vector<std::string>> committed() {
    const std::lock_guard lock(mutex_);
    return committed_;
  }
  std::vector<DeadLetter> letters() {
    const std::lock_guard lock(mutex_);
    return letters_;
  }
  std::vector<ResumePoint> resume() {
    const std::lock_guard lock(mutex_);
    std::vector<ResumePoint> out;
    for (const auto& [key, point] : resume_) out.push_back(point);
    return out;
  }

 private:
  void CommitAllLocked() {
    for (LiveBatch& batch : waiting_) {
      std::string_view bytes = batch.bytes;
      for (size_t i = 0; i < batch.messages.size(); ++i) {
        const size_t begin = batch.messages[i].begin;
        const size_t end =
            i + 1 < batch.messages.size() ? batch.messages[i + 1].begin : bytes.size();
        committed_[batch.stream->key].emplace_back(bytes.substr(begin, end - begin - 1));
        ++lines_;
      }
      for (DeadLetter& letter : batch.dead_letters) letters_.push_back(std::move(letter));
      if (!batch.resume.empty()) resume_[batch.stream->key] = {*batch.stream, batch.resume};
      batch.done(absl::OkStatus());
    }
    waiting_.clear();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool full_ = false, automatic_ = true;
  int asked_ = 0;
  size_t lines_ = 0;
  std::vector<LiveBatch> waiting_;
  std::map<std::string, std::vector<std::string>> committed_;
  std::map<std::string, ResumePoint> resume_;
  std::vector<DeadLetter> letters_;
};

class KafkaSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    KafkaSettings settings;
    ASSERT_TRUE(settings.Set("linger.ms", "1").ok());
    ASSERT_TRUE(settings.Set("log_level", "0").ok());
    absl::StatusOr<KafkaHandle> producer = settings.Make(RD_KAFKA_PRODUCER);
    ASSERT_TRUE(producer.ok());
    producer_ = std::move(*producer);
    cluster_ = rd_kafka_mock_cluster_new(producer_.get(), 1);
    rd_kafka_mock_topic_create(cluster_, "logs", 2, 1);
    config_.brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
    config_.topics = {"logs"};
    // The mock cluster does not hear of members that leave.
    config_.properties = {{"log_level", "0"}, {"session.timeout.ms", "6000"}};
    rd_kafka_brokers_add(producer_.get(), config_.brokers.c_str());
  }
  void TearDown() override {
    if (cluster_ != nullptr) rd_kafka_mock_cluster_destroy(cluster_);
  }
  void Produce(int32_t partition, const std::string& value) {
    ASSERT_EQ(rd_kafka_producev(producer_.get(), RD_KAFKA_V_TOPIC("logs"),
                                RD_KAFKA_V_PARTITION(partition),
                                RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
                                RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_END),
              RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  void ProduceNumbered(int from, int to) {
    for (int i = from; i < to; ++i) Produce(i % 2, absl::StrCat("line ", i));
    ASSERT_EQ(rd_kafka_flush(producer_.get(), 30'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }
  std::unique_ptr<LiveSource> Started(ManualSink* sink, const std::vector<ResumePoint>& resume) {
    absl::StatusOr<std::unique_ptr<LiveSource>> source = MakeKafkaSource(config_);
    EXPECT_TRUE(source.ok()) << source.status();
    EXPECT_TRUE((*source)->Start(sink, resume).ok());
    return std::move(*source);
  }
  static void Finish(LiveSource& source) {
    source.Drain();
    source.Stop();
  }
  // Every number once, in order within its partition.
  static void ExpectLines(ManualSink& sink, int count) {
    std::set<int> seen;
    for (const auto& [key, lines] : sink.committed()) {
      int last = -1;
      for (const std::string& line : lines) {
        const int number = std::stoi(line.substr(5));
        EXPECT_GT(number, last);
        EXPECT_TRUE(seen.insert(number).second) << line;
        last = number;
      }
    }
    EXPECT_EQ(seen.size(), static_cast<size_t>(count));
  }

  KafkaHandle producer_;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  KafkaConfig config_;
};

TEST_F(KafkaSourceTest, EveryMessageOnceInOrder) {
  ProduceNumbered(0, 500);
  ManualSink sink;
  const auto source = Started(&sink, {});
  ASSERT_TRUE(sink.WaitForCommitted(500));
  ProduceNumbered(500, 1000);
  ASSERT_TRUE(sink.WaitForCommitted(1000));
  Finish(*source);
  ExpectLines(sink, 1000);
}

TEST_F(KafkaSourceTest, WhatWasNotCommittedComesAgainAfterACrash) {
  ProduceNumbered(0, 300);
  ManualSink sink;
  {
    const auto source = Started(&sink, {});
    ASSERT_TRUE(sink.WaitForCommitted(300));
    sink.SetAutomatic(false);
    ProduceNumbered(300, 400);
    ASSERT_TRUE(sink.WaitForWaiting(100));
    sink.Crash();
    source->Stop();
  }
  sink.SetAutomatic(true);
  const auto source = Started(&sink, sink.resume());
  ASSERT_TRUE(sink.WaitForCommitted(400));
  Finish(*source);
  ExpectLines(sink, 400);
}

TEST_F(KafkaSourceTest, OwnPositionWinsOverAnOlderOneOfTheGroup) {
  ProduceNumbered(0, 10);
  ManualSink sink;
  const auto source =
      Started(&sink, {{{"kafka", "logs/0", "", ""}, "5"}, {{"kafka", "logs/1", "", ""}, "3"}});
  ASSERT_TRUE(sink.WaitForCommitted(2));
  ProduceNumbered(10, 12);
  ASSERT_TRUE(sink.WaitForCommitted(4));
  Finish(*source);
  EXPECT_EQ(sink.committed()["logs/0"], (std::vector<std::string>{"line 10"}));
  EXPECT_EQ(sink.committed()["logs/1"], (std::vector<std::string>{"line 7", "line 9", "line 11"}));
}

TEST_F(KafkaSourceTest, AFullSinkPausesAndLosesNothing) {
  ManualSink sink;
  sink.SetFull(true);
  const auto source = Started(&sink, {});
  ProduceNumbered(0, 2000);
  ASSERT_TRUE(sink.WaitFor([&] { return true; }));
  const absl::Time deadline = absl::Now() + kPatience;
  while (source->health().state != SourceState::kPaused && absl::Now() < deadline)
    absl::SleepFor(absl::Milliseconds(10));
  EXPECT_EQ(source->health().state, SourceState::kPaused);
  sink.SetFull(false);
  ASSERT_TRUE(sink.WaitForCommitted(2000));
  Finish(*source);
  ExpectLines(sink, 2000);
}

TEST_F(KafkaSourceTest, LagIsWhatIsNotCommitted) {
  ManualSink sink;
  sink.SetAutomatic(false);
  const auto source = Started(&sink, {});
  ProduceNumbered(0, 50);
  ASSERT_TRUE(sink.WaitForWaiting(50));
  // What health tells is gathered twice a second.
  const auto wait_for_lag = [&](int64_t lag) {
    const absl::Time deadline = absl::Now() + kPatience;
    while (source->health().lag != lag && absl::Now() < deadline)
      absl::SleepFor(absl::Milliseconds(10));
    EXPECT_EQ(source->health().lag, lag);
  };
  wait_for_lag(50);
  sink.SetAutomatic(true);
  ASSERT_TRUE(sink.WaitForCommitted(50));
  wait_for_lag(0);
  EXPECT_EQ(source->health().streams, 2);
  EXPECT_EQ(source->health().records, 50u);
  Finish(*source);
  EXPECT_EQ(source->health().state, SourceState::kStopped);
}

TEST(KafkaSource, SettingsThatCannotWorkAreNamed) {
  KafkaConfig config;
  EXPECT_THAT(std::string(MakeKafkaSource(config).status().message()),
              ::testing::HasSubstr("brokers is missing"));
  config.brokers = "127.0.0.1:1";
  config.topics = {"logs"};
  config.start_at = "yesterday";
  EXPECT_THAT(std::string(MakeKafkaSource(config).status().message()),
              ::testing::HasSubstr("start_at 'yesterday'"));
  config.start_at = "2026-11-21T06:51:05Z";
  config.properties = {{"no.such", "secret-value"}};
  const std::string message(MakeKafkaSource(config).status().message());
  EXPECT_THAT(message, ::testing::HasSubstr("'no.such'"));
  EXPECT_THAT(message, ::testing::Not(::testing::HasSubstr("secret-value")));
}

TEST(KafkaSource, ADeadBrokerIsFailingNotFatal) {
  KafkaConfig config;
  config.brokers = "127.0.0.1:1";
  config.topics = {"logs"};
  config.properties = {{"log_level", "0"}};
  absl::StatusOr<std::unique_ptr<LiveSource>> source = MakeKafkaSource(config);
  ASSERT_TRUE(source.ok());
  ManualSink sink;
  ASSERT_TRUE((*source)->Start(&sink, {}).ok());
  const absl::Time deadline = absl::Now() + kPatience;
  while ((*source)->health().state != SourceState::kFailing && absl::Now() < deadline)
    absl::SleepFor(absl::Milliseconds(10));
  EXPECT_EQ((*source)->health().state, SourceState::kFailing);
  EXPECT_THAT((*source)->health().detail, ::testing::HasSubstr("127.0.0.1:1"));
  (*source)->Drain();
  (*source)->Stop();
}

}  // namespace
}  // namespace culprit
