// What LineParser says without a full parse agrees with the full parse.
#include "engine/parse/line_parser.h"

#include <gtest/gtest.h>

#include <string>

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

}  // namespace
}  // namespace culprit
