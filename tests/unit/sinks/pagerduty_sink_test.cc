#include "sinks/pagerduty/pagerduty_sink.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "sinks/common/message.h"
#include "tests/fakes/fake_process.h"

namespace culprit {
namespace {

using Json = nlohmann::json;
using testing::HasSubstr;

class PagerDutyTest : public testing::Test {
 protected:
  std::unique_ptr<Sink> Make(PagerDutySinkConfig c = {}) {
    c.routing_key = Secret("0123456789abcdef0123456789abcdef");
    c.url = fake.Url("/v2/enqueue");
    c.http.environment_proxy = false;
    return *MakePagerDutySink(c);
  }
  void Good(const Notification& n) {
    const DeliveryResult result = Make()->Deliver(n);
    EXPECT_EQ(result.outcome, DeliveryOutcome::kDelivered) << result.error;
  }
  Json LastBody() {
    return Json::parse(Json::parse(fake.Requests()).back()["body"].get<std::string>());
  }
  FakeProcess fake{"pagerduty.py"};
};

TEST_F(PagerDutyTest, AnIncidentIsOneAlertFromTriggerToResolve) {
  Notification n = SampleNotification();
  Good(n);
  EXPECT_EQ(LastBody()["event_action"], "trigger");
  EXPECT_EQ(LastBody()["payload"]["severity"], "critical");
  EXPECT_EQ(LastBody()["links"].size(), 2u);
  n.event = NotifyEvent::kUpdated;
  Good(n);
  n.event = NotifyEvent::kAcknowledged;
  Good(n);
  EXPECT_EQ(LastBody()["event_action"], "acknowledge");
  n.event = NotifyEvent::kResolved;
  Good(n);
  EXPECT_EQ(LastBody()["event_action"], "resolve");
  const std::string page = fake.Get("/");
  EXPECT_THAT(page, HasSubstr("class='i resolved'"));
  EXPECT_EQ(page.find("class='i", page.find("class='i") + 1), std::string::npos) << "two alerts";
}

TEST_F(PagerDutyTest, SeveritiesAreMapped) {
  PagerDutySinkConfig c;
  c.severities = {"info", "info", "warning", "error"};
  ASSERT_EQ(Make(c)->Deliver(SampleNotification()).outcome, DeliveryOutcome::kDelivered);
  EXPECT_EQ(LastBody()["payload"]["severity"], "error");
}

TEST_F(PagerDutyTest, WhateverTheLogSaysTheEventIsTaken) {
  Notification n = SampleNotification();
  n.incident.title = std::string(5'000, 'x') + "\xff";
  n.dedup_key = std::string(400, 'k');
  n.incident.runbook.links.assign(30, {"wiki", "https://example.org/x"});
  n.labels.assign(20'000, {std::string(100, 'l'), std::string(100, 'v')});
  Good(n);
  EXPECT_LE(Json::parse(fake.Requests()).back()["body"].get<std::string>().size(),
            kPagerDutyMaxBytes);
  EXPECT_THAT(LastBody()["payload"]["custom_details"].dump(), HasSubstr("left out"));
}

TEST_F(PagerDutyTest, TheRateLimitIsHonoured) {
  FakeProcess strict("pagerduty.py", {"--limit", "1"});
  PagerDutySinkConfig c;
  c.routing_key = Secret("0123456789abcdef0123456789abcdef");
  c.url = strict.Url("/v2/enqueue");
  const std::unique_ptr<Sink> sink = *MakePagerDutySink(c);
  EXPECT_EQ(sink->Deliver(SampleNotification()).outcome, DeliveryOutcome::kDelivered);
  const DeliveryResult result = sink->Deliver(SampleNotification());
  EXPECT_EQ(result.reason, "rate_limited");
  EXPECT_EQ(result.retry_after, 3 * kSecondUs);
}

}  // namespace
}  // namespace culprit
