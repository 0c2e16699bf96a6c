// A live run in this process, over a state directory: pipeline and reason thread as `culprit run`
// joins them, with times short enough for tests.
#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "engine/pipeline/live_pipeline.h"
#include "engine/pipeline/live_reason_thread.h"
#include "engine/state/sqlite_store.h"
#include "tests/fakes/faulty_store.h"

namespace culprit {

constexpr int64_t kLongUs = 60 * kSecondUs;

inline LivePipelineOptions QuickOptions() {
  LivePipelineOptions options;
  options.workers = 2;
  options.commit_interval = 1000;
  options.retry_min = 1000;
  options.retry_max = 5000;
  options.settle_min = 0;
  options.scan.use_clock = false;
  return options;
}

class LiveRun {
 public:
  LiveRun(const std::string& directory, std::shared_ptr<const LiveKnowledge> knowledge,
          LivePipelineOptions options = QuickOptions(), LiveReasonOptions reason = {}) {
    sqlite_ = *OpenSqliteStore({.directory = directory, .sync = false}, nullptr);
    store = std::make_unique<FaultyStore>(sqlite_.get());
    pipeline = std::make_unique<LivePipeline>(store.get(), options, knowledge);
    reasoning = std::make_unique<LiveReasonThread>(
        store.get(), reason, knowledge,
        LiveReasonThread::Hooks{
            .told = [this](const std::vector<OutboxRow>& rows,
                           const Report&) { told.insert(told.end(), rows.begin(), rows.end()); },
            .wants_ticks = [this](bool wants) { pipeline->set_wants_ticks(wants); },
            .reasoned = [this](uint64_t seq) { pipeline->Reasoned(seq); }});
    pipeline->set_on_commit([this](uint64_t seq) { reasoning->OnCommit(seq); });
    const absl::Status reasons = reasoning->Start();
    EXPECT_TRUE(reasons.ok()) << reasons;
    const absl::Status starts = pipeline->Start();
    EXPECT_TRUE(starts.ok()) << starts;
  }
  ~LiveRun() { Kill(); }

  // Everything that was pushed is committed and reasoned about.
  void End(bool finish) {
    EXPECT_TRUE(pipeline->Drain(SteadyNow() + kLongUs).ok());
    if (finish) pipeline->Finish();
    pipeline->Stop(SteadyNow() + kLongUs);
    reasoning->Stop(SteadyNow() + kLongUs);
  }
  void Kill() {
    pipeline->Stop(0);
    reasoning->Stop(0);
  }

  LiveStore* state() { return sqlite_.get(); }  // as it is on disk, whatever `store` was told

  std::unique_ptr<FaultyStore> store;
  std::unique_ptr<LivePipeline> pipeline;
  std::unique_ptr<LiveReasonThread> reasoning;
  std::vector<OutboxRow> told;  // by the reason thread; read it after End

 private:
  std::unique_ptr<LiveStore> sqlite_;
};

}  // namespace culprit
