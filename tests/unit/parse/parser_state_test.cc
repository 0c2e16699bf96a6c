// A parser put away between any two blocks and taken up by another one says the same of every line.
#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "engine/parse/stream_parser.h"

namespace culprit {
namespace {

constexpr std::string_view kLog =
    "2026-11-21 06:51:05,120 ERROR api: cannot reach db\n"
    "Traceback (most recent call last):\n"
    "  File \"app.py\", line 3, in call\n"
    "ConnectionError: refused\n"
    "2026-11-21 06:51:06,000 INFO api: retry\n"
    "2026-11-21 06:51:07,000 WARN api: slow\n"
    "  at step one\n"
    "  at step two\n"
    "2026-11-21 06:51:08,000 INFO api: done\n";

StreamInfo Info() {
  StreamInfo info;
  info.path = "/var/log/api/app.log";
  return info;
}

using Seen = std::tuple<TimeUs, TimeOrigin, uint64_t, std::string, Level>;

std::vector<size_t> LineBegins(std::string_view text) {
  std::vector<size_t> begins;
  for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) begins.push_back(at);
  return begins;
}

void Ask(StreamParser* parser, std::string_view block, uint64_t offset, std::vector<Seen>* out) {
  for (size_t at : LineBegins(block)) {
    Record record;
    parser->Parse(block, offset, block.substr(at, block.find('\n', at) - at), &record);
    out->emplace_back(record.time, record.time_origin, record.head_offset,
                      std::string(record.service), record.level);
  }
  parser->EndBlock(block, offset);
}

TEST(StreamParserState, GoesOnBehindAnyLine) {
  Counters counters;
  StreamParser whole(Info(), ParseOptions(), &counters);
  whole.Sniff(kLog);
  std::vector<Seen> expected;
  Ask(&whole, kLog, 0, &expected);
  for (size_t cut : LineBegins(kLog)) {
    if (cut == 0) continue;
    StreamParser first(Info(), ParseOptions(), &counters);
    first.Sniff(kLog);
    std::vector<Seen> seen;
    Ask(&first, kLog.substr(0, cut), 0, &seen);
    StreamParser second(Info(), ParseOptions(), &counters);
    second.Restore(first.Save());
    EXPECT_EQ(second.format_name(), whole.format_name());
    Ask(&second, kLog.substr(cut), cut, &seen);
    EXPECT_EQ(seen, expected) << "cut at " << cut;
  }
}

TEST(StreamParserState, TailIsTheRecordThatMayGoOn) {
  Counters counters;
  StreamParser parser(Info(), ParseOptions(), &counters);
  parser.Sniff(kLog);
  const size_t trace = kLog.find("Traceback");
  const size_t retry = kLog.find("2026-11-21 06:51:06");
  const size_t warn = kLog.find("2026-11-21 06:51:07");
  EXPECT_EQ(parser.TailBegin(kLog.substr(0, trace), 0), 0u);
  EXPECT_EQ(parser.TailBegin(kLog.substr(0, retry), 0), 0u);
  EXPECT_EQ(parser.TailBegin(kLog.substr(0, warn), 0), retry);
  EXPECT_EQ(parser.TailBegin(kLog.substr(0, kLog.find("  at step two")), 0), warn);
}

TEST(StreamParser, MessageIsOneRecordWhateverItsLines) {
  Counters counters;
  StreamInfo info;
  info.path = "kafka:logs[3]";
  StreamParser parser(info, ParseOptions(), &counters);
  Record record;
  parser.ParseMessage(kLog, 17, "billing", &record);
  EXPECT_EQ(record.time, 1795243865120000);
  EXPECT_EQ(record.time_origin, TimeOrigin::kParsed);
  EXPECT_EQ(record.service, "billing");
  EXPECT_NE(record.message.find("retry"), std::string_view::npos);
  // Nothing of the envelope but time and service; nothing inherited from the message before.
  parser.ParseMessage("it broke\n", 17 * kSecondUs, "billing", &record);
  EXPECT_EQ(record.time, 17 * kSecondUs);
  EXPECT_EQ(record.message, "it broke");
  parser.set_assumed_time(99 * kSecondUs);
  parser.ParseMessage("{\"service\":\"cart\",\"message\":\"it broke\"}\n", kNoTime, "billing",
                      &record);
  EXPECT_EQ(record.time, 99 * kSecondUs);
  EXPECT_EQ(record.time_origin, TimeOrigin::kAssumed);
  EXPECT_EQ(record.service, "cart");
}

}  // namespace
}  // namespace culprit
