// The reason half over a log with actions of people in it: who is told of what does not depend on
// how the log is read, nor on restarts at any place of it.
#include "engine/pipeline/live_reasoner.h"

#include <gmock/gmock.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "engine/deliver/action_codec.h"
#include "engine/deliver/routing_codec.h"
#include "sinks/common/message.h"
#include "tests/fakes/live_engine.h"
#include "tests/fakes/live_run.h"
#include "tests/unit/temp_dir.h"

namespace culprit {
namespace {

using testing::Contains;
using testing::Each;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

// Updates soon, so that the minutes of a scenario hold all of it.
DeliverConfig Routing() {
  DeliverConfig config;
  config.routes = {{.sinks = {"pager"},
                    .go_on = true,
                    .group_wait = 5 * kSecondUs,
                    .group_interval = 10 * kSecondUs,
                    .repeat_interval = 30 * kSecondUs},
                   {.sinks = {"slack"}, .group_wait = 0, .group_interval = 1}};
  config.labels = {{"env", "test"}};
  return config;
}

std::shared_ptr<const LiveKnowledge> Known() { return BuiltInLiveKnowledge(); }

struct Log {
  std::vector<StoredChunk> chunks;
  std::vector<Generation> generations;
};

// What a live run wrote over the logs of an outage, each of which came in so many pieces.
Log LogOf(size_t pieces) {
  const auto& all = AllScenarios();
  const auto outage = std::find_if(all.begin(), all.end(), [](const ScenarioCase& c) {
    return c.scenario.file.find("placeos/scenarios/etcd-outage/") != std::string::npos;
  });
  const TempDir folder;
  Log out;
  {
    LivePipelineOptions options = QuickOptions();
    options.routing = EncodeRouting(Routing());
    LiveRun run(folder.path(), Known(), options);
    const auto batch = [](const std::string& name, size_t offset) {
      LiveBatch b;
      b.stream = std::make_shared<LiveStream>(LiveStream{"files", name, name, ""});
      b.offset = offset;
      return b;
    };
    for (const auto& [name, text] : outage->logs.streams)
      EXPECT_TRUE(run.pipeline->Push(batch(name, 0)).ok());
    std::map<std::string, size_t> at;
    for (size_t i = 1; i <= pieces; ++i) {
      for (const auto& [name, text] : outage->logs.streams) {
        LiveBatch b = batch(name, at[name]);
        const size_t end =
            i == pieces ? text.size() : text.find('\n', text.size() * i / pieces) + 1;
        if (end > at[name]) b.bytes = text.substr(at[name], end - at[name]);
        at[name] = std::max(at[name], end);
        b.end_of_stream = i == pieces;
        EXPECT_TRUE(run.pipeline->Push(std::move(b)).ok());
      }
      EXPECT_TRUE(run.pipeline->Drain(SteadyNow() + kLongUs).ok());
    }
    run.End(true);
    out.chunks = *run.state()->ReadChunks(0, 1 << 30);
    out.generations = *run.state()->Generations();
  }
  return out;
}

const Log& OutageLog() {
  static const Log log = LogOf(60);
  return log;
}

std::unique_ptr<LiveReasoner> NewReasoner() {
  return std::make_unique<LiveReasoner>(Known()->engine.knowledge, ReasonOptions());
}

struct Told {
  std::vector<std::string> deliveries;  // all of each row
  std::vector<std::string> journal;
  std::vector<std::string> events;  // "slack opened"
  void Add(LiveReasoner* reasoner) {
    ReasonCommit commit;
    reasoner->Peek(&commit);
    reasoner->Taken();
    for (const DeliveryRow& row : commit.deliveries) {
      deliveries.push_back(absl::StrCat(row.notification, " ", row.destination, " ", row.incident,
                                        " ", row.event, " ", row.revision, " ", row.time, " ",
                                        row.json));
      events.push_back(absl::StrCat(row.destination, " ", row.event));
    }
    for (const JournalRow& row : commit.journal)
      journal.push_back(absl::StrCat(row.incident, " ", row.number, " ", row.time, " ", row.event,
                                     " ", row.before, " ", row.after, " ", row.author, " ",
                                     row.text));
  }
};

// All of the log at once.
Told Straight(const Log& log) {
  const auto reasoner = NewReasoner();
  for (const Generation& g : log.generations) reasoner->AddGeneration(g);
  for (const StoredChunk& chunk : log.chunks) EXPECT_TRUE(reasoner->Read(chunk).ok());
  Told told;
  told.Add(reasoner.get());
  return told;
}

StoredChunk Action(OperatorAction action) {
  StoredChunk out;
  out.chunk.entries = EncodeControl({{.kind = ControlKind::kAction, .text = EncodeAction(action)}});
  return out;
}

// With people who act as soon as they are told.
Log WithActions(const Log& log) {
  Log out{{}, log.generations};
  const auto reasoner = NewReasoner();
  for (const Generation& g : log.generations) reasoner->AddGeneration(g);
  std::string incident;
  int step = 0;
  for (const StoredChunk& chunk : log.chunks) {
    out.chunks.push_back(chunk);
    EXPECT_TRUE(reasoner->Read(chunk).ok());
    ReasonCommit commit;
    reasoner->Peek(&commit);
    reasoner->Taken();
    if (!commit.deliveries.empty()) incident = commit.deliveries[0].incident;
    if (incident.empty()) continue;
    using Kind = OperatorAction::Kind;
    OperatorAction action{.id = absl::StrCat("a", step), .incident = incident, .author = "ann"};
    switch (step++) {
      case 0:
        action.kind = Kind::kAcknowledge;
        break;
      case 1:
        action.kind = Kind::kNote;
        action.text = "disk is full on node 3";
        break;
      case 2:
        action.kind = Kind::kSilence;
        action.silence = {.id = "s1",
                          .matchers = {{"incident", LabelMatcher::Op::kEqual, incident}},
                          .end = reasoner->now() + kHourUs};
        break;
      default:
        continue;
    }
    out.chunks.push_back(Action(action));
  }
  return out;
}

TEST(LiveReasoner, TellsTheLifeOfAnIncident) {
  const Told told = Straight(OutageLog());
  EXPECT_THAT(told.events, Contains("slack opened").Times(1));
  EXPECT_THAT(told.events, Contains("pager opened").Times(1));
  EXPECT_THAT(told.events, Contains("pager repeat"));
  ASSERT_FALSE(told.deliveries.empty());
  EXPECT_THAT(told.deliveries[0], HasSubstr("\"labels\":{\"env\":\"test\"}"));
  EXPECT_THAT(told.deliveries[0], HasSubstr("etcd.log"));  // evidence names its streams
  EXPECT_THAT(told.journal[0], HasSubstr(" opened none open"));
  const std::set<std::string> once(told.deliveries.begin(), told.deliveries.end());
  EXPECT_EQ(once.size(), told.deliveries.size());
}

TEST(LiveReasoner, PeopleAreToldTheSameHoweverTheLinesCome) {
  const Told few = Straight(LogOf(1));
  const Told many = Straight(OutageLog());
  EXPECT_GT(OutageLog().chunks.size(), 100u);
  EXPECT_EQ(few.deliveries, many.deliveries);
  EXPECT_EQ(few.journal, many.journal);
}

TEST(LiveReasoner, PeopleAreToldTheSameAfterRestartsAnywhere) {
  const Log log = WithActions(OutageLog());
  const Told straight = Straight(log);
  EXPECT_THAT(straight.events, Contains("slack acknowledged"));
  EXPECT_THAT(straight.events, Contains("slack note"));
  EXPECT_THAT(straight.journal, Contains(HasSubstr(" muted acknowledged muted")));
  Told restarted;
  auto reasoner = NewReasoner();
  for (const Generation& g : log.generations) reasoner->AddGeneration(g);
  for (const StoredChunk& chunk : log.chunks) {
    ASSERT_TRUE(reasoner->Read(chunk).ok());
    restarted.Add(reasoner.get());
    auto next = NewReasoner();
    const absl::Status status = next->Restore(reasoner->Save());
    ASSERT_TRUE(status.ok()) << status;
    EXPECT_EQ(next->Save(), reasoner->Save());
    reasoner = std::move(next);
  }
  EXPECT_EQ(restarted.deliveries, straight.deliveries);
  EXPECT_EQ(restarted.journal, straight.journal);
}

TEST(LiveReasoner, SaysWhatCameOfAnAction) {
  const auto reasoner = NewReasoner();
  ASSERT_TRUE(reasoner
                  ->Read(Action(
                      {.kind = OperatorAction::Kind::kAcknowledge, .id = "x", .incident = "INC-0"}))
                  .ok());
  const auto acted = reasoner->TakeActed();
  ASSERT_THAT(acted, SizeIs(1));
  EXPECT_EQ(acted[0].first, "x");
  EXPECT_EQ(acted[0].second.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(reasoner->TakeActed(), IsEmpty());
}

TEST(LiveReasoner, NewRoutesAreForWhatIsOnAsWell) {
  Log log = OutageLog();
  // The routing that the run began with is left out; another one comes in the middle of the outage.
  DeliverConfig late;
  late.routes = {{.sinks = {"mail"}}};
  StoredChunk routing;
  routing.chunk.entries =
      EncodeControl({{.kind = ControlKind::kRouting, .text = EncodeRouting(late)}});
  const auto reasoner = NewReasoner();
  for (const Generation& g : log.generations) reasoner->AddGeneration(g);
  Told told;
  bool routed = false;
  for (const StoredChunk& chunk : log.chunks) {
    if (chunk.chunk.partition == kControlPartition) {
      std::vector<ControlEntry> entries = *DecodeControl(chunk.chunk.entries);
      std::erase_if(entries, [](const auto& e) { return e.kind == ControlKind::kRouting; });
      StoredChunk other = chunk;
      other.chunk.entries = EncodeControl(entries);
      ASSERT_TRUE(reasoner->Read(other).ok());
    } else {
      ASSERT_TRUE(reasoner->Read(chunk).ok());
    }
    told.Add(reasoner.get());
    if (reasoner->open_incidents() == 0 || routed) continue;
    EXPECT_THAT(told.events, IsEmpty());
    EXPECT_THAT(told.journal, Not(IsEmpty()));
    for (int i = 0; i < 2; ++i) ASSERT_TRUE(reasoner->Read(routing).ok());  // a restart: no news
    told.Add(reasoner.get());
    EXPECT_THAT(told.events, testing::ElementsAre("mail opened"));
    routed = true;
  }
  EXPECT_TRUE(routed);
  EXPECT_THAT(told.events, Each(HasSubstr("mail ")));
}

TEST(LiveReasoner, DamagedActionsAndRoutesAreErrors) {
  const auto reasoner = NewReasoner();
  StoredChunk chunk;
  chunk.chunk.entries = EncodeControl({{.kind = ControlKind::kAction, .text = "x"}});
  EXPECT_EQ(reasoner->Read(chunk).code(), absl::StatusCode::kDataLoss);
  chunk.chunk.entries = EncodeControl({{.kind = ControlKind::kRouting, .text = ""}});
  EXPECT_TRUE(reasoner->Read(chunk).ok());  // as it was
  chunk.chunk.entries = EncodeControl({{.kind = ControlKind::kRouting, .text = "x"}});
  EXPECT_EQ(reasoner->Read(chunk).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace culprit
