// The Kafka sink against a real broker; skipped where ./dev setup test did not get one.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "sinks/common/message.h"
#include "sinks/kafka/kafka_sink.h"
#include "tests/fakes/fake_process.h"

namespace culprit {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;
using testing::Not;

// One broker for all tests: it takes seconds to start.
class RealKafka : public testing::Test {
 protected:
  static void SetUpTestSuite() { broker = new FakeProcess("real_kafka.py"); }
  static void TearDownTestSuite() { delete broker; }
  void SetUp() override {
    if (broker->port() == 0) GTEST_SKIP() << "no Kafka broker here";
    state = Json::parse(broker->Get("/state"));
    config.brokers = state["bootstrap"];
    config.topic = testing::UnitTest::GetInstance()->current_test_info()->name();
    config.timeout = 20 * kSecondUs;
  }
  static Notification About(const std::string& incident, int revision) {
    Notification n = SampleNotification();
    n.incident.id = incident;
    n.id = incident + "/updated/" + std::to_string(revision) + "/kafka";
    return n;
  }
  static void Good(Sink& sink, const Notification& n) {
    DeliveryResult result;
    // As the sender would, without its waits: a broker that just came back may still move leaders.
    for (int i = 0; i < 5; ++i) {
      result = sink.Deliver(n);
      if (result.outcome == DeliveryOutcome::kDelivered) return;
    }
    ADD_FAILURE() << n.id << ": " << result.error;
  }
  Json Messages() const { return Json::parse(broker->Get("/messages?topic=" + config.topic)); }

  static FakeProcess* broker;
  Json state;
  KafkaSinkConfig config;
};
FakeProcess* RealKafka::broker = nullptr;

TEST_F(RealKafka, KeepsAnIncidentsStoryInOrder) {
  const std::unique_ptr<Sink> sink = *MakeKafkaSink(config);
  for (int i = 1; i <= 10; ++i)
    for (const char* incident : {"INC-1", "INC-2", "INC-3"}) Good(*sink, About(incident, i));
  std::map<std::string, int> seen;
  std::map<std::string, int> partition;
  for (const Json& m : Messages()) {
    const std::string key = m["key"];
    EXPECT_EQ(m["id"], key + "/updated/" + std::to_string(++seen[key]) + "/kafka");
    EXPECT_EQ(partition.emplace(key, m["partition"]).first->second, m["partition"]);
    EXPECT_EQ(Json::parse(m["value"].get<std::string>())["schema"], "culprit/notification/1");
  }
  EXPECT_EQ(seen, (std::map<std::string, int>{{"INC-1", 10}, {"INC-2", 10}, {"INC-3", 10}}));
}

TEST_F(RealKafka, ABrokerThatDiesAndComesBackLosesAndDoublesNothing) {
  const std::unique_ptr<Sink> sink = *MakeKafkaSink(config);
  for (int i = 1; i <= 3; ++i) Good(*sink, About("INC-1", i));
  broker->Get("/kill");
  std::thread later([] { broker->Get("/start"); });
  for (int i = 4; i <= 6; ++i) Good(*sink, About("INC-1", i));
  later.join();
  std::vector<std::string> ids;
  for (const Json& m : Messages()) ids.push_back(m["id"]);
  ASSERT_EQ(ids.size(), 6u);
  for (int i = 1; i <= 6; ++i) EXPECT_EQ(ids[static_cast<size_t>(i) - 1], About("INC-1", i).id);
}

TEST_F(RealKafka, SpeaksSaslOverTlsAndSaysWhyItCannot) {
  config.brokers = state["secure"];
  config.tls = true;
  config.ca_file = state["ca"];
  config.sasl_mechanism = "SCRAM-SHA-256";
  config.username = state["user"];
  config.password = Secret(state["password"].get<std::string>());
  Good(**MakeKafkaSink(config), About("INC-1", 1));
  EXPECT_EQ(Messages().size(), 1u);

  config.timeout = 8 * kSecondUs;  // it is waited for in full
  KafkaSinkConfig wrong = config;
  wrong.password = Secret("wr0ngPassword");
  DeliveryResult result = (*MakeKafkaSink(wrong))->Deliver(About("INC-1", 2));
  EXPECT_EQ(result.outcome, DeliveryOutcome::kRejected);
  EXPECT_EQ(result.reason, "auth") << result.error;
  EXPECT_THAT(result.error, Not(HasSubstr("wr0ngPassword")));
  wrong = config;
  wrong.ca_file.clear();
  result = (*MakeKafkaSink(wrong))->Deliver(About("INC-1", 3));
  EXPECT_EQ(result.outcome, DeliveryOutcome::kRejected);
  EXPECT_EQ(result.reason, "certificate") << result.error;
}

}  // namespace
}  // namespace culprit
