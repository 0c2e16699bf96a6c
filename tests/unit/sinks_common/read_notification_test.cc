#include <gtest/gtest.h>

#include "sinks/common/message.h"

namespace culprit {
namespace {

TEST(ReadNotification, GivesBackWhatWasWritten) {
  Notification n = SampleNotification();
  for (int i = 0; i <= static_cast<int>(NotifyEvent::kEscalated); ++i) {
    n.event = static_cast<NotifyEvent>(i);
    n.drill = i % 2 == 0;
    const std::string json = NotificationJson(n);
    const absl::StatusOr<Notification> back = ReadNotificationJson(json);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(NotificationJson(*back), json);
    EXPECT_EQ(back->event, n.event);
    EXPECT_EQ(back->evidence_streams, n.evidence_streams);
  }
}

TEST(ReadNotification, RefusesWhatIsNone) {
  EXPECT_FALSE(ReadNotificationJson("").ok());
  EXPECT_FALSE(ReadNotificationJson("[1]").ok());
  EXPECT_FALSE(ReadNotificationJson(R"({"event":"opened"})").ok());
  EXPECT_FALSE(ReadNotificationJson(R"({"event":"sneezed","incident":{}})").ok());
}

}  // namespace
}  // namespace culprit
