// What LineParser says without a full parse agrees with the full parse.
#include "engine/parse/line_parser.h"

#include <gtest/gtest.h>

#include <string>

#include "engine/parse/block_lines.h"
#include "engine/parse/multiline.h"

namespace culprit {
namespace {

const char* const kLines[] = {
    "Mar  1 00:00:00 node-94 kernel: [68596.008020] full: drain grant range",
    "Mar  1 00:00:00 node-94 kernel:     at com.example.Main.run(Main.java:5)",
    "Mar  1 00:00:00 node-94 sshd[123]: Accepted publickey for root",
    "Mar  1 00:00:00 node-94 api: Traceback (most recent call last):",
    "Mar  1 00:00:00 node-94 no tag here",
    "Mar  1 is a date in some text that goes on",
    "10.0.0.1 - - [21/Nov/2026:06:51:05 +0000] \"GET / HTTP/1.1\" 502 157 \"-\" \"agent\"",
    "10.0.0.1 - - no access log, only text",
    "10.0.0.1 is an address",
    "2026-11-21T06:51:05Z host api[1]: started",
    "2026-11-21T06:51:05.123456789Z stdout F     at x",
    "2026-11-21 06:51:05 ERROR [api] failed",
    "2026-11-21 06:51:05 UTC [5] DETAIL:  Key exists",
    "    at com.example.Main.run(Main.java:5)",
};

TEST(LineParser, WhatSurelyStartsARecordDoesNotContinueOne) {
  LineParser before_parser{LineSettings()}, line_parser{LineSettings()}, quick{LineSettings()};
  LineFields before, line;
  size_t sure = 0;
  for (const char* first : kLines) {
    before_parser.Parse(first, &before);
    if (before.partial) continue;
    for (const char* second : kLines) {
      if (!quick.SurelyStartsRecord(second, before.group)) continue;
      ++sure;
      line_parser.Parse(second, &line);
      EXPECT_FALSE(Continues(before, line, true)) << first << "\n" << second;
      EXPECT_FALSE(Continues(before, line, false)) << first << "\n" << second;
    }
  }
  EXPECT_GT(sure, 60u);
}

TEST(LineParser, SyslogOfAnotherTagSurelyStartsARecord) {
  LineParser parser{LineSettings()};
  EXPECT_TRUE(parser.SurelyStartsRecord(kLines[0], ""));
  EXPECT_TRUE(parser.SurelyStartsRecord(kLines[0], "sshd"));
  EXPECT_FALSE(parser.SurelyStartsRecord(kLines[0], "kernel"));
  EXPECT_FALSE(parser.SurelyStartsRecord("Mar  1 00:00:00 h a\\/b: c", "a/b"));  // inside JSON
  EXPECT_TRUE(parser.SurelyStartsRecord(kLines[6], ""));
}

TEST(BlockLines, WhatIsIndentedIsATraceWithoutWrappers) {
  LineParser parser{LineSettings()};
  LineFields fields;
  for (const char* line : kLines) {
    for (const char* before : {" ", "\t", "  [", " 2026-11-21 06:51:05 ", "\t\x1b[31m"}) {
      const std::string text = std::string(before) + line;
      ASSERT_TRUE(IsIndented(text));
      parser.Parse(text, &fields);
      EXPECT_EQ(fields.shape, Shape::kTrace) << text;
      EXPECT_EQ(fields.wrapper_count, 0) << text;
      EXPECT_FALSE(fields.partial || fields.stamp.known()) << text;
      EXPECT_TRUE(fields.group.empty() && fields.repeat.empty() && fields.logger.empty()) << text;
    }
  }
}

TEST(BlockLines, WhatIsSurelyNoPieceIsNotPartial) {
  const std::string cri = "2026-11-21T06:51:05.123456789Z stdout P ";
  const std::string lines[] = {
      cri,
      cri + "half",
      cri.substr(0, cri.size() - 1),
      "2026-11-21T06:51:05.123456789Z stderr Pods are gone",
      "2026-11-21T06:51:05.123456789Z \x1b[31mstdout\x1b[0m \x1b[1mP\x1b[0m half",
      "2026-11-21T06:51:05.123456789Z stdout F " + cri + "half",
      "Mar  1 00:00:00 a-host-with-a-long-name.example.com api[1]: " + cri + "half",
      "{\"log\":\"" + cri + "half\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T06:51:05Z\"}",
      "{\"log\":\"2026-11-21T06:51:05.1Z stdout\\u0020P half\\n\",\"stream\":\"stdout\",\"time\":"
      "\"2026-11-21T06:51:05Z\"}",
  };
  LineParser parser{LineSettings()};
  LineFields fields;
  size_t partial = 0;
  for (const std::string& line : lines) {
    parser.Parse(line, &fields);
    partial += fields.partial;
    EXPECT_TRUE(!fields.partial || MayBePartial(line)) << line;
  }
  EXPECT_GE(partial, 8u);
  EXPECT_FALSE(MayBePartial("2026-11-21T06:51:05Z stdout F HTTP Ports are open"));
  EXPECT_FALSE(MayBePartial("P"));
}

}  // namespace
}  // namespace culprit
