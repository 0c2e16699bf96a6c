#include "sinks/opsgenie/opsgenie_sink.h"

#include <gmock/gmock.h>

#include "sinks/common/message.h"
#include "tests/fakes/fake_process.h"

namespace culprit {
namespace {

using testing::HasSubstr;

class OpsgenieTest : public testing::Test {
 protected:
  void Good(Notification n, NotifyEvent event) {
    OpsgenieSinkConfig c;
    c.api_key = Secret("fake-genie-key-0123456789");
    c.url = fake.Url("");
    c.tags = {std::string(80, 't')};
    c.http.environment_proxy = false;
    n.event = event;
    const DeliveryResult result = (*MakeOpsgenieSink(c))->Deliver(n);
    EXPECT_EQ(result.outcome, DeliveryOutcome::kDelivered) << result.error;
  }
  FakeProcess fake{"opsgenie.py"};
};

TEST_F(OpsgenieTest, AnIncidentIsOneAlertFromCreateToClose) {
  Notification n = SampleNotification();
  n.text = "root changed";
  Good(n, NotifyEvent::kOpened);
  Good(n, NotifyEvent::kUpdated);
  Good(n, NotifyEvent::kEscalated);
  Good(n, NotifyEvent::kAcknowledged);
  EXPECT_THAT(fake.Get("/"), HasSubstr("P1 · acked · x2"));
  Good(n, NotifyEvent::kResolved);
  const std::string page = fake.Get("/");
  EXPECT_THAT(page, HasSubstr("P1 · closed · x2"));
  EXPECT_THAT(page, HasSubstr("notes: updated: root changed"));
  Good(n, NotifyEvent::kReopened);
  EXPECT_THAT(fake.Get("/"), HasSubstr("P1 · open · x1"));
}

TEST_F(OpsgenieTest, WhateverTheLogSaysTheAlertIsTaken) {
  Notification n = SampleNotification();
  n.dedup_key = "culprit/ä b?c#d%/" + std::string(600, 'k');
  n.incident.title = n.incident.root.component = n.owner = std::string(30'000, 'x') + "\xff<>";
  n.incident.impact = std::string(30'000, 'y');
  n.labels.assign(2'000, {"name", "value"});
  Good(n, NotifyEvent::kOpened);
  Good(n, NotifyEvent::kNote);
  Good(n, NotifyEvent::kResolved);
  EXPECT_THAT(fake.Get("/"), HasSubstr("closed"));
}

}  // namespace
}  // namespace culprit
