// How often a storm is evaluated, and what comes again.
#include "engine/correlate/cadence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/correlate/cascade_driver.h"

namespace culprit {
namespace {

using ::testing::Contains;
using testing::Driver;
using testing::KnowledgeBuilder;

CorrelatorOptions Looks(int64_t per_second, int64_t saved) {
  CorrelatorOptions options;
  options.looks_per_second = per_second;
  options.looks_saved = saved;
  return options;
}

TEST(Cadence, AnOrdinaryIncidentNeverWaits) {
  Cadence cadence{CorrelatorOptions()};
  TimeUs now = testing::kStart;
  // 30 symptoms: every second of its first minutes, then as the old ones are, for a day.
  for (int i = 0; i < 180; ++i, now += kSecondUs) {
    EXPECT_LE(cadence.allowed(), now);
    cadence.Spend(now, 30);
  }
  for (; now < testing::kStart + kDayUs; now += 30 * kSecondUs) {
    EXPECT_LE(cadence.allowed(), now);
    cadence.Spend(now, 30);
  }
}

TEST(Cadence, AStormIsLookedAtAtThePaceItCanAfford) {
  Cadence cadence(Looks(10, 1000));
  const TimeUs now = testing::kStart;
  cadence.Spend(now, 700);
  EXPECT_LE(cadence.allowed(), now);
  cadence.Spend(now, 700);  // 400 too many
  EXPECT_EQ(cadence.allowed(), now + 40 * kSecondUs);
  cadence.Spend(now + 40 * kSecondUs, 705);
  EXPECT_EQ(cadence.allowed(), now + 111 * kSecondUs);  // on a full second
  // Never more than what fits is saved.
  cadence.Spend(now + kDayUs, 1000);
  EXPECT_LE(cadence.allowed(), now + kDayUs);
  cadence.Spend(now + kDayUs, 1);
  EXPECT_GT(cadence.allowed(), now + kDayUs);
}

std::shared_ptr<const Knowledge> Shop() {
  KnowledgeBuilder k;
  k.Signature("s/crash", SymptomClass::kCrash)
      .Signature("s/oom", SymptomClass::kResource)
      .Signature("s/refused", SymptomClass::kRefused)
      .Signature("s/5xx", SymptomClass::kServerError);
  k.Depends("web", {"api"}).Depends("api", {"db"});
  return k.Build();
}

TEST(Cadence, AHoldDownEndsWithoutAnEvaluation) {
  Driver d(Shop(), Looks(1, 3));
  d.Add("s/crash", "db", 20);
  d.Add("s/refused", "api", 20.1, "db");
  d.Add("s/5xx", "api", 20.2);
  d.Add("s/5xx", "web", 20.3);  // four symptoms: nothing is left
  for (int i = 0; i < 40; ++i) d.Add("s/oom", "host" + std::to_string(i), 22);
  d.Run(30);
  const TimeUs last = d.correlator().last_evaluation().now;
  ASSERT_EQ(d.correlator().Incidents().at(0).root.component, "db");
  const TimeUs opened = d.correlator().Incidents().at(0).opened_at;
  d.Run(37);
  EXPECT_EQ(d.correlator().last_evaluation().now, last);
  const Incident i = d.correlator().Incidents().at(0);
  EXPECT_EQ(i.state, IncidentState::kOpen);
  EXPECT_EQ(i.paged_at, opened + 15 * kSecondUs);
  EXPECT_THAT(i.timeline, Contains(::testing::Field(&TimelineEntry::kind, "paged")));
}

TEST(Cadence, WhatWaitedIsSeenAsSoonAsItMayBe) {
  Driver d(Shop(), Looks(1, 3));
  d.Add("s/crash", "db", 20);
  d.Add("s/refused", "api", 20, "db");
  d.Add("s/5xx", "api", 20);
  d.Add("s/5xx", "web", 20);
  d.Run(30);
  d.Add("s/oom", "db", 30);
  d.Run(60);
  // Four of three looks: one second of waiting; five more: until 36 at the latest.
  bool seen = false;
  for (const Symptom& s : d.correlator().Incidents().at(0).symptoms) seen |= s.signature == "s/oom";
  EXPECT_TRUE(seen);
}

TEST(Cadence, TheEndIsAlwaysEvaluated) {
  Driver d(Shop(), Looks(1, 1));
  for (int i = 0; i < 30; ++i) d.Add("s/oom", "host" + std::to_string(i), 20);
  d.Run(21);
  d.Add("s/crash", "db", 21.5);
  d.Add("s/refused", "api", 21.6, "db");
  d.Run(23);
  d.correlator().Finish(Driver::At(23));
  const auto incidents = d.correlator().Incidents();
  EXPECT_TRUE(std::any_of(incidents.begin(), incidents.end(),
                          [](const Incident& i) { return i.root.component == "db"; }));
}

TEST(Cadence, AShortOfLooksStaysDeterministicAndResumable) {
  testing::CascadeOptions cascade;
  cascade.components = 40;
  cascade.noise = 3;
  for (uint64_t seed = 40; seed < 46; ++seed) {
    const auto simulated = testing::Simulate(seed, cascade);
    const CorrelatorOptions options = Looks(2, 40);
    Driver whole = testing::DriveCascade(simulated, options);
    whole.Run(testing::kLead + 700);
    Driver first = testing::DriveCascade(simulated, options);
    for (double t : {205.0, 212.0, 240.0, 500.0}) {
      first.Run(t);
      Driver resumed = first;
      resumed.Run(testing::kLead + 700);
      EXPECT_EQ(testing::Text(resumed.correlator()), testing::Text(whole.correlator())) << seed;
    }
  }
}

// The same signature again and again, ten minutes apart, while the database stays down.
TEST(Symptoms, WhatComesAgainInAPagedIncidentIsOneSymptom) {
  Driver d(Shop());
  d.Add("s/crash", "db", 20);
  d.Add("s/refused", "api", 21, "db");
  d.Add("s/5xx", "web", 22);
  for (int i = 0; i < 5; ++i) d.Add("s/5xx", "api", 22 + 600 * i, "", 60, 7);
  d.Run(3400);
  const auto incidents = d.correlator().Incidents();
  ASSERT_EQ(incidents.size(), 1u);
  ASSERT_EQ(incidents[0].symptoms.size(), 4u);
  for (const Symptom& s : incidents[0].symptoms) {
    if (s.component != "api" || s.signature != "s/5xx") continue;
    EXPECT_EQ(s.onset, Driver::At(22));
    EXPECT_EQ(s.count, 35u);
    EXPECT_EQ(s.last, Driver::At(22 + 2400 + 61) - 1);
  }
  EXPECT_EQ(d.correlator().last_evaluation().evidence.items().size(), 4u);
}

TEST(Symptoms, BeforeThePageThatItCameAgainIsEvidence) {
  KnowledgeBuilder k;
  k.Signature("s/jam", SymptomClass::kSelfError).Component("printer");
  k.Mode(testing::ModeSpec("m/jam", "printer", ModeKind::kFaulty, {{"s/jam", "", .5, kHourUs}}));
  Driver d(k.Build());
  d.Add("s/jam", "printer", 20, "", 60);
  d.Run(300);
  ASSERT_EQ(d.correlator().Incidents().at(0).paged_at, kNoTime);
  const int64_t once = d.correlator().Incidents()[0].root.score_micro_nats;
  d.Add("s/jam", "printer", 340, "", 60);
  d.Run(342);
  ASSERT_EQ(d.correlator().Incidents()[0].symptoms.size(), 2u);
  EXPECT_GT(d.correlator().Incidents()[0].root.score_micro_nats, once);
}

// An incident that lives on without a result still has bursts that no longer fit in an evaluation.
TEST(Symptoms, OneThatIsNotInTheEvaluationHasNoWeight) {
  Evaluation evaluation;
  evaluation.item_of = {{3, 0}, {5, 1}};
  EXPECT_EQ(evaluation.ItemOf(5), 1);
  EXPECT_EQ(evaluation.ItemOf(4), -1);
  EXPECT_EQ(evaluation.ItemOf(6), -1);
  CorrelatorOptions options;
  options.max_items = 3;
  Driver d(Shop(), options);
  d.Add("s/crash", "db", 20);
  d.Add("s/refused", "api", 20, "db");
  d.Add("s/5xx", "web", 20);
  d.Run(40);
  ASSERT_EQ(d.correlator().Incidents().at(0).symptoms.size(), 3u);
  for (int i = 0; i < 3; ++i) d.Add("s/oom", "host" + std::to_string(i), 41);
  d.Run(43);
  const auto incidents = d.correlator().Incidents();
  ASSERT_EQ(incidents.at(0).symptoms.size(), 3u);
  for (const Symptom& s : incidents[0].symptoms) EXPECT_EQ(s.weight_micro_nats, 0);
}

}  // namespace
}  // namespace culprit
