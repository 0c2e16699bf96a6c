// A chunk of the signal log whose checksum is right and which nevertheless says nothing: one start
// finds it, the next sets the state aside and goes on without it.
#include <gmock/gmock.h>

#include "engine/pipeline/live_control.h"
#include "engine/state/sqlite_store.h"
#include "tests/fakes/live_engine.h"
#include "tests/fakes/live_run.h"
#include "tests/unit/temp_dir.h"

namespace culprit {
namespace {

using ::testing::HasSubstr;

LiveBatch Lines(const std::string& bytes, uint64_t offset) {
  LiveBatch batch;
  batch.stream = std::make_shared<LiveStream>(LiveStream{"files", "a.log", "a.log", ""});
  batch.offset = offset;
  batch.bytes = bytes;
  batch.resume = std::to_string(offset + bytes.size());
  return batch;
}

const std::string kLine =
    "2026-11-21T06:51:05Z ERROR api: dial tcp 10.0.0.5:2379: connect: connection refused\n";

class UnreadableChunk : public testing::TestWithParam<LogChunk> {};

TEST_P(UnreadableChunk, IsFoundOnceAndThenTheRunGoesOn) {
  const TempDir dir;
  const auto knowledge = BuiltInLiveKnowledge();
  {
    LiveRun run(dir.path(), knowledge);
    ASSERT_TRUE(run.pipeline->Push(Lines(kLine, 0)).ok());
    run.End(false);
  }
  uint64_t seq = 0;
  {
    const auto store = *OpenSqliteStore({.directory = dir.path(), .sync = false}, nullptr);
    ScanCommit commit;
    commit.chunks = {GetParam()};
    seq = *store->Commit(commit);
  }
  {
    LiveRun run(dir.path(), knowledge);
    const int64_t deadline = SteadyNow() + kLongUs;
    while (run.reasoning->error().ok() && SteadyNow() < deadline) std::this_thread::yield();
    EXPECT_TRUE(absl::IsDataLoss(run.reasoning->error())) << run.reasoning->error();
  }
  OpenReport report;
  ASSERT_TRUE(OpenSqliteStore({.directory = dir.path(), .sync = false}, &report).ok());
  EXPECT_TRUE(report.damaged);
  EXPECT_THAT(report.message, HasSubstr("chunk " + std::to_string(seq) + " of the log: "));
  EXPECT_THAT(report.message, HasSubstr("log chunks; the log or its checkpoint is lost"));
  LiveRun run(dir.path(), knowledge);
  EXPECT_EQ(run.pipeline->ResumePoints("files").at(0).resume, std::to_string(kLine.size()));
  ASSERT_TRUE(run.pipeline->Push(Lines(kLine, kLine.size())).ok());
  run.End(true);
  EXPECT_TRUE(run.reasoning->error().ok()) << run.reasoning->error();
  EXPECT_GT(run.state()->Log()->progress, seq);
}

INSTANTIATE_TEST_SUITE_P(
    All, UnreadableChunk,
    testing::Values(LogChunk{.partition = 1, .generation = 1, .entries = "\xff nonsense"},
                    LogChunk{.partition = 1, .generation = 99, .entries = ""},
                    LogChunk{.partition = kControlPartition, .entries = "nonsense"},
                    LogChunk{.partition = kControlPartition,
                             .entries = EncodeControl({{.kind = ControlKind::kAction,
                                                        .text = "nonsense"}})}));

}  // namespace
}  // namespace culprit
