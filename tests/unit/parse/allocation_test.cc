// Once warm, a StreamParser allocates nothing per record.
#include <gtest/gtest.h>

#include "engine/parse/stream_parser.h"
#include "tests/unit/counted_allocations.h"

namespace culprit {
namespace {

TEST(Allocation, NoneOnceWarm) {
#ifndef CULPRIT_COUNTS_ALLOCATIONS
  GTEST_SKIP() << "allocations are not counted under sanitizers";
#endif
  // NOLINTBEGIN(bugprone-suspicious-missing-comma): long lines are cut
  const std::string texts[] = {
      "{\"level\":\"error\",\"ts\":\"2026-11-21T06:51:05Z\",\"msg\":\"a\\nb\",\"error\":\"gone\"}"
      "\n",
      "{\"log\":\"06:51:05.120 ERROR  a.b.C#37 no\\n\",\"stream\":\"stdout\",\"time\":"
      "\"2026-11-21T06:51:05.123Z\"}\n",
      "2026-11-21 06:51:05,123 [main] ERROR a.b.C - no\njava.lang.Error: no\n\tat "
      "a.b.C(C.java:7)\n",
      "time=2026-11-21T06:51:05Z level=error msg=\"no \\\"lease\\\"\"\n",
      "words without a time\n  indented\n",
      "<11>Nov 21 06:51:05 n1 cart[12]: {\"level\":\"warn\",\"msg\":\"x\"}\n"};
  // NOLINTEND(bugprone-suspicious-missing-comma)
  for (const std::string& text : texts) {
    std::string block;
    for (int i = 0; i < 50; ++i) block += text;
    StreamInfo info;
    info.path = "cart.log";
    Counters counters;
    StreamParser parser(info, {}, &counters);
    parser.Sniff(block);
    size_t after_warm_up = 0;
    for (int pass = 0; pass < 3; ++pass) {
      const uint64_t offset = static_cast<uint64_t>(pass) * block.size();
      if (pass == 2) after_warm_up = allocations;
      for (size_t at = 0; at < block.size();) {
        const size_t end = block.find('\n', at);
        Record record;
        parser.Parse(block, offset, std::string_view(block).substr(at, end - at), &record);
        parser.ReadText(&record);
        at = end + 1;
      }
      parser.EndBlock(block, offset);
    }
    EXPECT_EQ(allocations, after_warm_up) << text;
  }
}

}  // namespace
}  // namespace culprit
