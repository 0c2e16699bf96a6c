// What an incident says: runbook, spared, absences, ties, one line with several signatures, packs
// that become active, words.
#include "engine/correlate/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/correlate/words.h"
#include "tests/unit/correlate/testing.h"

namespace culprit {
namespace {

using testing::Driver;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::KnowledgeBuilder;
using testing::ModeSpec;

KnowledgeBuilder Store() {
  KnowledgeBuilder k;
  k.Signature("s/refused", SymptomClass::kRefused, false, "connection refused")
      .Signature("s/no-core", SymptomClass::kDepError, false, "no core instances")
      .Signature("s/login", SymptomClass::kServerError, false, "login failed")
      .Signature("s/own", SymptomClass::kOther, false, "etcd lost its leader")
      .Signature("s/5xx", SymptomClass::kServerError);
  k.Depends("api", {"etcd", "db"}).Depends("core", {"etcd"}).Depends("web", {"api"});
  auto mode = ModeSpec("p/etcd-down", "etcd", ModeKind::kDown,
                       {{"s/refused", "*", .8, 2 * kMinuteUs},
                        {"s/no-core", "api", .8, 2 * kMinuteUs},
                        {"s/own", "", .5, 2 * kMinuteUs}},
                       {"s/login"});
  mode.title = "etcd is down or unreachable";
  mode.impact = "Requests to {component} fail.";
  mode.runbook.immediate = {{"Check {component}.", "etcdctl --endpoints {host}:{port} status"}};
  mode.runbook.diagnose = {{"Look.", "curl {scheme|http}://{nowhere}/ -H '{{.State}}' ${HOME}"}};
  k.Mode(mode);
  return k;
}

void Capturing(Burst& b, std::vector<Capture> captures, uint64_t offset = 0) {
  Evidence e;
  e.position.offset = offset;
  e.captures = std::move(captures);
  e.time = b.onset;
  e.line = "a line";
  b.evidence.push_back(e);
}

TEST(Explanation, FillsTheRunbookFromLinesThatNameTheRoot) {
  Driver d(Store().Build());
  d.Alive({"api", "core", "web"});
  Capturing(d.Add("s/no-core", "api", 20), {{"host", "10.9.9.9"}, {"port", "1"}}, 1);
  Capturing(d.Add("s/refused", "api", 20.5, "etcd"), {{"host", "10.0.0.5"}, {"port", "2379"}}, 2);
  Capturing(d.Add("s/refused", "core", 21, "etcd"), {{"host", "10.0.0.6"}}, 3);
  d.Run(60);
  const auto incidents = d.correlator().Incidents();
  ASSERT_EQ(incidents.size(), 1u);
  const Incident& i = incidents[0];
  EXPECT_EQ(i.root.failure_mode, "p/etcd-down");
  EXPECT_EQ(i.title, "etcd is down or unreachable: took down api, core");
  EXPECT_EQ(i.runbook.immediate[0].say, "Check etcd.");
  EXPECT_EQ(i.runbook.immediate[0].run, "etcdctl --endpoints 10.0.0.5:2379 status");
  EXPECT_EQ(i.runbook.diagnose[0].run, "curl http://<nowhere>/ -H '{{.State}}' ${HOME}");
  EXPECT_EQ(i.impact, "Requests to etcd fail.");
  EXPECT_EQ(i.evidence.size(), 3u);
  EXPECT_EQ(i.confidence, Confidence::kConfirmed);  // named by two components
}

TEST(Explanation, SparedIsConfirmedOnlyWhereItWouldHaveShown) {
  for (const bool login_fails : {false, true}) {
    Driver d(Store().Build());
    d.Alive({"api", "core", "web"});
    d.Add("s/no-core", "api", 20);
    d.Add("s/refused", "api", 20.5, "etcd");
    d.Add("s/refused", "core", 21, "etcd");
    if (login_fails) d.Add("s/login", "api", 22);
    d.Run(60);
    const auto incidents = d.correlator().Incidents();
    const Incident& i = incidents[0];
    ASSERT_EQ(i.spared.size(), 1u);
    EXPECT_EQ(i.spared[0].signature, "s/login");
    EXPECT_EQ(i.spared[0].confirmed, !login_fails);
    for (const Symptom& s : i.symptoms) EXPECT_NE(s.signature, "s/login");
  }
}

TEST(Explanation, AbsenceSpeaksAgainstTheRoot) {
  Driver d(Store().Build());
  d.Alive({"api", "core", "web"});
  d.Add("s/refused", "api", 20, "etcd");
  d.Add("s/no-core", "api", 20);
  d.Run(100);
  const auto incidents = d.correlator().Incidents();
  const Incident& i = incidents[0];
  ASSERT_FALSE(i.absences.empty());
  EXPECT_EQ(i.absences[0].component, "core");
  EXPECT_LT(i.absences[0].weight_micro_nats, 0);
}

TEST(Explanation, OneLineWithSeveralSignaturesCountsOnce) {
  auto score = [](bool same_line) {
    Driver d(Store().Build());
    Capturing(d.Add("s/refused", "api", 20, "etcd"), {}, 7);
    Capturing(d.Add("s/5xx", "api", 20), {}, same_line ? 7 : 8);
    d.Run(40);
    return d.correlator().last_evaluation().result.incidents.at(0).score_micro_nats;
  };
  EXPECT_LT(score(true), score(false) - 1'000'000);
}

TEST(Explanation, SameClassAndTargetIsOneSymptom) {
  auto knowledge = [] {
    KnowledgeBuilder k;
    k.Signature("s/a", SymptomClass::kRefused).Signature("s/b", SymptomClass::kRefused);
    k.Depends("api", {"db"});
    return k.Build();
  };
  auto score = [&](bool both) {
    Driver d(knowledge());
    d.Add("s/a", "api", 20, "db");
    if (both) d.Add("s/b", "api", 20, "db");
    d.Run(40);
    const auto incidents = d.correlator().Incidents();
    EXPECT_EQ(incidents.at(0).symptoms.size(), both ? 2u : 1u);
    return incidents.at(0).root.score_micro_nats;
  };
  EXPECT_EQ(score(true), score(false));
}

TEST(Explanation, WhatGoesOnLoggingIsNotConfirmedToBeDown) {
  for (const bool alive : {false, true}) {
    KnowledgeBuilder k;
    k.Signature("s/refused", SymptomClass::kRefused);
    k.Depends("api", {"db"}).Depends("core", {"db"}).Depends("web", {"db"});
    Driver d(k.Build());
    d.Alive({"api", "core", "web"});
    if (alive) d.Alive({"db"});
    d.Add("s/refused", "api", 20, "db");
    d.Add("s/refused", "core", 21, "db");
    d.Add("s/refused", "web", 21, "db");
    d.Run(120);
    const auto incidents = d.correlator().Incidents();
    EXPECT_EQ(incidents.at(0).root.component, "db");
    EXPECT_EQ(incidents.at(0).confidence, alive ? Confidence::kLikely : Confidence::kConfirmed);
  }
}

TEST(PackActivation, AMapAppliesOnceItsPackIsSeen) {
  auto knowledge = [] {
    KnowledgeBuilder k(false);
    k.Signature("s/refused", SymptomClass::kRefused);
    const uint32_t pack = k.Pack("shop");
    k.Depends("api", {"db", "cache", "search"}, pack);
    return k.Build();
  };
  {
    Driver d(knowledge());
    d.Alive({"api"});
    d.Run(10);
    EXPECT_THAT(d.correlator().Edges(), IsEmpty());
    d.packs_seen = {1};
    d.Run(12);
    EXPECT_EQ(d.correlator().Edges().size(), 3u);
    d.packs_seen.clear();
    d.Run(20);
    EXPECT_EQ(d.correlator().Edges().size(), 3u);
  }
  {
    Driver d(knowledge());
    d.Alive({"api", "db"});  // two of four connected components log
    d.Run(10);
    EXPECT_EQ(d.correlator().Edges().size(), 3u);
  }
}

TEST(PackActivation, NamesLearnEdges) {
  KnowledgeBuilder k(false);
  k.Signature("s/refused", SymptomClass::kRefused);
  Driver d(k.Build());
  d.Add("s/refused", "api", 20, "ext:10.0.0.7:5432");
  d.Add("s/refused", "api", 20, "api");  // itself: no edge
  d.Run(30);
  const auto edges = d.correlator().Edges();
  ASSERT_EQ(edges.size(), 1u);
  EXPECT_EQ(edges[0].to, "ext:10.0.0.7:5432");
  EXPECT_TRUE(edges[0].learned);
  EXPECT_EQ(d.correlator().Incidents().at(0).root.component, "ext:10.0.0.7:5432");
}

TEST(Bounds, WhatDoesNotFitIsCounted) {
  KnowledgeBuilder k(false);
  k.Signature("s/self", SymptomClass::kSelfError);
  CorrelatorOptions options;
  options.max_components = 10;
  options.max_alive = 5;
  options.max_items = 6;
  Driver d(k.Build(), options);
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) names.push_back("c" + std::to_string(i));
  d.Alive(names);
  for (int i = 0; i < 20; ++i) d.Add("s/self", names[static_cast<size_t>(i)], 20 + i * .1);
  d.Run(60);
  EXPECT_LE(d.correlator().topology().size(), 10u);
  EXPECT_LE(d.correlator().last_evaluation().evidence.items().size(), 6u);
  EXPECT_GT(d.counters().Get(Reason::kStateEvicted), 0u);
}

TEST(Feedback, AConfirmedRootGetsMoreLikely) {
  auto score = [](int confirmed) {
    Driver d(Store().Build());
    d.Add("s/5xx", "api", 20);
    d.Add("s/refused", "web", 21);
    d.Run(10);
    for (int n = 0; n < confirmed; ++n) d.correlator().ConfirmRoot("generic/faulty", "api");
    d.Run(60);
    for (const auto& h : d.correlator().last_evaluation().result.incidents.at(0).hypotheses) {
      if (d.correlator().topology().Name(h.hypothesis.component) == "api" &&
          h.hypothesis.mode == 2) {
        return h.score_micro_nats;
      }
    }
    return int64_t{0};
  };
  EXPECT_NEAR(static_cast<double>(score(2) - score(0)), 1e6 * std::log(2.0), 2);
}

TEST(Words, NamesAreJoined) {
  EXPECT_EQ(JoinNames({}, 4), "");
  EXPECT_EQ(JoinNames({"a"}, 4), "a");
  EXPECT_EQ(JoinNames({"a", "b"}, 4), "a and b");
  EXPECT_EQ(JoinNames({"a", "b", "c"}, 4, "or"), "a, b or c");
  EXPECT_EQ(JoinNames({"a", "b", "c", "d", "e"}, 4), "a, b, c and 2 more");
}

TEST(Words, TemplatesKeepWhatIsNotTheirs) {
  EXPECT_EQ(FillTemplate("{host}:{port|80} {component}", "db", {{"host", "h"}}), "h:80 db");
  EXPECT_EQ(FillTemplate("{host", "db", {}), "{host");
  EXPECT_EQ(FillTemplate("jq '{\"a\": 1}' {}", "db", {}), "jq '{\"a\": 1}' {}");
  EXPECT_EQ(FillTemplate("{host}", "db", {{"host", ""}}), "<host>");
}

}  // namespace
}  // namespace culprit
