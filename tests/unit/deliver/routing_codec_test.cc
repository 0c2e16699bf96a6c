// Routing as it stands in the signal log.
#include "engine/deliver/routing_codec.h"

#include <gmock/gmock.h>

namespace culprit {
namespace {

DeliverConfig Full() {
  DeliverConfig c;
  c.routes = {{.match = {.severities = {Severity::kInfo, Severity::kCritical},
                         .components = {"etcd"},
                         .teams = {"db"},
                         .packs = {"redis"},
                         .labels = {{"env", LabelMatcher::Op::kMatchesNot, "test.*"}}},
               .sinks = {"slack", "pager"},
               .team = "db",
               .go_on = true,
               .group_wait = 1,
               .group_interval = 2,
               .repeat_interval = 3,
               .digest_interval = 4,
               .mute_times = {"nights"}},
              {.sinks = {"slack"}}};
  c.teams = {{.name = "db",
              .components = {"*"},
              .contacts = {{"Ann", "U1"}, {"Bob", "U2"}},
              .escalation = {{.after = 5, .contact = "Bob", .sinks = {"pager"}}}}};
  c.mute_times = {{"nights", "Europe/Berlin", 0x1f, 22 * 60, 6 * 60}};
  c.silences = {{"s1", {{"component", LabelMatcher::Op::kEqual, "etcd"}}, 10, 20, "ann", "known"}};
  c.maintenance = {{"upgrade", {"etcd"}, 30, 40, ""}, {"", {"redis"}, kNoTime, kNoTime, "nights"}};
  c.labels = {{"env", "prod"}, {"cell", "7"}};
  c.url = "https://culprit.example";
  return c;
}

TEST(RoutingCodec, EveryFieldComesBack) {
  const absl::StatusOr<DeliverConfig> back = DecodeRouting(EncodeRouting(Full()));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_EQ(EncodeRouting(*back), EncodeRouting(Full()));
  const Route& route = back->routes[0];
  EXPECT_EQ(route.match.severities.back(), Severity::kCritical);
  EXPECT_EQ(route.match.labels[0].op, LabelMatcher::Op::kMatchesNot);
  EXPECT_EQ(route.digest_interval, 4);
  EXPECT_EQ(back->teams[0].escalation[0].contact, "Bob");
  EXPECT_EQ(back->mute_times[0].days, 0x1f);
  EXPECT_EQ(back->maintenance[1].start, kNoTime);
  EXPECT_EQ(back->labels[1].second, "7");
}

TEST(RoutingCodec, EveryFieldCounts) {
  const std::string full = EncodeRouting(Full());
  DeliverConfig other = Full();
  other.teams[0].contacts[1].address = "U3";
  EXPECT_NE(EncodeRouting(other), full);
  other = Full();
  other.maintenance[0].end = 41;
  EXPECT_NE(EncodeRouting(other), full);
}

TEST(RoutingCodec, DamageIsAnErrorWhereverItIs) {
  const std::string bytes = EncodeRouting(Full());
  for (size_t i = 0; i < bytes.size(); ++i) EXPECT_FALSE(DecodeRouting(bytes.substr(0, i)).ok());
}

}  // namespace
}  // namespace culprit
