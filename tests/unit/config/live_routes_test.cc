#include "engine/config/live_routes.h"

#include <gmock/gmock.h>

namespace culprit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

DeliverConfig Read(const std::string& yaml, std::string* error = nullptr) {
  ConfigErrors errors;
  YamlMap root(ParseYaml(yaml, "c.yaml", &errors), "c.yaml", "configuration", &errors);
  DeliverConfig out = ReadDelivery(&root, {"slack", "pager"}, &errors);
  root.Finish();
  if (error != nullptr)
    *error = std::string(errors.ToStatus().message());
  else
    EXPECT_TRUE(errors.empty()) << errors.ToStatus();
  return out;
}

std::string ErrorOf(const std::string& yaml) {
  std::string error;
  Read(yaml, &error);
  return error;
}

TEST(LiveRoutes, WithoutRoutesEverySinkIsTold) {
  const DeliverConfig c = Read("{}");
  ASSERT_EQ(c.routes.size(), 1u);
  EXPECT_THAT(c.routes[0].sinks, ElementsAre("slack", "pager"));
}

TEST(LiveRoutes, EveryKeyIsTaken) {
  const DeliverConfig c = Read(R"(
external_url: https://culprit.example/
labels: { env: prod }
mute_times:
  - { name: nights, timezone: Europe/Berlin, days: [mon, sun], from: "22:00", to: "06:30" }
teams:
  - name: db
    components: [etcd, postgres]
    contacts: [ { name: Ann, address: ann@example.org }, { name: Bob, address: U1 } ]
    escalation: [ { after: 10m, contact: Bob }, { after: 20m, sinks: [pager] } ]
routes:
  - match: { severity: [critical, error], component: etcd, team: db, pack: etcd, labels: ['env="prod"', affected=~a.*] }
    sinks: pager
    team: db
    continue: true
    group_wait: 0
    group_interval: 1m
    repeat_interval: 1h
    digest_interval: 2h
    mute_times: [nights]
silences:
  - { id: s1, matchers: [component!=etcd], start: "2026-11-21T06:00:00+01:00", end: "2026-11-21T07:00:00+01:00", author: ann, comment: known }
maintenance:
  - { name: upgrade, components: [etcd], during: nights }
  - { components: [nats], start: "2026-11-21T06:00:00Z", end: "2026-11-21T07:00:00Z" }
)");
  EXPECT_EQ(c.url, "https://culprit.example");
  EXPECT_EQ(c.labels.size(), 1u);
  ASSERT_EQ(c.mute_times.size(), 1u);
  EXPECT_EQ(c.mute_times[0].days, 0x41);
  EXPECT_EQ(c.mute_times[0].begin_minutes, 22 * 60);
  EXPECT_EQ(c.mute_times[0].end_minutes, 6 * 60 + 30);
  ASSERT_EQ(c.teams.size(), 1u);
  EXPECT_EQ(c.teams[0].escalation[1].after, 20 * kMinuteUs);
  ASSERT_EQ(c.routes.size(), 1u);
  const Route& route = c.routes[0];
  EXPECT_THAT(route.match.severities, ElementsAre(Severity::kCritical, Severity::kError));
  ASSERT_EQ(route.match.labels.size(), 2u);
  EXPECT_EQ(route.match.labels[1].op, LabelMatcher::Op::kMatches);
  EXPECT_TRUE(route.go_on);
  EXPECT_EQ(route.group_wait, 0);
  EXPECT_EQ(route.repeat_interval, kHourUs);
  EXPECT_EQ(c.silences[0].end - c.silences[0].start, kHourUs);
  EXPECT_EQ(c.maintenance[0].during, "nights");
  EXPECT_EQ(c.maintenance[1].end - c.maintenance[1].start, kHourUs);
}

TEST(LiveRoutes, MistakesAreNamedWithTheirLine) {
  EXPECT_THAT(ErrorOf("routes:\n  - sinks: slak\n"),
              HasSubstr("c.yaml:2: route: no sink is called 'slak'; did you mean 'slack'?"));
  EXPECT_THAT(ErrorOf("routes:\n  - sinks: slack\n    match: { severity: urgent }\n"),
              HasSubstr("c.yaml:3: route: 'urgent' is no severity"));
  EXPECT_THAT(ErrorOf("routes:\n  - sinks: slack\n    team: db\n"),
              HasSubstr("c.yaml:3: route: no team is called 'db'"));
  EXPECT_THAT(ErrorOf("mute_times:\n  - name: n\n    timezone: Mars/Base\n"),
              HasSubstr("c.yaml:3: mute time n: time zone 'Mars/Base' is not known"));
  EXPECT_THAT(ErrorOf("routes:\n  - sinks: slack\n    mute_times: n\n"),
              HasSubstr("no mute time is called 'n'"));
  EXPECT_THAT(ErrorOf("routes:\n  - sinks: slack\n    match: { labels: ['a=~('] }\n"),
              HasSubstr("c.yaml:3"));
  EXPECT_THAT(ErrorOf("teams:\n  - name: t\n    escalation: [ { after: 1m } ]\n"),
              HasSubstr("needs a 'contact' or 'sinks'"));
  EXPECT_THAT(
      ErrorOf("silences:\n  - { id: s, matchers: [a=b], end: tomorrow, author: a, comment: c }\n"),
      HasSubstr("c.yaml:2"));
  EXPECT_THAT(ErrorOf("routes:\n  - {}\n"), HasSubstr("'sinks' is required"));
  EXPECT_THAT(ErrorOf("maintenance:\n  - components: [a]\n"), HasSubstr("'during'"));
}

}  // namespace
}  // namespace culprit
