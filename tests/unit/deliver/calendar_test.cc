#include "engine/deliver/calendar.h"

#include <gmock/gmock.h>

#include "absl/time/time.h"

namespace culprit {
namespace {

TimeUs At(const char* text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, text, &time, &error)) << error;
  return absl::ToUnixMicros(time);
}

Calendar Make(const MuteTime& spec) {
  absl::StatusOr<Calendar> out = Calendar::Make(spec);
  EXPECT_TRUE(out.ok()) << out.status();
  return *std::move(out);
}

TEST(Calendar, NightBelongsToTheDayItBeganOn) {
  // Friday night in Berlin, until Saturday 06:00.
  const Calendar c = Make({"n", "Europe/Berlin", 1u << 4, 22 * 60, 6 * 60});
  EXPECT_FALSE(c.Covers(At("2026-11-20T21:59:59+01:00")));
  EXPECT_TRUE(c.Covers(At("2026-11-20T22:00:00+01:00")));
  EXPECT_TRUE(c.Covers(At("2026-11-21T05:59:59+01:00")));
  EXPECT_FALSE(c.Covers(At("2026-11-21T06:00:00+01:00")));
  EXPECT_FALSE(c.Covers(At("2026-11-21T22:00:00+01:00")));
  EXPECT_EQ(c.NextChange(At("2026-11-19T00:00:00+01:00")), At("2026-11-20T22:00:00+01:00"));
  EXPECT_EQ(c.NextChange(At("2026-11-20T23:00:00+01:00")), At("2026-11-21T06:00:00+01:00"));
}

TEST(Calendar, FollowsTheClocksOfItsZone) {
  const Calendar c = Make({"n", "Europe/Berlin", 0x7f, 22 * 60, 6 * 60});
  // The night in which the clocks go back has one hour more.
  EXPECT_EQ(c.NextChange(At("2026-10-24T22:00:00+02:00")), At("2026-10-25T06:00:00+01:00"));
  EXPECT_EQ(c.NextChange(At("2026-03-28T22:00:00+01:00")), At("2026-03-29T06:00:00+02:00"));
}

TEST(Calendar, WholeWeekNeverChanges) {
  const Calendar c = Make({"always", "UTC", 0x7f, 0, 24 * 60});
  EXPECT_TRUE(c.Covers(At("2026-11-21T12:00:00Z")));
  EXPECT_EQ(c.NextChange(At("2026-11-21T12:00:00Z")), INT64_MAX);
}

TEST(Calendar, RejectsUnknownZones) {
  EXPECT_EQ(Calendar::Make({"x", "Mars/Olympus"}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace culprit
