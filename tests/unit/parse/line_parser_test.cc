// What LineParser says without a full parse agrees with the full parse.
#include "engine/parse/line_parser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

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
      if (!quick.SurelyStartsRecord(second, before.group, false)) continue;
      ++sure;
      line_parser.Parse(second, &line);
      EXPECT_FALSE(Continues(before, line, true)) << first << "\n" << second;
      EXPECT_FALSE(Continues(before, line, false)) << first << "\n" << second;
    }
  }
  EXPECT_GT(sure, 60u);
}

std::string Quoted(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\t') {
      out += "\\t";
    } else {
      out += c;
    }
  }
  return out;
}

// The same over mutations of lines of every kind, also as Docker writes them.
TEST(LineParser, WhatSurelyStartsARecordDoesNotContinueOneOnMutatedLines) {
  std::vector<std::string> lines(std::begin(kLines), std::end(kLines));
  for (const char* line :
       {"Mar  1 00:00:00 node-94 kernel: plain words",
        "Mar  1 00:00:00 node-94 api[5]: at a.b.C(x)",
        "Mar  1 00:00:00 node-94 api[5]: db-1  | \tat a.b.C(x)",
        "Mar  1 00:00:00 node-94 api[5]: [123]: [4-1] DETAIL:  Key exists",
        "Mar  1 00:00:00 node-94 api[5]: HINT:  none",
        "Mar  1 00:00:00 node-94 api[5]: main.f(0x1)",
        "Mar  1 00:00:00 node-94 api[5]: 2018-09-28 20:54:19.227 22715 ERROR cinder.volume trace",
        "2026-11-21T06:51:05Z host api[1]: Caused by: a.B: c",
        "2026-11-21T06:51:05.123456789Z stdout F 2026-11-21 06:51:05 ERROR [api] failed",
        "2026-11-21T06:51:05.123456789 stdout F     at x",
        "2026-11-21T06:51:05.123456789Z stdout F Mar  1 00:00:00 n kernel: \tat x",
        "2026-11-21T06:51:05.123456789Z stdout F words",
        "2026-11-21T06:51:05.123456789Z [pod/a/b] \tat x",
        "2026-11-21T06:51:05.123456789Z \tat x",
        "2018-09-28 20:54:19.227 22715 ERROR cinder.volume.api trace",
        "2018-09-28 20:54:19.227 22715 ERROR cinder.volume.api [req-1 - -] trace",
        "2018-09-28 20:54:19.227 22715 INFO cinder.volume.api ready",
        "2026-11-21 06:51:05.123 UTC [5] LOG:  ready",
        "[123]: [4-1] DETAIL:  Key exists",
        "E1121 06:51:05.123456       1 reflector.go:138] failed to list",
        "27439:M 01 Mar 2026 00:05:29.131 * DB saved on disk",
        "[ 1234.567890] usb 1-1: gone",
        "[[ 1234.567890] usb",
        "2026-11-21 06:51:05,123 [main] INFO a.b.C - ready",
        "2026-11-21T06:51:05.123 WARN stdout F     at a.b.C(x)",
        "2026-11-21 06:51:05 stdout F     at a.b.C(x)",
        "2026-11-21 06:51:05 lower case words",
        "2026-11-21 06:51:05 EST host api[1]: \tat a.b.C(x)",
        "Sat Nov 21 06:51:05 2026 words",
        "api-1  | words",
        "app.tag: [1795243865.1, {\"log\":\"\\tat x\"}]",
        "panic: no",
        "<11>Nov 21 06:51:05 n1 c[1]: x"})
    lines.push_back(line);
  uint64_t seed = 7;
  const auto random = [&](size_t below) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return static_cast<size_t>(seed >> 33) % below;
  };
  const auto some = [&] {
    std::string line = lines[random(lines.size())];
    for (size_t n = random(3); n > 0; --n) {
      const std::string& other = lines[random(lines.size())];
      const size_t at = random(std::min<size_t>(line.size(), 80) + 1);
      switch (random(4)) {
        case 0:
          line.insert(at, 1, " []:|-.\t)0A\x1b"[random(12)]);
          break;
        case 1:
          line.erase(at, 1 + random(5));
          break;
        case 2:
          line = line.substr(0, at) + other.substr(random(other.size()));
          break;
        default:
          line.insert(at, other);
      }
    }
    return line;
  };
  LineParser before_parser{LineSettings()}, line_parser{LineSettings()}, quick{LineSettings()};
  LineFields before, line;
  size_t sure = 0;
  for (int i = 0; i < 40000; ++i) {
    const bool docker = i % 4 == 0;
    std::string first = some(), second = i % 3 == 0 ? first : some();
    constexpr std::string_view kOpen = "{\"log\":\"";
    if (docker) {
      for (std::string* text : {&first, &second})
        *text = std::string(kOpen) + Quoted(*text) +
                "\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-21T06:51:05.1Z\"}";
    }
    before_parser.Parse(first, &before);
    const std::string_view shown = std::string_view(second).substr(docker ? kOpen.size() : 0);
    if (before.partial || !quick.SurelyStartsRecord(shown, before.group, docker)) continue;
    ++sure;
    line_parser.Parse(second, &line);
    EXPECT_FALSE(Continues(before, line, true)) << first << "\n" << second;
    EXPECT_FALSE(Continues(before, line, false)) << first << "\n" << second;
  }
  EXPECT_GT(sure, 8000u);
}

TEST(LineParser, SyslogOfAnotherTagSurelyStartsARecord) {
  LineParser parser{LineSettings()};
  EXPECT_TRUE(parser.SurelyStartsRecord(kLines[0], "", false));
  EXPECT_TRUE(parser.SurelyStartsRecord(kLines[0], "sshd", false));
  EXPECT_FALSE(
      parser.SurelyStartsRecord("Mar  1 00:00:00 h a\\/b: c", "a/b", true));  // inside JSON
  EXPECT_TRUE(parser.SurelyStartsRecord(kLines[6], "", false));
}

// Most lines of these streams are seen through without parsing them.
TEST(LineParser, CommonLinesSurelyStartARecord) {
  LineParser parser{LineSettings()};
  EXPECT_TRUE(parser.SurelyStartsRecord(kLines[0], "kernel", false));  // behind one of its own tag
  EXPECT_TRUE(parser.SurelyStartsRecord(kLines[2], "sshd", false));
  for (const char* line :
       {"E1121 06:51:05.123456       1 reflector.go:138] failed to list",
        "27439:M 01 Mar 2026 00:05:29.131 * DB saved on disk", "[ 1234.567890] usb 1-1: gone",
        "2018-09-28 20:54:19.227 22715 INFO cinder.volume.api ready",
        "2026-11-21 06:51:05.123 UTC [5] LOG:  ready",
        "2026-11-21T06:51:05.1Z stdout F 2026-11-21 06:51:05 ERROR [api] failed"})
    EXPECT_TRUE(parser.SurelyStartsRecord(line, "", false)) << line;
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
