#include "sinks/render/render.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace culprit {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr TimeUs kOnset = 1'795'243'865'123'000;  // 2026-11-21T06:51:05.123Z

Report SampleReport() {
  Incident i;
  i.id = "INC-20261121T065105Z-0badcafe";
  i.state = IncidentState::kResolved;
  i.severity = Severity::kCritical;
  i.title = "etcd is down or unreachable: took down core, api";
  i.root = {
      "etcd", "",  "placeos/etcd-down", "etcd is down or unreachable", ModeKind::kDown, 11'000'000,
      0.98,   0.99};
  i.confidence = Confidence::kConfirmed;
  i.alternatives.push_back(
      {{"core", "", "generic/down", "core: down", ModeKind::kDown, 3'700'000, 0.01, 0.01},
       "core kept logging"});
  i.affected = {"core", "api"};
  Symptom s;
  s.signature = "placeos/no-core-instances";
  s.title = "API finds no core instance";
  s.component = "api";
  s.onset = kOnset + 2 * kSecondUs;
  s.last = kOnset + 90 * kSecondUs;
  s.count = 45;
  s.path = {"etcd", "core", "api"};
  i.symptoms.push_back(s);
  i.spared.push_back({"placeos/login-failed", "log-in fails", true});
  i.impact = "Execute requests fail.";
  i.runbook.immediate.push_back(
      {"Check etcd's health.", "etcdctl endpoint health --endpoints 10.0.0.5:2379"});
  i.onset = kOnset;
  i.updated_at = kOnset + 200 * kSecondUs;
  i.resolved_at = kOnset + 200 * kSecondUs;
  Evidence e;
  e.position = {0, 10234, 40};
  e.time = kOnset + 2 * kSecondUs;
  e.service = "api";
  e.line = "no core instances </script><script>alert(1)</script> `` \x1b[2J \xE2\x80\xA8 |x|";
  i.evidence.push_back(e);
  i.timeline.push_back({kOnset, "onset", "etcd", "first symptom"});
  Report report;
  report.incidents.push_back(i);
  report.streams.push_back({"logs/api.log", "json", "api", 1000, 45, ""});
  report.edges.push_back({"api", "core", false});
  report.stats.streams = 1;
  report.stats.lines = 100;
  report.stats.first_time = kOnset;
  report.stats.last_time = kOnset;
  return report;
}

TEST(ReadIncidentJson, GivesBackWhatWasWritten) {
  Report report = SampleReport();
  Incident& i = report.incidents[0];
  i.symptoms[0].template_text = "dial <*>";
  i.symptoms[0].responsibility = 0.125;
  i.symptoms[0].weight_micro_nats = -1'234'567;
  i.unexplained.push_back(i.symptoms[0]);
  i.unexplained[0].cls = SymptomClass::kSilence;
  i.absences.push_back({"core", "timeout", -2'500'000});
  i.root.kind = ModeKind::kLink;
  i.root.from = "api";
  i.ties = {"etcd", "core"};
  i.evidence.push_back(i.evidence[0]);
  i.evidence[1].position.partition = 1;
  i.evidence[1].captures = {{"host", "10.0.0.5"}};
  i.evidence[1].time_origin = TimeOrigin::kInherited;
  i.evidence[1].level = Level::kFatal;
  i.runbook.links.push_back({"docs", "https://example.org/"});
  i.opened_at = kOnset + 1000;
  i.merged_into = "INC-1";
  i.split_from = "INC-2";
  i.related_to = "INC-3";
  i.flaps = 2;
  i.flapping = true;
  i.root_history = {"core"};
  report.streams.push_back({"logs/etcd.log", "json", "etcd", 1, 1, ""});
  const std::string json = RenderIncidentJson(i, report);
  Report back;
  ASSERT_TRUE(ReadIncidentJson(json, &back).ok());
  ASSERT_EQ(back.incidents.size(), 1u);
  EXPECT_EQ(RenderIncidentJson(back.incidents[0], back), json);
}

