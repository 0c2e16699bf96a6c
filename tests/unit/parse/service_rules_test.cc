// Where service and time come from when the record does not say, and what explain tells.
#include <gtest/gtest.h>

#include "engine/parse/stream_parser.h"

namespace culprit {
namespace {

const char kLine[] =
    "{\"level\":\"error\",\"ts\":1795243865,\"msg\":\"m\",\"service\":\"inner\",\"k8s\":{\"team\":"
    "\"blue\"}}\n";

struct Parsed {
  std::string service;
  std::string instance;
  std::string explain;
};

Parsed ParseWith(const ParseOptions& options, const std::string& path, const std::string& text) {
  StreamInfo info;
  info.path = path;
  Counters counters;
  StreamParser parser(info, options, &counters);
  parser.Sniff(text);
  Record record;
  parser.Parse(text, 0, text, &record);
  return {std::string(record.service), std::string(record.instance), parser.ExplainService()};
}

TEST(ServiceRules, RecordWinsByDefaultAndOptionsOverride) {
  const std::string path = "case/logs/shop/web-1.log";
  EXPECT_EQ(ParseWith({}, path, kLine).service, "inner");
  ParseOptions options;
  options.service = "fixed";
  EXPECT_EQ(ParseWith(options, path, kLine).service, "fixed");
  options = {};
  options.service_from = "dir";
  EXPECT_EQ(ParseWith(options, path, kLine).service, "shop");
  options.service_from = "file";
  EXPECT_EQ(ParseWith(options, path, kLine).service, "web");
  EXPECT_EQ(ParseWith(options, path, kLine).instance, "web-1");
  options.service_from = "field:k8s.team";
  EXPECT_EQ(ParseWith(options, path, kLine).service, "blue");
  options.service_from = "path:logs/([a-z]+)/";
  EXPECT_EQ(ParseWith(options, path, kLine).service, "shop");
  options.service_from = "record";
  EXPECT_EQ(ParseWith(options, path, kLine).service, "inner");
}

TEST(ServiceRules, ClassNamesAreNoServices) {
  for (const char* name : {"shop.orders.api", "com.acme.Cart", "root", "__main__", "CartService",
                           "a/b.go", "Shop::Cart"}) {
    const std::string text =
        std::string("{\"level\":\"info\",\"ts\":1795243865,\"msg\":\"m\",\"name\":\"") + name +
        "\"}\n";
    EXPECT_EQ(ParseWith({}, "cart.log", text).service, "cart") << name;
  }
}

TEST(ServiceRules, ExplainNamesTheRule) {
  EXPECT_EQ(ParseWith({}, "case/logs/nova/nova-api.log", "2026-11-21 06:51:05 no\n").explain,
            "Service 'nova' from the directory 'nova' under 'logs'.");
  EXPECT_NE(ParseWith({}, "a.log", kLine).explain.find("1 of the first 1 lines say 'inner'"),
            std::string::npos);
  EXPECT_EQ(ParseWith({}, "", "text\n").service, "unknown");
}

TEST(ParseOptions, ErrorsSayWhatWasExpected) {
  ParseOptions options;
  EXPECT_EQ(ParseOptionsError(options), "");
  options.input_format = "docker+logback";
  EXPECT_EQ(ParseOptionsError(options), "");
  options.input_format = "jsn";
  EXPECT_NE(ParseOptionsError(options).find("unknown input format 'jsn'; known: auto"),
            std::string::npos);
  options = {};
  options.service_from = "path:(a)(b)";
  EXPECT_NE(ParseOptionsError(options).find("exactly one group"), std::string::npos);
  options.service_from = "path:(";
  EXPECT_NE(ParseOptionsError(options), "");
  options.service_from = "host";
  EXPECT_NE(ParseOptionsError(options).find("expected record, dir, file"), std::string::npos);
  for (std::string_view name : FormatNames()) {
    ParseOptions one;
    one.input_format = std::string(name);
    EXPECT_EQ(ParseOptionsError(one), "");
  }
}

TEST(TimeRules, UntimedRecordsInheritOrAssume) {
  StreamInfo info;
  info.path = "a.log";
  info.modified = 1795300000000000;
  Counters counters;
  const std::string text =
      "{\"level\":\"info\",\"msg\":\"before\"}\n"
      "{\"level\":\"info\",\"ts\":1795243865,\"msg\":\"timed\"}\n"
      "{\"level\":\"info\",\"msg\":\"after\"}\n";
  StreamParser parser(info, {}, &counters);
  parser.Sniff(text);
  Record record;
  parser.Parse(text, 0, std::string_view(text).substr(0, 10), &record);
  EXPECT_EQ(record.time_origin, TimeOrigin::kAssumed);
  EXPECT_EQ(record.time, 1795243865000000);  // the first time of the stream
  parser.Parse(text, 0, std::string_view(text).substr(text.rfind('{')), &record);
  EXPECT_EQ(record.time_origin, TimeOrigin::kInherited);
  EXPECT_EQ(record.time, 1795243865000000);
  EXPECT_EQ(counters.Get(Reason::kTimeInherited), 1U);
  EXPECT_EQ(counters.Get(Reason::kTimeAssumed), 1U);

  const std::string words = "one\ntwo\n";
  StreamParser timeless(info, {}, &counters);
  timeless.Sniff(words);
  timeless.Parse(words, 0, words, &record);
  EXPECT_EQ(record.time_origin, TimeOrigin::kAssumed);
  EXPECT_EQ(record.time, info.modified);
}

TEST(TimeRules, ZoneOptionAppliesToTimesWithoutOne) {
  StreamInfo info;
  info.path = "a.log";
  Counters counters;
  ParseOptions options;
  options.zone = absl::FixedTimeZone(2 * 3600);
  const std::string text = "2026-11-21 06:51:05,123 [main] ERROR a.b.C - no\n";
  StreamParser parser(info, options, &counters);
  parser.Sniff(text);
  Record record;
  parser.Parse(text, 0, text, &record);
  EXPECT_EQ(record.time, 1795236665123000);
  absl::TimeZone berlin;
  ASSERT_TRUE(absl::LoadTimeZone("Europe/Berlin", &berlin));
  options.zone = berlin;
  StreamParser local(info, options, &counters);
  local.Sniff(text);
  local.Parse(text, 0, text, &record);
  EXPECT_EQ(record.time, 1795240265123000);
  EXPECT_NE(local.ExplainFormat().find("Europe/Berlin"), std::string::npos);
}

}  // namespace
}  // namespace culprit
