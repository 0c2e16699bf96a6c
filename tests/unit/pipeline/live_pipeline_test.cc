// The whole of a live run in one process: what comes out equals a replay of the same bytes,
// whatever is cut, killed or full in between.
#include "engine/pipeline/live_pipeline.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <future>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/deliver/action_codec.h"
#include "engine/deliver/routing_codec.h"
#include "sinks/render/render.h"
#include "tests/fakes/live_engine.h"
#include "tests/fakes/live_run.h"
#include "tests/unit/temp_dir.h"

namespace culprit {
namespace {

// A file as a source reads it: batches of whole lines, the offset as the resume point.
class FileFeed {
 public:
  FileFeed(std::string name, const std::string* text)
      : stream_(std::make_shared<LiveStream>(LiveStream{"files", name, std::move(name), ""})),
        text_(text) {}

  const LiveStream& stream() const { return *stream_; }
  void Resume(const std::string& resume) {
    if (!resume.empty()) at_ = std::stoull(resume);
  }
  LiveBatch Announce() const {
    LiveBatch batch;
    batch.stream = stream_;
    batch.offset = at_;
    return batch;
  }
  bool done() const { return ended_; }
  LiveBatch Next(size_t aim) {
    LiveBatch batch = Announce();
    size_t end = at_ + aim >= text_->size() ? text_->size() : text_->find('\n', at_ + aim);
    end = end == std::string::npos ? text_->size() : std::min(end + 1, text_->size());
    batch.bytes = text_->substr(at_, end - at_);
    at_ = end;
    batch.resume = std::to_string(at_);
    ended_ = at_ == text_->size();
    return batch;
  }
  LiveBatch End() const {
    LiveBatch batch = Announce();
    batch.end_of_stream = true;
    return batch;
  }

