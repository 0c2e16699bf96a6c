// Each transition in the life of an incident, scripted on virtual time: who is told of what, when.
#include "engine/deliver/planner.h"

#include "planner_testing.h"

namespace culprit {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Kind = OperatorAction::Kind;
using Op = LabelMatcher::Op;

// Opened and told.
World Opened(DeliverConfig config = SimpleConfig()) {
  World w(std::move(config));
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1"));
  w.Pass(30 * kSecondUs);
  w.Told();
  return w;
}

Incident Worse() {
  Incident i = MakeIncident("INC-1");
  i.confidence = Confidence::kConfirmed;
  i.affected = {"core", "api"};
  return i;
}

TEST(Planner, OpeningWaitsGroupWait) {
  World w(SimpleConfig());
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1"));
  w.Pass(29 * kSecondUs);
  EXPECT_THAT(w.Told(), IsEmpty());
  w.Pass(kSecondUs);
  EXPECT_THAT(w.Told(), ElementsAre("slack opened INC-1"));
  EXPECT_EQ(w.last().notification.id, "INC-1/opened/1/slack");
  EXPECT_EQ(w.last().notification.dedup_key, "culprit/INC-1");
}

TEST(Planner, WhatHappensWithinTheWaitIsPartOfTheOpening) {
  World w(SimpleConfig());
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1"));
  w.Pass(10 * kSecondUs);
  w.Change(LifeEvent::kUpdated, Worse());
  w.Pass(20 * kSecondUs);
  EXPECT_THAT(w.Told(), ElementsAre("slack opened INC-1"));
  EXPECT_EQ(w.last().notification.incident.affected.size(), 2u);
}

TEST(Planner, UpdatesAreBoundedByGroupInterval) {
  World w = Opened();
  for (int i = 0; i < 100; ++i) {
    w.Pass(kSecondUs);
    Incident now = MakeIncident("INC-1");
    now.affected.push_back(absl::StrCat("svc-", i));
    w.Change(LifeEvent::kUpdated, now);
  }
  EXPECT_THAT(w.Told(), IsEmpty());
  w.Pass(200 * kSecondUs);
  EXPECT_THAT(w.Told(), ElementsAre("slack updated INC-1"));
  EXPECT_THAT(w.last().notification.text, HasSubstr("also affected: svc-99"));
}

TEST(Planner, AnUpdateThatWentBackIsNotTold) {
  World w = Opened();
  w.Change(LifeEvent::kUpdated, Worse());
  w.Change(LifeEvent::kUpdated, MakeIncident("INC-1"));
  w.Pass(kHourUs);
  EXPECT_THAT(w.Told(), IsEmpty());
}

TEST(Planner, AcknowledgementStopsRepeatsButNotResolution) {
  World w = Opened();
  w.Pass(4 * kHourUs);
  EXPECT_THAT(w.Told(), ElementsAre("slack repeat INC-1"));
  ASSERT_TRUE(w.Act(Kind::kAcknowledge, "INC-1").ok());
  EXPECT_THAT(w.Told(), ElementsAre("slack acknowledged INC-1"));
  EXPECT_EQ(w.last().notification.owner, "ann");
  w.Pass(kDayUs);
  EXPECT_THAT(w.Told(), IsEmpty());
  w.Change(LifeEvent::kUpdated, Worse());
  EXPECT_THAT(w.Told(), ElementsAre("slack updated INC-1"));
  w.Change(LifeEvent::kResolved, Worse());
  EXPECT_THAT(w.Told(), ElementsAre("slack resolved INC-1"));
  EXPECT_EQ(w.Act(Kind::kAcknowledge, "INC-1").code(), absl::StatusCode::kFailedPrecondition);
}

TEST(Planner, AcknowledgedBeforeItWasToldIsToldWithItsOwner) {
  World w(SimpleConfig());
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1"));
  ASSERT_TRUE(w.Act(Kind::kAcknowledge, "INC-1").ok());
  EXPECT_THAT(w.Told(), ElementsAre("slack opened INC-1", "slack acknowledged INC-1"));
  ASSERT_TRUE(w.Act(Kind::kAcknowledge, "INC-1").ok());  // again: nothing new
  EXPECT_THAT(w.Told(), IsEmpty());
  ASSERT_TRUE(w.Act(Kind::kAcknowledge, "INC-1", "bob").ok());
  EXPECT_THAT(w.Told(), ElementsAre("slack acknowledged INC-1"));
}

TEST(Planner, AnActionThatComesTwiceIsDoneOnce) {
  World w = Opened();
  OperatorAction note{.kind = Kind::kNote, .id = "slack:1", .incident = "INC-9", .text = "x"};
  EXPECT_EQ(w.planner().Act(note, w.now).code(), absl::StatusCode::kNotFound);
  note.incident = "INC-1";
  ASSERT_TRUE(w.planner().Act(note, w.now).ok());  // what was refused may come again
  EXPECT_THAT(w.Told(), ElementsAre("slack note INC-1"));
  w.Restart();
  ASSERT_TRUE(w.planner().Act(note, w.now).ok());
  EXPECT_THAT(w.Told(), IsEmpty());
  note.id = "slack:2";
  ASSERT_TRUE(w.planner().Act(note, w.now).ok());
  EXPECT_THAT(w.Told(), ElementsAre("slack note INC-1"));
}

TEST(Planner, NotesAndOwnersAreToldAndKept) {
  World w = Opened();
  ASSERT_TRUE(w.Act(Kind::kNote, "INC-1", "ann", "disk is full on node 3").ok());
  EXPECT_THAT(w.Told(), ElementsAre("slack note INC-1"));
  ASSERT_TRUE(w.Act(Kind::kAssign, "INC-1", "ann", "bob").ok());
  EXPECT_EQ(w.State("INC-1"), LifeState::kOpen);  // an owner alone does not acknowledge
  w.Told();
  EXPECT_EQ(w.last().notification.owner, "bob");
  ASSERT_EQ(w.last().notification.notes.size(), 1u);
  EXPECT_EQ(w.last().notification.notes[0].text, "disk is full on node 3");
  EXPECT_EQ(w.Act(Kind::kNote, "INC-9", "ann", "x").code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(w.Act(Kind::kNote, "INC-1", "ann", "").code(), absl::StatusCode::kInvalidArgument);
}

TEST(Planner, ResolvedIsToldOnce) {
  World w = Opened();
  w.Change(LifeEvent::kResolved, MakeIncident("INC-1"));
  w.Change(LifeEvent::kResolved, MakeIncident("INC-1"));
  w.Pass(kDayUs);
  EXPECT_THAT(w.Told(), ElementsAre("slack resolved INC-1"));
}

TEST(Planner, OverWithinTheWaitIsToldAllTheSame) {
  World w(SimpleConfig());
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1"));
  w.Change(LifeEvent::kResolved, MakeIncident("INC-1"));
  EXPECT_THAT(w.Told(), ElementsAre("slack opened INC-1", "slack resolved INC-1"));
}

TEST(Planner, MergedWithinTheWaitIsNotTold) {
  World w(SimpleConfig());
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1"));
  Incident merged = MakeIncident("INC-1");
  merged.merged_into = "INC-2";
  w.Change(LifeEvent::kMerged, merged);
  w.Pass(kHourUs);
  EXPECT_THAT(w.Told(), IsEmpty());
  EXPECT_EQ(w.State("INC-1"), LifeState::kMerged);
}

TEST(Planner, ClosedByHandStaysClosedUntilItGetsWorse) {
  World w(SimpleConfig());
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1", "etcd", Severity::kError));
  w.Pass(kMinuteUs);
  ASSERT_TRUE(w.Act(Kind::kResolve, "INC-1").ok());
  EXPECT_THAT(w.Told(), ElementsAre("slack opened INC-1", "slack resolved INC-1"));
  EXPECT_EQ(w.last().notification.incident.state, IncidentState::kResolved);
  Incident more = MakeIncident("INC-1", "etcd", Severity::kError);
  more.affected.push_back("api");
  w.Change(LifeEvent::kUpdated, more);
  EXPECT_THAT(w.Told(), IsEmpty());
  w.Change(LifeEvent::kUpdated, MakeIncident("INC-1", "etcd", Severity::kCritical));
  EXPECT_THAT(w.Told(), ElementsAre("slack reopened INC-1"));
}

TEST(Planner, ReopenedBeginsAnew) {
  World w = Opened();
  ASSERT_TRUE(w.Act(Kind::kAcknowledge, "INC-1").ok());
  w.Change(LifeEvent::kResolved, MakeIncident("INC-1"));
  w.Told();
  w.Pass(kMinuteUs);
  w.Change(LifeEvent::kReopened, MakeIncident("INC-1"));
  EXPECT_THAT(w.Told(), ElementsAre("slack reopened INC-1"));
  EXPECT_EQ(w.last().notification.owner, "");
  w.Pass(4 * kHourUs);
  EXPECT_THAT(w.Told(), ElementsAre("slack repeat INC-1"));
}

TEST(Planner, MergedClosesWhatWasTold) {
  World w = Opened();
  Incident merged = MakeIncident("INC-1");
  merged.merged_into = "INC-2";
  w.Change(LifeEvent::kMerged, merged);
  EXPECT_THAT(w.Told(), ElementsAre("slack merged INC-1"));
  EXPECT_EQ(w.last().notification.text, "part of INC-2");
}

TEST(Planner, PeopleMergeToo) {
  World w = Opened();
  w.Change(LifeEvent::kOpened, MakeIncident("INC-2", "nats"));
  EXPECT_EQ(w.Act(Kind::kMerge, "INC-1", "ann", "", "INC-7").code(),
            absl::StatusCode::kInvalidArgument);
  ASSERT_TRUE(w.Act(Kind::kMerge, "INC-2", "ann", "", "INC-1").ok());
  w.Change(LifeEvent::kUpdated, MakeIncident("INC-2", "nats"));
  w.Pass(kHourUs);
  EXPECT_THAT(w.Told(), IsEmpty());
  EXPECT_EQ(w.State("INC-2"), LifeState::kMerged);
}

TEST(Planner, SplitIsToldAtTheWholeAndOpensThePart) {
  World w = Opened();
  Incident part = MakeIncident("INC-2", "nats");
  part.split_from = "INC-1";
  w.Change(LifeEvent::kOpened, part);
  EXPECT_THAT(w.Told(), ElementsAre("slack split INC-1"));
  EXPECT_THAT(w.last().notification.text, HasSubstr("INC-2"));
  w.Pass(kMinuteUs);
  EXPECT_THAT(w.Told(), ElementsAre("slack opened INC-2"));
  EXPECT_EQ(w.last().notification.text, "split from INC-1");
}

DeliverConfig Escalating() {
  DeliverConfig config;
  config.teams.push_back({.name = "db",
                          .components = {"etcd"},
                          .contacts = {{"Ann", "ann@x"}, {"Bob", "bob@x"}},
                          .escalation = {{.after = 10 * kMinuteUs, .contact = "Bob"},
                                         {.after = 20 * kMinuteUs, .sinks = {"managers"}}}});
  config.routes.push_back({.match = {.teams = {"db"}}, .sinks = {"pager"}});
  return config;
}

TEST(Planner, EscalatesToTheNextContactAndThenToAnotherSink) {
  World w(Escalating());
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1"));
  w.Pass(10 * kMinuteUs - 1);
  EXPECT_THAT(w.Told(), ElementsAre("pager opened INC-1"));
  EXPECT_THAT(w.last().notification.contacts, testing::SizeIs(1));
  w.Pass(1);
  EXPECT_THAT(w.Told(), ElementsAre("pager escalated INC-1"));
  ASSERT_EQ(w.last().notification.contacts.size(), 2u);
  EXPECT_EQ(w.last().notification.contacts[1].name, "Bob");
  w.Pass(10 * kMinuteUs);
  EXPECT_THAT(w.Told(), ElementsAre("managers escalated INC-1"));
  w.Change(LifeEvent::kResolved, MakeIncident("INC-1"));
  EXPECT_THAT(w.Told(), UnorderedElementsAre("managers resolved INC-1", "pager resolved INC-1"));
}

TEST(Planner, AcknowledgementStopsEscalation) {
  World w(Escalating());
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1"));
  w.Pass(10 * kMinuteUs);
  ASSERT_TRUE(w.Act(Kind::kAcknowledge, "INC-1").ok());
  w.Told();
  w.Pass(kHourUs);
  EXPECT_THAT(w.Told(), IsEmpty());
}

TEST(Planner, EscalationBeginsAnewAfterReopening) {
  World w(Escalating());
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1"));
  w.Pass(kHourUs);
  w.Change(LifeEvent::kResolved, MakeIncident("INC-1"));
  w.Told();
  w.Change(LifeEvent::kReopened, MakeIncident("INC-1"));
  EXPECT_THAT(w.Told(), ElementsAre("pager reopened INC-1"));
  w.Pass(20 * kMinuteUs);
  EXPECT_THAT(w.Told(), ElementsAre("pager escalated INC-1", "managers escalated INC-1"));
}

TEST(Planner, SilenceHoldsTheOpeningBackUntilItEnds) {
  World w(SimpleConfig());
  ASSERT_TRUE(w.Silence("S1", {{"component", Op::kEqual, "etcd"}}, kHourUs).ok());
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1"));
  EXPECT_EQ(w.State("INC-1"), LifeState::kMuted);
  EXPECT_THAT(w.planner().MutedBy("INC-1"), HasSubstr("silence S1 by ann"));
  w.Change(LifeEvent::kOpened, MakeIncident("INC-2", "nats"));
  w.Pass(kHourUs - 1);
  EXPECT_THAT(w.Told(), ElementsAre("slack opened INC-2"));
  w.Pass(1);
  EXPECT_THAT(w.Told(), ElementsAre("slack opened INC-1"));
}

TEST(Planner, SilenceStopsUpdatesRepeatsAndEscalationButNotTheEnd) {
  World w(Escalating());
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1"));
  w.Pass(kMinuteUs);
  w.Told();
  ASSERT_TRUE(w.Silence("S1", {{"severity", Op::kMatches, "crit.*"}}, 10 * kHourUs).ok());
  w.Change(LifeEvent::kUpdated, Worse());
  w.Pass(9 * kHourUs);
  EXPECT_THAT(w.Told(), IsEmpty());
  w.Change(LifeEvent::kResolved, Worse());
  EXPECT_THAT(w.Told(), ElementsAre("pager resolved INC-1"));
}

TEST(Planner, MutedFromBirthToEndIsNeverTold) {
  World w(SimpleConfig());
  ASSERT_TRUE(w.Silence("S1", {{"component", Op::kEqual, "etcd"}}, kHourUs).ok());
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1"));
  w.Pass(kMinuteUs);
  w.Change(LifeEvent::kResolved, MakeIncident("INC-1"));
  w.Pass(kDayUs);
  EXPECT_THAT(w.Told(), IsEmpty());
  EXPECT_EQ(w.journal.size(), 3u);  // opened, muted, resolved: written down all the same
}

TEST(Planner, ExpiredSilenceCatchesUpInOneMessage) {
  World w = Opened();
  ASSERT_TRUE(w.Silence("S1", {{"incident", Op::kEqual, "INC-1"}}, 10 * kHourUs).ok());
  w.Change(LifeEvent::kUpdated, Worse());
  ASSERT_TRUE(w.Act(Kind::kNote, "INC-1", "ann", "hm").ok());
  ASSERT_TRUE(w.Act(Kind::kAcknowledge, "INC-1").ok());
  w.Pass(kHourUs);
  EXPECT_THAT(w.Told(), IsEmpty());
  ASSERT_TRUE(w.planner().Act({.kind = Kind::kExpireSilence, .text = "S1"}, w.now).ok());
  EXPECT_THAT(w.Told(), ElementsAre("slack acknowledged INC-1"));
  EXPECT_EQ(w.last().notification.notes.size(), 1u);
  EXPECT_EQ(w.planner().Act({.kind = Kind::kExpireSilence, .text = "S1"}, w.now).code(),
            absl::StatusCode::kNotFound);
}

TEST(Planner, PreviewNamesWhatASilenceWouldMute) {
  World w = Opened();
  w.Change(LifeEvent::kOpened, MakeIncident("INC-2", "nats"));
  w.Change(LifeEvent::kOpened, MakeIncident("INC-3", "etcd"));
  w.Change(LifeEvent::kResolved, MakeIncident("INC-3", "etcd"));
  EXPECT_THAT(*w.planner().Preview({{"component", Op::kNotEqual, "nats"}}), ElementsAre("INC-1"));
  EXPECT_THAT(*w.planner().Preview({{"affected", Op::kEqual, "core"}}),
              ElementsAre("INC-1", "INC-2"));
  EXPECT_FALSE(w.planner().Preview({{"component", Op::kMatches, "("}}).ok());
}

TEST(Planner, MaintenanceMutesWhatTheComponentExplains) {
  DeliverConfig config = SimpleConfig();
  World probe(config);
  config.maintenance.push_back(
      {.name = "upgrade", .components = {"etcd"}, .start = probe.now, .end = probe.now + kHourUs});
  World w(config);
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1", "etcd"));
  w.Change(LifeEvent::kOpened, MakeIncident("INC-2", "nats"));
  w.Pass(kMinuteUs);
  EXPECT_THAT(w.Told(), ElementsAre("slack opened INC-2"));
  EXPECT_EQ(w.planner().MutedBy("INC-1"), "maintenance upgrade of etcd");
  // The picture clears: it is something else, and that is news.
  w.Change(LifeEvent::kUpdated, MakeIncident("INC-1", "postgres"));
  EXPECT_THAT(w.Told(), ElementsAre("slack opened INC-1"));
}

TEST(Planner, MuteTimesHoldOneRouteBackOnly) {
  DeliverConfig config;
  config.mute_times.push_back({.name = "always-but-noon",
                               .zone = "Europe/Berlin",
                               .begin_minutes = 13 * 60,
                               .end_minutes = 12 * 60});
  config.routes.push_back({.sinks = {"pager"}, .go_on = true});
  config.routes.push_back({.sinks = {"mail"}, .mute_times = {"always-but-noon"}});
  World w(config);
  w.now = 1'790'000'000 * kSecondUs;  // 2026-09-21T14:13:20Z, 16:13:20 in Berlin
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1"));
  w.Pass(kMinuteUs);
  EXPECT_THAT(w.Told(), ElementsAre("pager opened INC-1"));
  ASSERT_TRUE(w.Act(Kind::kAcknowledge, "INC-1").ok());
  EXPECT_THAT(w.Told(), ElementsAre("pager acknowledged INC-1"));
  w.Pass(kDayUs);
  EXPECT_THAT(w.Told(), ElementsAre("mail opened INC-1", "mail acknowledged INC-1"));
  EXPECT_EQ(w.last().notification.time % kDayUs, 10 * kHourUs);  // noon in Berlin
}

TEST(Planner, ComingBackOnceTooOftenIsOneMessage) {
  World w(SimpleConfig());
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1"));
  w.Pass(kMinuteUs);
  w.Change(LifeEvent::kResolved, MakeIncident("INC-1"));
  w.Told();
  w.Pass(kMinuteUs);
  Incident flapping = MakeIncident("INC-1");
  flapping.flapping = true;
  flapping.flaps = 3;
  w.Change(LifeEvent::kReopened, flapping);
  EXPECT_THAT(w.Told(), ElementsAre("slack reopened INC-1"));
  EXPECT_THAT(w.last().notification.text, HasSubstr("came back 3 times; held open"));
  EXPECT_EQ(w.State("INC-1"), LifeState::kFlapping);
}

TEST(Planner, FlappingIsOneDigestPerPeriod) {
  World w = Opened();
  Incident flapping = MakeIncident("INC-1");
  flapping.flapping = true;
  flapping.flaps = 3;
  w.Change(LifeEvent::kFlapping, flapping);
  EXPECT_THAT(w.Told(), ElementsAre("slack flapping INC-1"));
  for (int i = 0; i < 29; ++i) {
    w.Pass(kMinuteUs);
    ++flapping.flaps;
    flapping.affected.push_back(absl::StrCat("svc-", i));
    w.Change(LifeEvent::kUpdated, flapping);
  }
  EXPECT_THAT(w.Told(), IsEmpty());
  w.Pass(kMinuteUs);
  EXPECT_THAT(w.Told(), ElementsAre("slack flapping INC-1"));
  EXPECT_THAT(w.last().notification.text, HasSubstr("32 times"));
  w.Pass(kDayUs);
  EXPECT_THAT(w.Told(), IsEmpty());  // nothing happened, and a flapping one is not repeated
  w.Change(LifeEvent::kResolved, MakeIncident("INC-1"));
  EXPECT_THAT(w.Told(), ElementsAre("slack resolved INC-1"));
}

TEST(Planner, RoutesBySeverityComponentTeamPackAndLabel) {
  DeliverConfig config;
  config.labels = {{"env", "prod"}};
  config.teams.push_back({.name = "db", .components = {"etcd"}});
  const auto to = [&](RouteMatch match, const std::string& sink) {
    config.routes.push_back({.match = std::move(match), .sinks = {sink}, .go_on = true});
  };
  to({.severities = {Severity::kCritical}}, "a");
  to({.components = {"nats"}}, "b");
  to({.teams = {"db"}}, "c");
  to({.packs = {"etcd"}}, "d");
  to({.labels = {{"env", Op::kEqual, "prod"}, {"affected", Op::kMatches, "co.*"}}}, "e");
  to({.labels = {{"env", Op::kNotEqual, "prod"}}}, "f");
  World w(config);
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1"));
  w.Change(LifeEvent::kOpened, MakeIncident("INC-2", "nats", Severity::kError));
  w.Pass(kMinuteUs);
  EXPECT_THAT(w.Told(), UnorderedElementsAre("a opened INC-1", "c opened INC-1", "d opened INC-1",
                                             "e opened INC-1", "b opened INC-2", "e opened INC-2"));
}

TEST(Planner, WithoutContinueTheFirstRouteDecides) {
  DeliverConfig config;
  config.routes.push_back({.match = {.severities = {Severity::kCritical}}, .sinks = {"pager"}});
  config.routes.push_back({.sinks = {"mail"}});
  World w(config);
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1", "etcd", Severity::kError));
  w.Pass(kMinuteUs);
  EXPECT_THAT(w.Told(), ElementsAre("mail opened INC-1"));
  // It gets worse: the pager learns of it, and the mail box hears of its end all the same.
  w.Change(LifeEvent::kUpdated, MakeIncident("INC-1"));
  EXPECT_THAT(w.Told(), ElementsAre("pager opened INC-1"));
  w.Change(LifeEvent::kResolved, MakeIncident("INC-1"));
  EXPECT_THAT(w.Told(), ElementsAre("mail resolved INC-1", "pager resolved INC-1"));
}

TEST(Planner, StateSurvivesARestart) {
  World w(Escalating());
  w.Change(LifeEvent::kOpened, MakeIncident("INC-1"));
  ASSERT_TRUE(w.Silence("S1", {{"component", Op::kEqual, "nats"}}, kHourUs).ok());
  w.Restart();
  w.Pass(10 * kMinuteUs);
  EXPECT_THAT(w.Told(), ElementsAre("pager opened INC-1", "pager escalated INC-1"));
  w.Restart();
  EXPECT_EQ(w.planner().Silences(w.now).size(), 1u);
  w.Pass(10 * kMinuteUs);
  EXPECT_THAT(w.Told(), ElementsAre("managers escalated INC-1"));
  EXPECT_EQ(w.last().notification.id, "INC-1/escalated/3/managers");
}

TEST(Planner, DamagedStateIsRefused) {
  World w = Opened();
  const std::string bytes = w.Save();
  for (size_t cut = 0; cut < bytes.size(); cut += 3) {
    auto planner = Planner::Make(SimpleConfig());
    EXPECT_FALSE(ReadCheckpoint(bytes.substr(0, cut), "p", 1, [&](CheckpointReader& ar) {
                   (*planner)->Read(ar, TestCodec());
                 }).ok());
  }
}

TEST(Planner, RefusesNamesThatDoNotResolve) {
  DeliverConfig config = SimpleConfig();
  config.routes[0].mute_times = {"nights"};
  EXPECT_FALSE(Planner::Make(config).ok());
  config = SimpleConfig();
  config.routes[0].team = "db";
  EXPECT_FALSE(Planner::Make(config).ok());
}

}  // namespace
}  // namespace culprit