TEST(ReadIncidentJson, TakesWhatItFinds) {
  Report report;
  for (const char* bad : {"", "[]", "{}", "{\"id\": 7}", "{\"id\": \"\"}", "nonsense"})
    EXPECT_FALSE(ReadIncidentJson(bad, &report).ok()) << bad;
  EXPECT_TRUE(report.incidents.empty());
  ASSERT_TRUE(
      ReadIncidentJson(
          R"({"id": "INC-1", "title": 7, "symptoms": {}, "evidence": [3, null], "flaps": "x",
                      "onset": "yesterday", "state": "unheard of", "more": true})",
          &report)
          .ok());
  EXPECT_EQ(report.incidents[0].title, "");
  EXPECT_EQ(report.incidents[0].onset, kNoTime);
  EXPECT_NE(RenderText(report, TextOptions()), "");
}

TEST(RenderText, SaysWhatATiredPersonNeeds) {
  const std::string text = RenderText(SampleReport(), TextOptions());
  for (const char* part :
       {"etcd is down or unreachable",
        "2026-11-21T06:51:05.123Z, resolved 06:54:25Z after 3 min 20 s",
        "etcd · CONFIRMED 99 % · placeos/etcd-down", "core, api", "Execute requests fail.",
        "logs/api.log:10234", "$ etcdctl endpoint health --endpoints 10.0.0.5:2379", "log-in fails",
        "core kept logging"})
    EXPECT_THAT(text, HasSubstr(part));
  EXPECT_THAT(text, Not(HasSubstr("\x1b"))) << "neither colours nor the log's own escapes";
}

TEST(RenderText, ColoursOnlyWhenAsked) {
  TextOptions options;
  options.color = true;
  const std::string text = RenderText(SampleReport(), options);
  EXPECT_THAT(text, HasSubstr("\x1b[1m"));
  EXPECT_THAT(text, Not(HasSubstr("\x1b[2J")));
}

TEST(RenderText, SaysSoWhenNothingHappened) {
  EXPECT_THAT(RenderText(Report(), TextOptions()), HasSubstr("No incident."));
}

TEST(RenderJson, HoldsTheContractsFields) {
  const auto json = nlohmann::json::parse(RenderJson(SampleReport()));
  const auto& i = json["incidents"][0];
  EXPECT_EQ(i["root_cause"]["component"], "etcd");
  EXPECT_EQ(i["root_cause"]["confidence"], "CONFIRMED");
  EXPECT_EQ(i["onset"], "2026-11-21T06:51:05.123Z");
  EXPECT_EQ(i["evidence"][0]["file"], "logs/api.log");
  EXPECT_EQ(i["evidence"][0]["offset"], 10234);
  EXPECT_EQ(i["paged_at"], nullptr);
  EXPECT_EQ(json["stats"]["reasons"].size(), kReasonCount);
}

TEST(RenderJsonLines, HasOneLinePerIncidentAndOneForStats) {
  const std::string text = RenderJsonLines(SampleReport());
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 2);
}

TEST(RenderMarkdown, CannotBeBrokenByLogText) {
  const std::string text = RenderMarkdown(SampleReport());
  EXPECT_THAT(text, HasSubstr("# etcd is down or unreachable: took down core, api"));
  EXPECT_THAT(text, HasSubstr("- [ ] Check etcd's health. `etcdctl endpoint health"));
  EXPECT_THAT(text, HasSubstr("\n```\nno core instances"));
}

TEST(RenderHtml, IsSelfContainedAndEscapesLogText) {
  const std::string page = RenderHtml(SampleReport());
  EXPECT_THAT(page, Not(HasSubstr("<script>alert(1)")));
  EXPECT_THAT(page, HasSubstr("\\u003c/script>\\u003cscript>alert(1)"));
  EXPECT_THAT(page, Not(HasSubstr("src=\"http")));
  EXPECT_THAT(page, HasSubstr("default-src 'none'"));
  EXPECT_THAT(page, HasSubstr("d3js.org"));
}

TEST(Render, IsAFunctionOfTheReport) {
  EXPECT_EQ(RenderJson(SampleReport()), RenderJson(SampleReport()));
  EXPECT_EQ(RenderHtml(SampleReport()), RenderHtml(SampleReport()));
}

TEST(FormatSpan, ReadsLikeSpeech) {
  EXPECT_EQ(FormatSpan(45 * kSecondUs), "45 s");
  EXPECT_EQ(FormatSpan(200 * kSecondUs), "3 min 20 s");
  EXPECT_EQ(FormatSpan(2 * kHourUs + 5 * kMinuteUs), "2 h 5 min");
}

}  // namespace
}  // namespace culprit