 private:
  const std::shared_ptr<const LiveStream> stream_;
  const std::string* const text_;
  size_t at_ = 0;
  bool ended_ = false;
};

using Streams = std::vector<std::pair<std::string, std::string>>;

// Pushes what is not committed yet, streams in turns, and at last that they end. False: the
// pipeline stopped taking.
bool Feed(LivePipeline* pipeline, const Streams& streams, std::mt19937* rng, size_t aim,
          bool end = true) {
  const std::vector<ResumePoint> points = pipeline->ResumePoints("files");
  std::map<std::string, std::string> resumes;
  for (const ResumePoint& point : points) resumes[point.stream.key] = point.resume;
  std::vector<std::unique_ptr<FileFeed>> feeds;
  for (const auto& [name, text] : streams) {
    auto feed = std::make_unique<FileFeed>(name, &text);
    if (const auto it = resumes.find(name); it != resumes.end()) feed->Resume(it->second);
    feeds.push_back(std::move(feed));
  }
  for (const auto& feed : feeds)
    if (!pipeline->Push(feed->Announce()).ok()) return false;
  std::vector<FileFeed*> going;
  for (const auto& feed : feeds) going.push_back(feed.get());
  while (!going.empty()) {
    FileFeed* feed = going[(*rng)() % going.size()];
    if (!pipeline->Push(feed->Next(1 + (*rng)() % aim)).ok()) return false;
    if (feed->done()) std::erase(going, feed);
  }
  for (const auto& feed : feeds)
    if (end && !pipeline->Push(feed->End()).ok()) return false;
  return true;
}

// Incidents that people were told of, by id.
std::map<std::string, std::string> Rows(LiveStore* store) {
  std::map<std::string, std::string> rows;
  const std::vector<IncidentRow> stored = *store->Incidents("", 10'000);
  for (const IncidentRow& row : stored) rows[row.id] = row.json;
  return rows;
}

std::map<std::string, std::string> Paged(const Report& report) {
  std::map<std::string, std::string> rows;
  for (const Incident& i : report.incidents)
    if (i.paged_at != kNoTime) rows[i.id] = RenderIncidentJson(i, report);
  return rows;
}

std::vector<std::string> Outbox(LiveStore* store) {
  std::vector<std::string> rows;
  const std::vector<StoredOutboxRow> stored = *store->Outbox(DeliveryState::kPending, 0, 100'000);
  for (const StoredOutboxRow& row : stored)
    rows.push_back(row.row.incident + " " + row.row.event + " " + std::to_string(row.row.revision) +
                   " " + std::to_string(row.row.time) + " " + row.row.json);
  return rows;
}

// Everything that is to be told, in order; takes it out of the outbox.
std::vector<std::string> TakeDeliveries(LiveStore* store) {
  std::vector<std::string> rows;
  for (const char* destination : {"pager", "slack"}) {
    for (;;) {
      const std::vector<StoredDelivery> heads = *store->PendingDeliveries(destination, 100'000);
      if (heads.empty()) break;
      for (const StoredDelivery& d : heads) {
        rows.push_back(absl::StrCat(d.row.notification, " ", d.row.destination, " ", d.row.revision,
                                    " ", d.row.time, " ", d.row.json));
        EXPECT_TRUE(
            store->SettleDelivery({.id = d.id, .state = DeliveryState::kDelivered, .now = 1}).ok());
      }
    }
  }
  return rows;
}

std::vector<std::string> JournalOf(LiveStore* store) {
  std::vector<std::string> rows;
  for (const auto& [id, json] : Rows(store)) {
    const std::vector<JournalRow> journal = *store->Journal(id);
    for (const JournalRow& row : journal)
      rows.push_back(absl::StrCat(id, " ", row.number, " ", row.time, " ", row.event, " ",
                                  row.before, " ", row.after, " ", row.text));
  }
  return rows;
}

// Two sinks, one of which hears of every change.
std::string QuickRouting() {
  DeliverConfig config;
  config.routes = {{.sinks = {"pager"}, .go_on = true, .group_wait = kSecondUs},
                   {.sinks = {"slack"}, .group_wait = 0, .group_interval = 1}};
  return EncodeRouting(config);
}

std::shared_ptr<const LiveKnowledge> KnowledgeOf(const Scenario& scenario) {
  static std::map<std::string, std::shared_ptr<const LiveKnowledge>> cache;
  auto& knowledge = cache[absl::StrJoin(scenario.packs, ",")];
  if (knowledge == nullptr)
    knowledge = scenario.packs.empty() ? BuiltInLiveKnowledge() : MakeLiveKnowledge(scenario.packs);
  return knowledge;
}

Report ReplayOf(const LiveKnowledge& knowledge, const Streams& streams) {
  ScanProgress progress;
  return *Replay(MemoryUnits(streams), knowledge.engine, ReplayOptions(), &progress,
                 [](ReplayPhase, double) {});
}

TEST(LivePipeline, EqualsReplayOverAllScenarios) {
  std::mt19937 rng(5);
  size_t incidents = 0;
  for (const ScenarioCase& c : AllScenarios()) {
    const TempDir folder;
    const auto knowledge = KnowledgeOf(c.scenario);
    Streams streams = c.logs.streams;
    std::sort(streams.begin(), streams.end());
    LiveRun run(folder.path(), knowledge);
    ASSERT_TRUE(Feed(run.pipeline.get(), streams, &rng, 30'000));
    run.End(true);
    const auto expected = Paged(ReplayOf(*knowledge, streams));
    EXPECT_EQ(Rows(run.store.get()), expected) << c.scenario.file;
    incidents += expected.size();
  }
  EXPECT_GT(incidents, 20u);
}

// A small world with an outage in it: enough for an incident, little enough to be killed often.
const ScenarioCase& Outage() {
  const auto& all = AllScenarios();
  return *std::find_if(all.begin(), all.end(), [](const ScenarioCase& c) {
    return c.scenario.file.find("placeos/scenarios/etcd-down/") != std::string::npos;
  });
}

Streams Sorted(Streams streams) {
  std::sort(streams.begin(), streams.end());
  return streams;
}

struct Result {
  std::map<std::string, std::string> incidents;
  std::vector<std::string> outbox;
  std::vector<std::string> deliveries;
  std::vector<std::string> journal;
  std::map<std::string, uint64_t> signatures;
  uint64_t signals = 0;
  bool operator==(const Result&) const = default;
};

Result ResultOf(LiveStore* store) {
  const StoreTotals totals = *store->Totals();
  return {Rows(store),      Outbox(store),     TakeDeliveries(store),
          JournalOf(store), totals.signatures, totals.signals};
}

TEST(LivePipeline, KilledAnywhereEndsAsUndisturbed) {
  const auto knowledge = KnowledgeOf(Outage().scenario);
  Streams streams = Sorted(Outage().logs.streams);
  // Beyond the head that the format is told from, so that lines come out from the first batch on.
  for (auto& [name, text] : streams) {
    const std::string first = text.substr(0, text.find('\n') + 1);
    for (int i = 0; i < 1000; ++i) text.insert(0, first);
  }
  std::mt19937 rng(17);
  LivePipelineOptions options = QuickOptions();
  options.routing = QuickRouting();
  options.queue_bytes = 100'000;  // so that commits and kills come in the middle of it
  options.flush_after = 50'000;
  options.idle_after = 2 * kSecondUs;
  LiveReasonOptions reason;
  reason.checkpoint_period = 0;  // as often as there is anything to commit
  reason.commit_period = 0;
  reason.read_bytes = 1;
  Result undisturbed;
  {
    const TempDir folder;
    LivePipelineOptions quick = QuickOptions();
    quick.routing = QuickRouting();
    LiveRun run(folder.path(), knowledge, quick, reason);
    ASSERT_TRUE(Feed(run.pipeline.get(), streams, &rng, 20'000));
    run.End(true);
    undisturbed = ResultOf(run.store.get());
    ASSERT_FALSE(undisturbed.incidents.empty());
    ASSERT_GT(undisturbed.deliveries.size(), 2u);
    ASSERT_GT(undisturbed.journal.size(), 1u);
    ASSERT_GT(undisturbed.outbox.size(), 1u);
  }
  int kills = 0;
  int told_before_kill = 0;
  for (int round = 0; round < 15; ++round) {
    const TempDir folder;
    for (;;) {
      LiveRun run(folder.path(), knowledge, options, reason);
      // Each life is longer than the one before: it ends.
      const int commits = 1 + static_cast<int>(rng() % 12) + kills % 60;
      const bool last = rng() % 6 == 0;
      if (!last) run.store->Die(commits, rng() % 2 == 0);
      std::thread killer([&] {
        while (!last && !run.store->dead()) std::this_thread::yield();
        if (!last) run.Kill();
      });
      const bool fed = Feed(run.pipeline.get(), streams, &rng, 20'000, last);
      if (last) {
        killer.join();
        ASSERT_TRUE(fed);
        run.End(true);
        break;
      }
      // All was taken before the kill: let it be committed, or the kill come.
      while (fed && !run.store->dead() && !run.pipeline->Drain(SteadyNow() + 1000).ok()) continue;
      // Once killed behind what people were told: the streams are silent until they are idle.
      const int64_t deadline = SteadyNow() + kLongUs;
      while (fed && told_before_kill == 0 && !run.store->dead() && SteadyNow() < deadline &&
             Rows(run.state()).empty())
        std::this_thread::yield();
      run.store->Die(0);
      killer.join();
      ++kills;
      told_before_kill += run.state()->Log()->progress > 0 && !Rows(run.state()).empty();
    }
    LiveRun after(folder.path(), knowledge, QuickOptions(), reason);
    const Result result = ResultOf(after.store.get());
    EXPECT_EQ(result.incidents, undisturbed.incidents);
    EXPECT_EQ(result.outbox, undisturbed.outbox);
    EXPECT_EQ(result.deliveries, undisturbed.deliveries);
    EXPECT_EQ(result.journal, undisturbed.journal);
    EXPECT_EQ(result.signatures, undisturbed.signatures);
    EXPECT_EQ(result.signals, undisturbed.signals);
    if (HasFailure()) return;
  }
  EXPECT_GT(kills, 20);
  EXPECT_GT(told_before_kill, 0);
}

TEST(LivePipeline, FullDiskHoldsSourcesBackAndLosesNothing) {
  const auto knowledge = KnowledgeOf(Outage().scenario);
  const Streams streams = Sorted(Outage().logs.streams);
  const TempDir folder;
  LivePipelineOptions options = QuickOptions();
  options.queue_bytes = 20'000;
  LiveRun run(folder.path(), knowledge, options);
  run.store->Fail(StoreCall::kScanCommit, absl::ResourceExhaustedError("no space left on device"),
                  1 << 30);
  std::thread feeder([&] {
    std::mt19937 rng(3);
    EXPECT_TRUE(Feed(run.pipeline.get(), streams, &rng, 5000));
  });
  const int64_t deadline = SteadyNow() + kLongUs;
  while (run.pipeline->stats().ready && SteadyNow() < deadline) std::this_thread::yield();
  EXPECT_FALSE(run.pipeline->Accepting());
  const PipelineStats stats = run.pipeline->stats();
  EXPECT_FALSE(stats.ready);
  EXPECT_NE(stats.not_ready.find("no space left"), std::string::npos) << stats.not_ready;
  LiveBatch batch;
  batch.stream = std::make_shared<LiveStream>(LiveStream{"files", "late.log", "late.log", ""});
  batch.bytes = std::string(30'000, 'x') + "\n";
  while (run.pipeline->stats().queue_bytes == 0 && SteadyNow() < deadline)
    std::this_thread::yield();
  const absl::StatusOr<bool> pushed = run.pipeline->TryPush(&batch);
  ASSERT_TRUE(pushed.ok());
  EXPECT_FALSE(*pushed);
  EXPECT_EQ(batch.bytes.size(), 30'001u);
  EXPECT_LE(stats.queue_bytes, 20'000u + 5000u);
  run.store->Fail(StoreCall::kScanCommit, absl::OkStatus(), 0);
  feeder.join();
  run.End(true);
  EXPECT_EQ(Rows(run.store.get()), Paged(ReplayOf(*knowledge, streams)));
}

TEST(LivePipeline, AReasonHalfThatFallsBehindHoldsSourcesBack) {
  const auto knowledge = KnowledgeOf(Outage().scenario);
  const Streams streams = Sorted(Outage().logs.streams);
  const TempDir folder;
  LivePipelineOptions options = QuickOptions();
  options.queue_bytes = 5000;  // or all of it is taken before the first commit
  options.unreasoned_bytes = 1;
  LiveRun run(folder.path(), knowledge, options);
  run.store->Fail(StoreCall::kRead, absl::UnavailableError("not now"), 1 << 30);
  std::atomic<bool> fed{false};
  std::thread feeder([&] {
    std::mt19937 rng(3);
    EXPECT_TRUE(Feed(run.pipeline.get(), streams, &rng, 5000));
    fed = true;
  });
  const int64_t deadline = SteadyNow() + kLongUs;
  while (run.pipeline->Accepting() && SteadyNow() < deadline) std::this_thread::yield();
  EXPECT_TRUE(run.pipeline->Drain(deadline).ok());
  EXPECT_FALSE(run.pipeline->Accepting());
  EXPECT_FALSE(fed);
  run.store->Fail(StoreCall::kRead, absl::OkStatus(), 0);
  feeder.join();
  run.End(true);
  EXPECT_EQ(Rows(run.store.get()), Paged(ReplayOf(*knowledge, streams)));
}

TEST(LivePipeline, NothingIsAcknowledgedBeforeItsCommit) {
  const TempDir folder;
  LiveRun run(folder.path(), BuiltInLiveKnowledge());
  run.store->Block();
  std::atomic<int> ok{0}, failed{0};
  const auto stream =
      std::make_shared<LiveStream>(LiveStream{"files", "a.log", "/var/log/api/a.log", ""});
  std::vector<int> order;
  for (int i = 0; i < 5; ++i) {
    LiveBatch batch;
    batch.stream = stream;
    batch.offset = static_cast<uint64_t>(i) * 2;
    batch.bytes = "a\n";
    batch.receipts = {"r" + std::to_string(i)};
    batch.done = [&, i](const absl::Status& status) {
      order.push_back(i);
      ++(status.ok() ? ok : failed);
    };
    ASSERT_TRUE(run.pipeline->Push(std::move(batch)).ok());
  }
  const int64_t deadline = SteadyNow() + kLongUs;
  while (run.store->waiting() == 0 && SteadyNow() < deadline) std::this_thread::yield();
  EXPECT_EQ(ok + failed, 0);
  EXPECT_FALSE(run.pipeline->HasReceipt("files", "r0"));
  run.store->Unblock();
  ASSERT_TRUE(run.pipeline->Drain(SteadyNow() + kLongUs).ok());
  EXPECT_EQ(ok, 5);
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_TRUE(run.pipeline->HasReceipt("files", "r4"));
  // One that can never be committed is told so when the program ends.
  run.store->Die();
  LiveBatch lost;
  lost.stream = stream;
  lost.offset = 10;
  lost.bytes = "b\n";
  lost.done = [&](const absl::Status& status) { ++(status.ok() ? ok : failed); };
  ASSERT_TRUE(run.pipeline->Push(std::move(lost)).ok());
  EXPECT_FALSE(run.pipeline->Drain(SteadyNow() + 10'000).ok());
  run.Kill();
  EXPECT_EQ(failed, 1);
  EXPECT_TRUE(absl::IsCancelled(run.pipeline->Push(LiveBatch{.stream = stream})));
}

// The logs stop in the middle of an outage and the system stays silent: time goes on by the clock,
// so that people are told and the incident ends.
TEST(LivePipeline, TimeGoesOnInSilence) {
  const auto knowledge = KnowledgeOf(Outage().scenario);
  const Streams streams = Sorted(Outage().logs.streams);
  const TempDir folder;
  LivePipelineOptions options = QuickOptions();
  std::atomic<TimeUs> clock{1'800'000'000 * kSecondUs};
  options.clock = [&] { return clock.load(); };
  // The default is half a minute. Long enough for all files to be pushed first.
  options.idle_after_by_source["files"] = kSecondUs;
  options.flush_after = 10'000;
  options.tick_period = 1000;
  LiveRun run(folder.path(), knowledge, options);
  std::mt19937 rng(3);
  Streams open = streams;
  std::vector<std::unique_ptr<FileFeed>> feeds;
  for (const auto& [name, text] : open) feeds.push_back(std::make_unique<FileFeed>(name, &text));
  for (const auto& feed : feeds) ASSERT_TRUE(run.pipeline->Push(feed->Announce()).ok());
  for (const auto& feed : feeds) {
    LiveBatch batch = feed->Next(1 << 30);
    batch.end_of_stream = false;
    ASSERT_TRUE(run.pipeline->Push(std::move(batch)).ok());
  }
  const int64_t deadline = SteadyNow() + kLongUs;
  const auto resolved = [&] {
    const std::vector<IncidentRow> rows = *run.store->Incidents("resolved", 100);
    return !rows.empty();
  };
  while (!resolved() && SteadyNow() < deadline) {
    clock += 10 * kSecondUs;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // lets the ticks be taken
  }
  EXPECT_TRUE(resolved());
  run.End(false);
  EXPECT_TRUE(std::any_of(run.told.begin(), run.told.end(),
                          [](const OutboxRow& row) { return row.event == "opened"; }));
  // Once more from the log's beginning: the same, byte for byte.
  LiveReasoner again(knowledge->engine.knowledge, ReasonOptions());
  const std::vector<Generation> generations = *run.store->Generations();
  for (const Generation& generation : generations) again.AddGeneration(generation);
  const std::vector<StoredChunk> chunks = *run.store->ReadChunks(0, 1 << 30);
  for (const StoredChunk& chunk : chunks) ASSERT_TRUE(again.Read(chunk).ok());
  EXPECT_EQ(Paged(again.MakeReport()).size(), Rows(run.store.get()).size());
  ReasonCommit commit;
  again.Peek(&commit);
  std::map<std::string, std::string> rows;
  for (const IncidentRow& row : commit.incidents) rows[row.id] = row.json;
  EXPECT_EQ(rows, Rows(run.store.get()));
}

TEST(LivePipeline, ActionsOfPeopleAreDoneOnceAndSurvive) {
  const auto knowledge = KnowledgeOf(Outage().scenario);
  const TempDir folder;
  LivePipelineOptions options = QuickOptions();
  options.routing = QuickRouting();
  OperatorAction ack{.kind = OperatorAction::Kind::kAcknowledge, .id = "a1", .author = "ann"};
  const auto act = [&](LiveRun* run, const OperatorAction& action) {
    std::future<absl::Status> done = run->reasoning->Expect(action.id);
    run->pipeline->Act(EncodeAction(action));
    return done.get();
  };
  std::mt19937 rng(3);
  {
    LiveRun run(folder.path(), knowledge, options);
    ASSERT_TRUE(Feed(run.pipeline.get(), Sorted(Outage().logs.streams), &rng, 5000));
    run.pipeline->Finish();
    const int64_t deadline = SteadyNow() + kLongUs;
    while (Rows(run.state()).empty() && SteadyNow() < deadline) std::this_thread::yield();
    ASSERT_FALSE(Rows(run.state()).empty());
    ack.incident = Rows(run.state()).begin()->first;
    EXPECT_EQ(act(&run, {.id = "a0", .incident = "INC-0"}).code(), absl::StatusCode::kNotFound);
    EXPECT_TRUE(act(&run, ack).ok());
    EXPECT_EQ(run.state()->Journal(ack.incident)->back().author, "ann");  // on disk by then
    auto mutes = std::make_shared<std::vector<std::string>>();
    EXPECT_TRUE(
        run.reasoning
            ->Ask([mutes, id = ack.incident](const LiveReasoner& reasoner) {
              *mutes = *reasoner.planner().Preview({{"incident", LabelMatcher::Op::kEqual, id}});
            })
            .get()
            .ok());
    EXPECT_EQ(*mutes, std::vector<std::string>{ack.incident});
    OperatorAction silence{.kind = OperatorAction::Kind::kSilence, .id = "a2"};
    silence.silence = {.id = "s1",
                       .matchers = {{"component", LabelMatcher::Op::kEqual, "nats"}},
                       .end = INT64_C(1) << 52};
    EXPECT_TRUE(act(&run, silence).ok());
    ASSERT_EQ(run.reasoning->silences().size(), 1u);
    run.Kill();
    EXPECT_TRUE(absl::IsUnavailable(run.reasoning->Ask([](const LiveReasoner&) {}).get()));
    EXPECT_TRUE(absl::IsUnavailable(run.reasoning->Expect("a3").get()));
  }
  LiveRun again(folder.path(), knowledge, options);
  const size_t before = again.state()->Journal(ack.incident)->size();
  EXPECT_TRUE(act(&again, ack).ok());  // the same once more
  EXPECT_EQ(again.state()->Journal(ack.incident)->size(), before);
  EXPECT_EQ(again.reasoning->silences().size(), 1u);
}

TEST(LivePipeline, ReloadKeepsStateAndUsesTheNewPacks) {
  const auto all = BuiltInLiveKnowledge();
  const auto few = MakeLiveKnowledge({"generic", "go"});
  const TempDir folder;
  LiveRun run(folder.path(), few);
  const auto stream =
      std::make_shared<LiveStream>(LiveStream{"files", "a.log", "/var/log/api/a.log", ""});
  uint64_t offset = 0;
  const auto push = [&](int second) {
    LiveBatch batch;
    batch.stream = stream;
    batch.offset = offset;
    batch.bytes =
        "2026-11-21 06:51:" + std::to_string(second) + ",120 ERROR api: etcdserver: no leader\n";
    offset += batch.bytes.size();
    batch.resume = std::to_string(offset);
    ASSERT_TRUE(run.pipeline->Push(std::move(batch)).ok());
  };
  for (int s = 10; s < 20; ++s) push(s);
  ASSERT_TRUE(run.pipeline->Drain(SteadyNow() + kLongUs).ok());
  run.reasoning->AddKnowledge(all);
  run.pipeline->Reload(all);
  const int64_t deadline = SteadyNow() + kLongUs;
  while (run.store->Generations()->size() < 2 && SteadyNow() < deadline) std::this_thread::yield();
  ASSERT_TRUE(run.pipeline->Drain(SteadyNow() + kLongUs).ok());
  for (int s = 20; s < 59; ++s) push(s);
  LiveBatch end;
  end.stream = stream;
  end.offset = offset;
  end.end_of_stream = true;
  ASSERT_TRUE(run.pipeline->Push(std::move(end)).ok());
  run.End(true);
  const StoreTotals totals = *run.store->Totals();
  EXPECT_TRUE(std::any_of(totals.signatures.begin(), totals.signatures.end(),
                          [](const auto& s) { return s.first.starts_with("etcd/"); }));
  EXPECT_EQ(totals.reason.Get(Reason::kLate), 0u);
}

TEST(LivePipeline, TapLosesSignalsRatherThanTime) {
  const auto knowledge = KnowledgeOf(Outage().scenario);
  const TempDir folder;
  LiveRun run(folder.path(), knowledge);
  const auto tap = run.pipeline->tap()->Subscribe(3);
  std::mt19937 rng(3);
  ASSERT_TRUE(Feed(run.pipeline.get(), Sorted(Outage().logs.streams), &rng, 5000));
  run.End(true);
  std::vector<TapSignal> seen;
  const uint64_t lost = tap->Take(&seen);
  EXPECT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen.size() + lost, run.pipeline->stats().signals);
  EXPECT_FALSE(seen[0].signature.empty());
}

}  // namespace
}  // namespace culprit
