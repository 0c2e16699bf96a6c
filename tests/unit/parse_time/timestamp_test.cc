#include "engine/parse/time/timestamp.h"

#include "gtest/gtest.h"

namespace culprit {
namespace {
TEST(Timestamp, Basics) {
  ParsedTime t;
  ASSERT_TRUE(ParseTime("2026-11-21T06:51:05.123456Z x", {}, &t));
  EXPECT_EQ(t.time, 1795243865123456);
}
}  // namespace
}  // namespace culprit
