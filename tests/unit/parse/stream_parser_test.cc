#include "engine/parse/stream_parser.h"

#include <gtest/gtest.h>

#include "absl/time/time.h"
#include "engine/base/views.h"

namespace culprit {
namespace {

TimeUs At(const char* rfc3339) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, rfc3339, &time, &error)) << error;
  return absl::ToUnixMicros(time);
}

TEST(StreamParser, ReadsJsonLines) {
  StreamInfo info;
  info.path = "x/api.log";
  Counters counters;
  StreamParser parser(info, {}, &counters);
  const std::string block =
      "{\"level\":\"warn\",\"ts\":\"2026-11-21T06:51:05.123Z\",\"caller\":\"a/"
      "b.go:12\",\"msg\":\"slow "
      "\\\"read\\\"\",\"took\":\"1s\",\"error\":\"deadline\"}\n"
      "{\"level\":50,\"time\":1795243865123,\"name\":\"billing\",\"hostname\":\"n1\",\"msg\":"
      "\"oops\"}\n";
  parser.Sniff(block);
  EXPECT_EQ(parser.format_name(), "json");
  Record record;
  parser.Parse(block, 100, std::string_view(block).substr(0, block.find('\n')), &record);
  parser.ReadText(&record);
  EXPECT_EQ(record.message, "slow \"read\": deadline");
  EXPECT_EQ(record.level, Level::kWarn);
  EXPECT_EQ(record.time, At("2026-11-21T06:51:05.123Z"));
  EXPECT_EQ(record.service, "api");
  EXPECT_EQ(record.head_offset, 100U);
  parser.Parse(block, 100, std::string_view(block).substr(block.find('\n') + 1), &record);
  parser.ReadText(&record);
  EXPECT_EQ(record.message, "oops");
  EXPECT_EQ(record.level, Level::kError);
  EXPECT_EQ(record.service, "billing");
  EXPECT_EQ(record.instance, "n1");
  EXPECT_EQ(record.time_origin, TimeOrigin::kParsed);
}

TEST(StreamParser, JoinsTracesToTheirPlainRecord) {
  StreamInfo info;
  info.path = "logs/shop/cart.log";
  Counters counters;
  StreamParser parser(info, {}, &counters);
  const std::string block =
      "2026-11-21 06:51:05,123 [main] ERROR a.b.Cart - lost it\n"
      "java.lang.IllegalStateException: no\n"
      "\tat a.b.Cart.add(Cart.java:7)\n"
      "2026-11-21 06:51:06,000 [main] INFO a.b.Cart - fine\n";
  parser.Sniff(block);
  Record record;
  const size_t at = block.find("\tat");
  parser.Parse(block, 0, std::string_view(block).substr(at, 10), &record);
  EXPECT_EQ(record.head_offset, 0U);
  EXPECT_EQ(record.level, Level::kError);
  EXPECT_EQ(record.time, At("2026-11-21T06:51:05.123Z"));
  parser.ReadText(&record);
  EXPECT_EQ(record.message,
            "lost it\njava.lang.IllegalStateException: no\n\tat a.b.Cart.add(Cart.java:7)");
  EXPECT_EQ(record.service, "shop");
  EXPECT_EQ(record.instance, "cart");
}

// A DHCP lease in the middle of a log is text, not a record of another day.
TEST(StreamParser, TakesNoBareNumberForATimeWhereLinesBeginWithRealTimes) {
  StreamInfo info;
  info.path = "dhcp.log";
  Counters counters;
  StreamParser parser(info, {}, &counters);
  std::string block;
  for (int i = 10; i < 60; ++i)
    block += "2026-11-21 06:51:" + std::to_string(i) + ".000 INFO agent - renewed\n";
  const size_t lease = block.size();
  block += "1795330265 fa:16:3e:00:00:01 10.0.0.7 * *\n";
  parser.Sniff(block);
  Record record;
  parser.Parse(block, 0, std::string_view(block).substr(lease, 20), &record);
  EXPECT_EQ(record.time, At("2026-11-21T06:51:59Z"));

  const std::string epochs = "1795243865 worker started\n1795243866 worker failed\n";
  StreamParser other(info, {}, &counters);
  other.Sniff(epochs);
  other.Parse(epochs, 0, std::string_view(epochs).substr(26), &record);
  EXPECT_EQ(record.time, At("2026-11-21T06:51:06Z"));
}

}  // namespace
}  // namespace culprit
