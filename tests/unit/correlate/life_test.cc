// The life of an incident: hold-down, tiers, revised roots, merge, relation, resolution, flapping.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/correlate/cascade_driver.h"
#include "tests/unit/correlate/testing.h"

namespace culprit {
namespace {

using ::testing::Contains;
using testing::Driver;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::KnowledgeBuilder;

// web -> api -> {db, cache}; worker -> db; mail -> queue.
std::shared_ptr<const Knowledge> Shop() {
  KnowledgeBuilder k;
  k.Signature("s/crash", SymptomClass::kCrash)
      .Signature("s/oom", SymptomClass::kResource)
      .Signature("s/self", SymptomClass::kSelfError)
      .Signature("s/slow", SymptomClass::kSaturation)
      .Signature("s/5xx", SymptomClass::kServerError)
      .Signature("s/refused", SymptomClass::kRefused)
      .Signature("s/timeout", SymptomClass::kTimeout)
      .Signature("s/dep", SymptomClass::kDepError)
      .Signature("s/weak", SymptomClass::kSelfError, true, "error lines");
  k.Depends("web", {"api"}).Depends("api", {"db", "cache"}).Depends("worker", {"db"});
  k.Depends("mail", {"queue"});
  return k.Build();
}

void DbDies(Driver& d, double at, double open_for = 1e9) {
  d.Add("s/crash", "db", at, "", open_for);
  d.Add("s/refused", "api", at + 1, "db", open_for);
  d.Add("s/refused", "worker", at + 1.5, "db", open_for);
  d.Add("s/5xx", "api", at + 2, "", open_for);
  d.Add("s/dep", "web", at + 3, "", open_for);
}

const Incident& Only(const std::vector<Incident>& incidents) {
  EXPECT_EQ(incidents.size(), 1u);
  return incidents.at(0);
}

TEST(IncidentLife, NamesTheRootAndWhatItTookDown) {
  Driver d(Shop());
  d.Alive({"web", "api", "worker", "mail", "queue", "cache"});
  DbDies(d, 20);
  d.Run(60);
  const auto incidents = d.correlator().Incidents();
  const Incident& i = Only(incidents);
  EXPECT_EQ(i.root.component, "db");
  EXPECT_EQ(i.root.failure_mode, "generic/down");
  EXPECT_EQ(i.confidence, Confidence::kConfirmed);
  EXPECT_THAT(i.affected, ElementsAre("api", "worker", "web"));
  EXPECT_EQ(i.title, "db is down or unreachable: took down api, worker, web");
  EXPECT_EQ(i.symptoms.size(), 5u);
  EXPECT_EQ(i.onset, Driver::At(20));
  EXPECT_THAT(i.symptoms.back().path, ElementsAre("db", "api", "web"));
  EXPECT_THAT(i.id, ::testing::StartsWith("INC-20260101T000020Z-"));
  for (const Symptom& s : i.symptoms) {
    EXPECT_GT(s.weight_micro_nats, 0) << s.signature << s.component;
    EXPECT_GT(s.responsibility, .5);
  }
  ASSERT_FALSE(i.alternatives.empty());
  for (const Alternative& a : i.alternatives) {
    EXPECT_NE(a.reason, "");
    EXPECT_EQ(a.reason.back(), '.');
    EXPECT_LE(a.hypothesis.score_micro_nats, i.root.score_micro_nats);
  }
  EXPECT_THAT(d.correlator().Unattributed(), IsEmpty());
}

TEST(IncidentLife, PagesAfterTheHoldDown) {
  Driver d(Shop());
  DbDies(d, 20);
  d.Run(30);
  EXPECT_EQ(d.correlator().Incidents()[0].state, IncidentState::kSuspected);
  EXPECT_EQ(d.correlator().Incidents()[0].paged_at, kNoTime);
  d.Run(45);
  const Incident i = d.correlator().Incidents()[0];
  EXPECT_EQ(i.state, IncidentState::kOpen);
  EXPECT_EQ(i.paged_at, i.opened_at + 15 * kSecondUs);
}

TEST(IncidentLife, CriticalPagesSooner) {
  Driver d(Shop());
  DbDies(d, 20);
  d.Add("s/oom", "db", 20).severity = Severity::kCritical;
  d.Run(45);
  const Incident i = d.correlator().Incidents()[0];
  EXPECT_EQ(i.severity, Severity::kCritical);
  EXPECT_EQ(i.paged_at, i.opened_at + 5 * kSecondUs);
}

TEST(IncidentLife, FinishPagesWhatOnlyWaited) {
  Driver d(Shop());
  DbDies(d, 20);
  d.Run(26);
  d.correlator().Finish(Driver::At(26));
  const Incident i = d.correlator().Incidents()[0];
  EXPECT_EQ(i.state, IncidentState::kOpen);
  EXPECT_EQ(i.paged_at, Driver::At(26));
  EXPECT_EQ(i.resolved_at, kNoTime);
}

TEST(IncidentLife, ResolvesWhenAllIsQuietForFiveMinutes) {
  Driver d(Shop());
  DbDies(d, 20, 100);
  d.Run(423);
  EXPECT_EQ(d.correlator().Incidents()[0].state, IncidentState::kOpen);
  d.Run(424);
  const Incident i = d.correlator().Incidents()[0];
  EXPECT_EQ(i.state, IncidentState::kResolved);
  EXPECT_EQ(i.resolved_at, Driver::At(124 + 300));
  EXPECT_EQ(i.root.component, "db");
  EXPECT_EQ(i.symptoms.size(), 5u);
  EXPECT_EQ(i.confidence, Confidence::kConfirmed);
  d.Run(4000);
  EXPECT_EQ(d.correlator().Incidents().size(), 1u);
}

TEST(IncidentLife, WhatIsStillOnStaysOpen) {
  Driver d(Shop());
  DbDies(d, 20);
  d.Run(3000);
  d.correlator().Finish(Driver::At(3600));
  EXPECT_EQ(d.correlator().Incidents()[0].state, IncidentState::kOpen);
}

TEST(IncidentLife, ComesBackUnderTheSameIdAndFlaps) {
  Driver d(Shop());
  for (int n = 0; n < 4; ++n) DbDies(d, 20 + n * 600, 60);
  d.Run(500);
  const std::string id = d.correlator().Incidents()[0].id;
  d.Run(700);
  {
    const auto incidents = d.correlator().Incidents();
    const Incident& i = Only(incidents);
    EXPECT_EQ(i.id, id);
    EXPECT_EQ(i.flaps, 1);
    EXPECT_FALSE(i.flapping);
    EXPECT_EQ(i.state, IncidentState::kOpen);
    EXPECT_EQ(i.onset, Driver::At(20));
  }
  d.Run(1900);
  const auto incidents = d.correlator().Incidents();
  const Incident& i = Only(incidents);
  EXPECT_EQ(i.flaps, 3);
  EXPECT_TRUE(i.flapping);
  // Flapping: quiet has to last twice as long.
  d.Run(1820 + 70 + 320);
  EXPECT_EQ(d.correlator().Incidents()[0].state, IncidentState::kOpen);
  d.Run(1820 + 70 + 640);
  EXPECT_EQ(d.correlator().Incidents()[0].state, IncidentState::kResolved);
}

TEST(IncidentLife, LongAfterwardsItIsANewIncident) {
  Driver d(Shop());
  DbDies(d, 20, 60);
  DbDies(d, 20 + 3600, 60);
  d.Run(4200);
  const auto incidents = d.correlator().Incidents();
  ASSERT_EQ(incidents.size(), 2u);
  EXPECT_NE(incidents[0].id, incidents[1].id);
  EXPECT_EQ(incidents[1].flaps, 0);
}

TEST(IncidentLife, RootIsRevisedOnlyAfterTwoEvaluations) {
  Driver d(Shop());
  // First only api shows anything: api is paged as the root.
  d.Add("s/self", "api", 20);
  d.Add("s/5xx", "api", 21);
  d.Add("s/oom", "api", 22);
  d.Run(50);
  ASSERT_EQ(d.correlator().Incidents()[0].state, IncidentState::kOpen);
  ASSERT_EQ(d.correlator().Incidents()[0].root.component, "api");
  // Then it turns out to have been the database (late in the logs, early in time).
  d.Add("s/crash", "db", 19);
  d.Add("s/oom", "db", 19);
  d.Add("", "db", 19);
  d.Add("s/refused", "api", 20, "db");
  d.Add("s/refused", "worker", 20, "db");
  d.Add("s/timeout", "worker", 21, "db");
  d.Run(51);
  const std::string first_look = d.correlator().Incidents()[0].root.component;
  d.Run(80);
  const auto incidents = d.correlator().Incidents();
  const Incident& i = incidents[0];
  EXPECT_EQ(first_look, "api");
  EXPECT_EQ(i.root.component, "db");
  EXPECT_THAT(i.root_history, ElementsAre("api"));
  EXPECT_THAT(i.timeline, Contains(::testing::Field(&TimelineEntry::kind, "root_changed")));
}

TEST(IncidentLife, TwoFaultsAreTwoIncidents) {
  Driver d(Shop());
  d.Alive({"web", "api", "worker", "mail", "queue", "cache"});
  DbDies(d, 20);
  d.Add("s/crash", "queue", 25);
  d.Add("s/refused", "mail", 26, "queue");
  d.Add("s/self", "queue", 26);
  d.Run(60);
  const auto incidents = d.correlator().Incidents();
  ASSERT_EQ(incidents.size(), 2u);
  EXPECT_EQ(incidents[0].root.component, "db");
  EXPECT_EQ(incidents[1].root.component, "queue");
  EXPECT_THAT(incidents[0].unexplained, IsEmpty());
}

TEST(IncidentLife, AnExplainedAwayPageIsMergedIntoTheOlder) {
  Driver d(Shop());
  // Two pages: api and worker each seem to fail on their own.
  d.Add("s/self", "api", 20);
  d.Add("s/5xx", "api", 20);
  d.Add("s/dep", "api", 20);
  d.Add("s/dep", "worker", 40);
  d.Add("s/5xx", "worker", 41);
  d.Add("s/oom", "worker", 41);
  d.Run(70);
  const auto before = d.correlator().Incidents();
  d.Add("s/crash", "db", 18);
  d.Add("s/oom", "db", 18);
  d.Add("", "db", 18);
  d.Add("s/refused", "api", 19, "db");
  d.Add("s/refused", "worker", 19, "db");
  d.Add("s/timeout", "api", 19, "db");
  d.Add("s/timeout", "worker", 19, "db");
  d.Run(120);
  const auto after = d.correlator().Incidents();
  if (before.size() == 2) {
    int merged = 0;
    for (const Incident& i : after) {
      if (i.state != IncidentState::kMerged) continue;
      ++merged;
      EXPECT_EQ(i.merged_into, before[0].id);
    }
    EXPECT_LE(merged, 1);
  }
  EXPECT_EQ(after[0].root.component, "db");
}

TEST(IncidentLife, OneWeakBurstIsSuspectedAtMost) {
  Driver d(Shop());
  d.Alive({"web", "api", "worker", "mail", "queue", "cache", "db"});
  d.Add("s/weak", "api", 20, "", 1e9, 100000);
  d.Run(400);
  d.correlator().Finish(Driver::At(400));
  const auto incidents = d.correlator().Incidents();
  ASSERT_LE(incidents.size(), 1u);
  for (const Incident& i : incidents) {
    EXPECT_EQ(i.paged_at, kNoTime);
    EXPECT_NE(i.confidence, Confidence::kConfirmed);
  }
}

TEST(IncidentLife, WeakBurstsAlongTheMapNameTheEarliestBelow) {
  Driver d(Shop());
  d.Alive({"web", "api", "db", "worker"});
  d.Add("s/weak", "db", 20, "", 1e9, 400);
  d.Add("s/weak", "api", 22);
  d.Add("s/weak", "worker", 23);
  d.Add("s/weak", "web", 25);
  d.Run(60);
  const auto incidents = d.correlator().Incidents();
  const Incident& i = Only(incidents);
  EXPECT_EQ(i.root.component, "db");
  EXPECT_EQ(i.symptoms.size(), 4u);
  EXPECT_NE(i.confidence, Confidence::kConfirmed);
}

TEST(IncidentLife, WeakBurstsWithoutAnyMapNameTheFirstAndLoudest) {
  KnowledgeBuilder k(false);
  k.Signature("g/error", SymptomClass::kSelfError, true, "error lines");
  Driver d(k.Build());
  d.Alive({"a", "b", "orders", "z"});
  d.Add("g/error", "orders", 20, "", 1e9, 300);
  d.Add("g/error", "a", 24);
  d.Add("g/error", "z", 26);
  d.Add("g/error", "b", 29);
  d.Run(60);
  const auto incidents = d.correlator().Incidents();
  const Incident& i = Only(incidents);
  EXPECT_EQ(i.root.component, "orders");
  EXPECT_EQ(i.symptoms.size(), 4u);
  EXPECT_GT(i.root.share, .4);
  EXPECT_NE(i.confidence, Confidence::kConfirmed);
  EXPECT_THAT(i.title, HasSubstr("orders"));
}

TEST(IncidentLife, EveryStateIsReachedOnSimulatedCascades) {
  std::map<IncidentState, int> states;
  int changed = 0, split = 0;
  for (uint64_t seed = 1000; seed < 1120; ++seed) {
    testing::CascadeOptions options;
    options.components = seed % 2 ? 30 : 40;
    options.missing_edges = seed % 2 ? .3 : .08;
    options.two_faults = .6;
    options.noise = 3;
    const auto cascade = testing::Simulate(seed, options);
    Driver d = testing::DriveCascade(cascade);
    d.Run(testing::kLead + 350);
    for (const Incident& i : d.correlator().Incidents()) {
      ++states[i.state];
      changed += !i.root_history.empty();
      split += !i.split_from.empty();
      EXPECT_EQ(i.state == IncidentState::kMerged, !i.merged_into.empty());
      EXPECT_EQ(i.state == IncidentState::kRelated, !i.related_to.empty());
      if (i.state != IncidentState::kMerged) {
        EXPECT_FALSE(i.symptoms.empty());
      }
    }
  }
  EXPECT_GT(states[IncidentState::kOpen], 0);
  EXPECT_GT(states[IncidentState::kMerged], 0);
  EXPECT_GT(states[IncidentState::kRelated], 0);
  EXPECT_GT(changed, 0);
  EXPECT_GT(split, 0);
}

}  // namespace
}  // namespace culprit
