// What every sink over HTTP promises (engine/core/sink.h), as tests. Include it in one test file
// and instantiate with one SinkCase per sink.
#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "engine/core/sink.h"
#include "engine/deliver/destination.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sinks/common/http_sink.h"
#include "sinks/common/message.h"
#include "tests/fakes/fake_process.h"
#include "tests/fakes/memory_outbox.h"
#include "tests/unit/net/certificates.h"

namespace culprit {

struct SinkCase {
  std::string name;
  // A sink that sends to `base` ("http://127.0.0.1:80"); a secret path hangs on it if it has one.
  std::function<std::unique_ptr<Sink>(const std::string& base, const HttpSinkOptions&)> make;
  std::string ok_body;               // of an answer that means delivered
  std::vector<std::string> secrets;  // which no error may hold
  bool idempotent = true;            // a repeat is the same bytes

  friend void PrintTo(const SinkCase& c, std::ostream* out) { *out << c.name; }
};

class SinkContract : public testing::TestWithParam<SinkCase> {
 protected:
  using Json = nlohmann::json;

  std::unique_ptr<Sink> Make(const std::string& base, HttpSinkOptions options = {}) {
    options.environment_proxy = false;
    return GetParam().make(base, options);
  }
  // No result of this test may tell a secret.
  DeliveryResult Deliver(Sink& sink, const Notification& n = SampleNotification()) {
    const DeliveryResult result = sink.Deliver(n);
    for (const std::string& secret : GetParam().secrets)
      for (const std::string& text : {result.error, result.detail, result.receipt, result.reason})
        EXPECT_EQ(text.find(secret), std::string::npos) << text;
    if (result.outcome != DeliveryOutcome::kDelivered) {
      EXPECT_FALSE(result.error.empty());
      EXPECT_FALSE(result.reason.empty());
    }
    return result;
  }
  std::vector<std::string> Ok() const { return {"--ok-body", GetParam().ok_body}; }
  // Texts in which a careless receiver sends everything back.
  std::string Echo() const {
    std::string echo = "refused: ";
    for (const std::string& secret : GetParam().secrets) echo += secret + " ";
    return echo;
  }
  static void Order(FakeProcess& fake, const Json& rule) {
    fake.Order(Json{{"rules", {rule}}}.dump());
  }
  // The next requests, however many one delivery makes.
  static constexpr int kAll = 100;
};

TEST_P(SinkContract, EveryStatusHasItsOutcome) {
  FakeProcess fake("any_receiver.py", Ok());
  const std::unique_ptr<Sink> sink = Make(fake.Url(""));
  for (int status = 200; status < 600; ++status) {
    const bool good = status < 300;
    const std::string body = good ? GetParam().ok_body : Echo();
    fake.Forget();
    Order(fake, {{"status", status}, {"body", body}, {"times", kAll}});
    const DeliveryResult result = Deliver(*sink);
    if (status == 204 || status == 205) {  // no body: to Slack that is no answer
      EXPECT_NE(result.outcome, DeliveryOutcome::kRejected) << status;
      continue;
    }
    const std::set<int> retried = {408, 425, 429};
    const DeliveryOutcome expected = good ? DeliveryOutcome::kDelivered
                                     : status >= 500 || retried.count(status) > 0
                                         ? DeliveryOutcome::kRetry
                                         : DeliveryOutcome::kRejected;
    EXPECT_EQ(result.outcome, expected) << status << " " << result.error;
  }
}

TEST_P(SinkContract, WaitsAsLongAsTheReceiverSays) {
  FakeProcess fake("any_receiver.py", Ok());
  const std::unique_ptr<Sink> sink = Make(fake.Url(""));
  for (const int status : {429, 503}) {
    Order(fake, {{"status", status}, {"headers", {{"Retry-After", "30"}}}});
    EXPECT_EQ(Deliver(*sink).retry_after, 30 * kSecondUs);
  }
  for (const char* senseless : {"", "soon", "-5", "1e9", "Mon, 99 Nov 2026 25:00:00 GMT"}) {
    Json rule = {{"status", 429}};
    if (*senseless != '\0') rule["headers"] = {{"Retry-After", senseless}};
    Order(fake, rule);
    const DeliveryResult result = Deliver(*sink);
    EXPECT_EQ(result.outcome, DeliveryOutcome::kRetry);
    EXPECT_EQ(result.reason, "rate_limited");
    EXPECT_EQ(result.retry_after, 0) << senseless;
  }
  EXPECT_EQ(Deliver(*sink).outcome, DeliveryOutcome::kDelivered);
}

// On virtual time, through the sender: whoever asks for patience gets it, and then each message
// once.
TEST_P(SinkContract, HalfAnHourOfTooManyRequestsLosesAndDoublesNothing) {
  FakeProcess fake("any_receiver.py", Ok());
  Order(fake, {{"status", 429}, {"headers", {{"Retry-After", "60"}}}, {"times", 1'000'000}});
  MemoryOutbox outbox;
  const std::vector<std::string> incidents = {"INC-a", "INC-b", "INC-c"};
  for (const std::string& incident : incidents)
    outbox.Add("it", NotifyEvent::kOpened, incident, SampleNotification());
  Destination destination("it", Make(fake.Url("")), &outbox, {}, 1);
  TimeUs now = 1'790'000'000 * kSecondUs;
  const auto run = [&](DurationUs time) {
    for (const TimeUs end = now + time;
         now < end && outbox.Count("it", "delivered") < incidents.size();)
      now = std::max(destination.Step(now), now + kSecondUs / 1000);
  };
  run(30 * kMinuteUs);
  EXPECT_LE(Json::parse(fake.Requests()).size(), 31u);
  EXPECT_EQ(outbox.Count("it", "pending"), incidents.size());
  fake.Forget();
  run(10 * kMinuteUs);
  EXPECT_EQ(outbox.Count("it", "delivered"), incidents.size());
  size_t posted = 0;
  for (const Json& request : Json::parse(fake.Requests())) posted += request["method"] == "POST";
  EXPECT_EQ(posted, incidents.size());
}

TEST_P(SinkContract, SilenceAndSlownessEndInATimeOut) {
  FakeProcess fake("any_receiver.py", Ok());
  const std::unique_ptr<Sink> sink = Make(fake.Url(""), {.timeout = kSecondUs / 5});
  Order(fake, {{"delay", 1.0}});
  DeliveryResult result = Deliver(*sink);
  EXPECT_EQ(result.outcome, DeliveryOutcome::kRetry);
  EXPECT_EQ(result.reason, "timeout");
  Order(fake, {{"slow", 1.0}});
  result = Deliver(*sink);
  EXPECT_EQ(result.outcome, DeliveryOutcome::kRetry);
  EXPECT_EQ(result.reason, "timeout");
}

TEST_P(SinkContract, BrokenConnectionsAreTriedAgain) {
  FakeProcess fake("any_receiver.py", Ok());
  const std::unique_ptr<Sink> sink = Make(fake.Url(""));
  // Before the request had an effect, after it, and in the middle of the answer.
  const Json ways[] = {{{"reset", true}}, {{"reset", true}, {"late", true}}, {{"cut", true}}};
  for (Json how : ways) {
    fake.Forget();
    how["times"] = kAll;
    Order(fake, how);
    const DeliveryResult result = Deliver(*sink);
    EXPECT_EQ(result.outcome, DeliveryOutcome::kRetry) << how;
    EXPECT_EQ(result.reason, "cut") << how;
  }
  fake.Forget();
  EXPECT_EQ(Deliver(*sink).outcome, DeliveryOutcome::kDelivered);
}

TEST_P(SinkContract, NobodyThereIsTriedAgain) {
  DeliveryResult result = Deliver(*Make("http://127.0.0.1:1"));
  EXPECT_EQ(result.outcome, DeliveryOutcome::kRetry);
  EXPECT_EQ(result.reason, "refused");
  result = Deliver(*Make("http://no-such-host.invalid"));
  EXPECT_EQ(result.outcome, DeliveryOutcome::kRetry);
  EXPECT_EQ(result.reason, "dns");
}

TEST_P(SinkContract, OnlyTrustedCertificatesGetTheMessage) {
  TestCertificates files;
  const auto with = [&](const std::string& who) {
    std::vector<std::string> arguments = Ok();
    for (const std::string& word : {std::string("--cert"), files.Path(who + ".pem"),
                                    std::string("--key"), files.Path(who + ".key")})
      arguments.push_back(word);
    return arguments;
  };
  HttpSinkOptions options;
  options.tls.ca_file = files.Path("ca.pem");
  {
    FakeProcess fake("any_receiver.py", with("server"));
    EXPECT_EQ(Deliver(*Make(fake.Url("", "https"), options)).outcome, DeliveryOutcome::kDelivered);
    const DeliveryResult result = Deliver(*Make(fake.Url("", "https")));
    EXPECT_EQ(result.outcome, DeliveryOutcome::kRejected);
    EXPECT_EQ(result.reason, "certificate");
  }
  {
    FakeProcess fake("any_receiver.py", with("elsewhere"));
    const DeliveryResult result = Deliver(*Make(fake.Url("", "https"), options));
    EXPECT_EQ(result.outcome, DeliveryOutcome::kRejected);
    EXPECT_EQ(result.reason, "certificate");
  }
  {
    // Somebody will renew it: what is said meanwhile must not be lost.
    FakeProcess fake("any_receiver.py", with("expired"));
    const DeliveryResult result = Deliver(*Make(fake.Url("", "https"), options));
    EXPECT_EQ(result.outcome, DeliveryOutcome::kRetry) << result.error;
    EXPECT_EQ(result.reason, "expired") << result.error;
  }
}

TEST_P(SinkContract, ARepeatIsTheSameMessage) {
  if (!GetParam().idempotent) GTEST_SKIP() << "tested with its own fake";
  FakeProcess fake("any_receiver.py", Ok());
  const std::unique_ptr<Sink> sink = Make(fake.Url(""));
  Deliver(*sink);
  const Json first = Json::parse(fake.Requests());
  fake.Forget();
  Deliver(*sink);
  const Json second = Json::parse(fake.Requests());
  ASSERT_EQ(first.size(), second.size());
  for (size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i]["path"], second[i]["path"]);
    EXPECT_EQ(first[i]["body"], second[i]["body"]);
  }
}

TEST_P(SinkContract, APreviewSaysWhatIsSentWithoutSecrets) {
  const std::string preview = Make("http://127.0.0.1:1")->Preview(SampleNotification());
  EXPECT_THAT(preview, testing::HasSubstr("etcd is down or unreachable"));
  for (const std::string& secret : GetParam().secrets)
    EXPECT_EQ(preview.find(secret), std::string::npos);
}

}  // namespace culprit
