// Joining: stack traces of every runtime, bounds, block borders; and that a result depends on bytes
// and positions alone.
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <tuple>

#include "engine/parse/stream_parser.h"

namespace culprit {
namespace {

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// How many records the text has, and how many lines each.
std::vector<size_t> RecordSizes(const std::string& text, ParseOptions options = {}) {
  StreamInfo info;
  info.path = "cart.log";
  Counters counters;
  StreamParser parser(info, options, &counters);
  parser.Sniff(text);
  std::map<uint64_t, size_t> sizes;
  for (std::string_view line : Lines(text)) {
    Record record;
    parser.Parse(text, 0, line, &record);
    ++sizes[record.head_offset];
  }
  std::vector<size_t> out;
  for (const auto& [head, size] : sizes) out.push_back(size);
  return out;
}

using Sizes = std::vector<size_t>;

TEST(Multiline, JoinsJavaTraces) {
  EXPECT_EQ(RecordSizes("2026-11-21 06:51:05,123 [main] ERROR a.b.C - no\n"
                        "java.lang.IllegalStateException: no\n"
                        "\tat a.b.C.run(C.java:7)\n"
                        "\t... 12 more\n"
                        "Caused by: java.io.IOException: gone\n"
                        "\tat a.b.D.run(D.java:9)\n"
                        "2026-11-21 06:51:06,000 [main] INFO a.b.C - fine\n"),
            (Sizes{6, 1}));
}

TEST(Multiline, JoinsPythonTraces) {
  EXPECT_EQ(RecordSizes("2026-11-21 06:51:05,123 - shop - ERROR - no\n"
                        "Traceback (most recent call last):\n"
                        "  File \"a.py\", line 7, in run\n"
                        "    return d['x']\n"
                        "KeyError: 'x'\n"
                        "2026-11-21 06:51:06,123 - shop - INFO - fine\n"),
            (Sizes{5, 1}));
  // Without any time: the exception's line closes the trace.
  EXPECT_EQ(RecordSizes("starting\nfailed to start\nTraceback (most recent call last):\n"
                        "  File \"a.py\", line 7, in run\n    x()\nKeyError: 'x'\nbye\n"),
            (Sizes{1, 4 + 1, 1}));
}

TEST(Multiline, JoinsGoNodeRubyCrystalAndDotnetTraces) {
  EXPECT_EQ(RecordSizes("2026/11/21 06:51:05 listening\n"
                        "panic: assignment to entry in nil map\n"
                        "\n"
                        "goroutine 1 [running]:\n"
                        "main.(*Server).run(0xc000, 0x1)\n"
                        "\t/app/main.go:12 +0x1d\n"
                        "exit status 2\n"),
            (Sizes{1, 6}));
  EXPECT_EQ(RecordSizes("Error: Connection terminated\n    at Client.x (/app/c.js:132:73)\n"
                        "    at process.y (node:internal:1:2) {\n  code: 'E'\n}\nnext\n"),
            (Sizes{5, 1}));
  EXPECT_EQ(RecordSizes("a.rb:7:in `run': no (RuntimeError)\n\tfrom a.rb:9:in `main'\nnext\n"),
            (Sizes{2, 1}));
  EXPECT_EQ(RecordSizes("Unhandled exception: no core (Core::Error)\n  from src/a.cr:7:3 in 'run'\n"
                        "  from src/b.cr:1:1 in 'main'\n"),
            (Sizes{3}));
  EXPECT_EQ(RecordSizes("fail: Shop.Cart[0]\n      no stock\n"
                        "      System.InvalidOperationException: no\n"
                        "         at Shop.Cart.Add() in /src/Cart.cs:line 7\n"
                        "info: Shop.Cart[0]\n      fine\n"),
            (Sizes{4, 2}));
}

TEST(Multiline, JoinsTheFramesThatOsloLogsLineByLine) {
  const std::string head = "2026-11-21 06:51:05.227 2715 ";
  EXPECT_EQ(
      RecordSizes(head + "INFO nova.compute [req-1 - -] start\n" +              //
                  head + "ERROR nova.compute [req-1 - -] [instance: 7] no\n" +  //
                  head + "ERROR nova.compute [instance: 7] Traceback (most recent call last):\n" +
                  head + "ERROR nova.compute [instance: 7]   File \"a.py\", line 7\n" +  //
                  head + "ERROR nova.compute [instance: 7] KeyError: 'x'\n" +            //
                  head + "ERROR nova.compute [req-2 - -] another\n" +                    //
                  head + "ERROR nova.other another still\n"),
      (Sizes{1, 4, 1, 1}));
}

TEST(Multiline, JoinsPostgresDetailsOfTheSameProcess) {
  const std::string time = "2026-11-21 06:51:05.123 UTC ";
  EXPECT_EQ(RecordSizes(time + "[7] u@d ERROR:  duplicate key\n" +         //
                        time + "[7] u@d DETAIL:  Key (a)=(1) exists.\n" +  //
                        time + "[7] u@d STATEMENT:  INSERT INTO t\n\tVALUES (1)\n" + time +
                        "[8] u@d ERROR:  other\n" +  //
                        time + "[7] u@d HINT:  of nobody\n"),
            (Sizes{4, 1, 1}));
}

TEST(Multiline, JoinsInsideWrappersOfTheSameWriterOnly) {
  EXPECT_EQ(RecordSizes("api-1  | 2026-11-21 06:51:05,123 [main] ERROR a.b.C - no\n"
                        "api-1  | java.lang.Error: no\n"
                        "api-1  | \tat a.b.C.run(C.java:7)\n"
                        "db-1   | \tnot of it\n"
                        "api-1  | 2026-11-21 06:51:05,125 [main] INFO a.b.C - fine\n"),
            (Sizes{3, 1, 1}));
  EXPECT_EQ(
      RecordSizes(
          R"({"log":"06:51:05.120 ERROR  a.b.C#37 no\n","stream":"stdout","time":"2026-11-21T06:51:05.123Z"})"
          "\n"
          R"({"log":"\u0009at a.b.C.run(C.java:7)\n","stream":"stdout","time":"2026-11-21T06:51:05.124Z"})"
          "\n"),
      (Sizes{2}));
}

TEST(Multiline, JoinsPartialLinesOfContainerRuntimes) {
  const std::string text =
      "2026-11-21T06:51:05.1Z stdout P {\"level\":\"error\",\"msg\":\"a \n"
      "2026-11-21T06:51:05.2Z stdout F b\"}\n"
      "2026-11-21T06:51:05.3Z stdout F {\"level\":\"info\",\"msg\":\"c\"}\n";
  EXPECT_EQ(RecordSizes(text), (Sizes{2, 1}));
  StreamInfo info;
  info.path = "cart.log";
  Counters counters;
  StreamParser parser(info, {}, &counters);
  parser.Sniff(text);
  Record record;
  parser.Parse(text, 0, Lines(text)[1], &record);
  EXPECT_EQ(record.level, Level::kError);
}

TEST(Multiline, LeavesRawLinesBetweenJsonRecordsAlone) {
  EXPECT_EQ(RecordSizes("{\"level\":\"info\",\"ts\":1795243865.1,\"msg\":\"a\"}\n"
                        "raw text\n"
                        "{\"level\":\"info\",\"ts\":1795243865.2,\"msg\":\"b\"}\n"
                        "panic: no\n\ngoroutine 1 [running]:\n"),
            (Sizes{1, 1, 1, 3}));
}

TEST(Multiline, CutsRecordsAtTheirBoundsAndCounts) {
  std::string text = "2026-11-21 06:51:05,123 [main] ERROR a.b.C - no\n";
  for (int i = 0; i < 10; ++i) text += "\tat a.b.C.run(C.java:7)\n";
  ParseOptions options;
  options.max_record_lines = 4;
  EXPECT_EQ(RecordSizes(text, options), (Sizes{4, 1, 1, 1, 1, 1, 1, 1}));
  StreamInfo info;
  info.path = "cart.log";
  Counters counters;
  StreamParser parser(info, options, &counters);
  parser.Sniff(text);
  Record record;
  parser.Parse(text, 0, Lines(text)[10], &record);
  EXPECT_TRUE(record.truncated);
  EXPECT_EQ(counters.Get(Reason::kRecordTruncated), 1U);
  EXPECT_EQ(record.time_origin, TimeOrigin::kInherited);
  EXPECT_EQ(counters.Get(Reason::kTimeInherited), 1U);
}

TEST(Multiline, CountsBytesThatAreNotUtf8) {
  StreamInfo info;
  info.path = "cart.log";
  Counters counters;
  StreamParser parser(info, {}, &counters);
  const std::string text = "{\"level\":\"error\",\"msg\":\"a\xFF\x62\",\"ts\":1795243865}\n";
  parser.Sniff(text);
  Record record;
  parser.Parse(text, 0, text, &record);
  parser.ReadText(&record);
  EXPECT_EQ(counters.Get(Reason::kInvalidUtf8), 1U);
  EXPECT_EQ(record.level, Level::kError);
  EXPECT_EQ(record.message, "a?b");
}

TEST(Multiline, ReadsCutJsonAsFarAsItGoes) {
  StreamInfo info;
  info.path = "cart.log";
  Counters counters;
  StreamParser parser(info, {}, &counters);
  const std::string text = "{\"level\":\"error\",\"ts\":1795243865,\"msg\":\"half of it";
  parser.Sniff(text);
  Record record;
  parser.Parse(text, 0, text, &record);
  parser.ReadText(&record);
  EXPECT_EQ(record.level, Level::kError);
  EXPECT_EQ(record.message, "half of it");
}

// --- Determinism ---

using Facts = std::tuple<uint64_t, TimeUs, TimeOrigin, Level, std::string, std::string>;

Facts FactsOf(const Record& record) {
  return {record.head_offset,          record.time,
          record.time_origin,          record.level,
          std::string(record.service), std::string(record.instance)};
}

std::string RandomLog(std::mt19937_64& random, int kind) {
  static const char* const kTimed[] = {
      "2026-11-21 06:51:0%d,123 [main] ERROR a.b.C - no\n",
      "java.lang.Error: no\n",
      "\tat a.b.C.run(C.java:7)\n",
      "plain words\n",
      "panic: no\n",
      "\n",
      "{\"level\":\"warn\",\"ts\":\"2026-11-21T06:52:0%dZ\",\"msg\":\"j\"}\n"};
  static const char* const kJson[] = {
      "{\"level\":\"warn\",\"ts\":\"2026-11-21T06:51:0%dZ\",\"msg\":\"j\",\"service\":\"s\"}\n",
      "{\"level\":\"info\",\"msg\":\"untimed\"}\n",
      "raw\n",
      "  indented\n",
      "Error: x\n",
      "{\"broken\n"};
  static const char* const kOslo[] = {
      "2026-11-21 06:51:0%d.227 2715 ERROR nova.compute [req-1 - -] no\n",
      "2026-11-21 06:51:01.227 2715 ERROR nova.compute   File \"a.py\"\n",
      "2026-11-21 06:51:02.227 2715 ERROR nova.compute KeyError\n", "free text\n",
      "2026-11-21 06:51:02.227 2715 INFO nova.compute [-] fine\n"};
  static const char* const kCompose[] = {"api-1  | 2026-11-21T06:51:0%dZ error: no\n",
                                         "api-1  | \tat x\n",
                                         "db-1   | \tat y\n",
                                         "db-1   | LOG:  ready\n",
                                         "api-1  | words\n",
                                         "words\n"};
  static const char* const kCri[] = {
      "2026-11-21T06:51:0%dZ stdout P part\n", "2026-11-21T06:51:0%dZ stdout F rest\n",
      "2026-11-21T06:51:0%dZ stderr F {\"level\":\"error\",\"msg\":\"m\"}\n",
      "2026-11-21T06:51:0%dZ stderr F \tat x\n"};
  static const char* const kPlain[] = {"one\n",
                                       "two: three\n",
                                       "  indented\n",
                                       "KeyError: 'x'\n",
                                       "Traceback (most recent call last):\n",
                                       "\n"};
  const auto pick = [&](auto& array) {
    char buffer[160];
    std::snprintf(buffer, sizeof(buffer), array[random() % std::size(array)],
                  static_cast<int>(random() % 10));
    return std::string(buffer);
  };
  std::string out;
  const int lines = 1 + static_cast<int>(random() % 60);
  for (int i = 0; i < lines; ++i) {
    switch (kind) {
      case 0:
        out += pick(kTimed);
        break;
      case 1:
        out += pick(kJson);
        break;
      case 2:
        out += pick(kOslo);
        break;
      case 3:
        out += pick(kCompose);
        break;
      case 4:
        out += pick(kCri);
        break;
      default:
        out += pick(kPlain);
        break;
    }
  }
  return out;
}

class Determinism : public testing::TestWithParam<int> {};

TEST_P(Determinism, ResultsDependOnBytesAndPositionsAlone) {
  std::mt19937_64 random(20261121 + static_cast<uint64_t>(GetParam()));
  for (int round = 0; round < 150; ++round) {
    const std::string text = RandomLog(random, GetParam());
    const std::vector<std::string_view> lines = Lines(text);
    ParseOptions options;
    options.max_record_lines = 2 + random() % 12;
    options.max_record_bytes = 40 + random() % 400;
    StreamInfo info;
    info.path = "cart.log";
    info.modified = 1795300000000000;
    // Oracle: a fresh parser for each line, one block.
    std::vector<Facts> want;
    std::vector<std::string> texts;
    for (std::string_view line : lines) {
      Counters counters;
      StreamParser parser(info, options, &counters);
      parser.Sniff(text);
      Record record;
      parser.Parse(text, 0, line, &record);
      parser.ReadText(&record);
      want.push_back(FactsOf(record));
      texts.emplace_back(record.text);
      ASSERT_LE(record.text.size(), std::max(options.max_record_bytes, line.size()) + 120);
    }
    // Random subsets, random block borders.
    for (int attempt = 0; attempt < 4; ++attempt) {
      Counters counters;
      StreamParser parser(info, options, &counters);
      parser.Sniff(text);
      const unsigned border = attempt == 0 ? 0 : 2 + static_cast<unsigned>(random() % 8);
      size_t block_at = 0;
      size_t first = 0;
      for (size_t i = 0; i < lines.size(); ++i) {
        const size_t end = static_cast<size_t>(lines[i].data() - text.data()) + lines[i].size() + 1;
        const bool last = i + 1 == lines.size();
        if (!last && (border == 0 || random() % border != 0)) continue;
        // A copy of its own, so that reads outside it show under asan.
        const std::string block = text.substr(block_at, end - block_at);
        for (size_t k = first; k <= i; ++k) {
          if (random() % 3 == 0) continue;
          const size_t at = static_cast<size_t>(lines[k].data() - text.data()) - block_at;
          Record record;
          parser.Parse(block, block_at, std::string_view(block).substr(at, lines[k].size()),
                       &record);
          ASSERT_EQ(FactsOf(record), want[k]) << "line " << k << " of\n" << text;
          if (border == 0) {
            parser.ReadText(&record);
            ASSERT_EQ(record.text, texts[k]);
          }
        }
        parser.EndBlock(block, block_at);
        block_at = end;
        first = i + 1;
      }
    }
  }
}

// A piece in a whole line of another runtime: who is asked first must not matter.
TEST(Multiline, JoinsPiecesInsideOtherWrappersWhoeverIsAskedFirst) {
  const std::string text =
      "2026-11-21T06:51:05.1Z stdout F 2026-11-21T06:51:05.1Z stdout P half\n"
      "2026-11-21T06:51:05.2Z stdout F 2026-11-21T06:51:05.2Z stdout F 2026-11-21 06:51:05 ERROR "
      "x\n";
  EXPECT_EQ(RecordSizes(text), (Sizes{2}));
  StreamInfo info;
  info.path = "cart.log";
  Counters counters;
  StreamParser parser(info, {}, &counters);
  parser.Sniff(text);
  Record record;
  parser.Parse(text, 0, Lines(text)[1], &record);
  EXPECT_EQ(record.head_offset, 0u);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Determinism, testing::Range(0, 6));

}  // namespace
}  // namespace culprit
