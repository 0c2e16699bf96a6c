// What every LiveSource promises (engine/core/live.h), as tests. Include it in one test file of the
// source, write a SourceHarness, and instantiate:
//
//   INSTANTIATE_TEST_SUITE_P(Tail, SourceContract, testing::Values(HarnessFactory(
//       [] { return std::make_unique<TailHarness>(); })));
#pragma once
#include <algorithm>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/contract/fake_sink.h"

namespace culprit {

// The outside world of one source.
class SourceHarness {
 public:
  virtual ~SourceHarness() = default;
  // A fresh source, configured as the one before (a restart of the program).
  virtual absl::StatusOr<std::unique_ptr<LiveSource>> Make() = 0;
  // Makes the records begin .. end-1 available outside, in order, each with the text Record(n) in
  // it. Does not wait until they are taken. Where a sender must repeat what was not acknowledged,
  // it does so on a thread of the harness, for as long as it takes, across restarts of the source.
  virtual void Send(int begin, int end) = 0;
  // Called after Start and before the source is stopped or "killed", to connect and let go.
  virtual void Started(LiveSource& /*source*/) {}
  virtual void Stopping() {}
  // Records that the outside was told are safe; -1: this source tells nobody.
  virtual int Acknowledged() { return -1; }
  // False: what was read and not committed is gone with the program (a pipe, datagrams).
  virtual bool CanRepeat() { return true; }

  static std::string Record(int n) { return "record " + std::to_string(n) + " of the contract"; }
  // The number of a committed line, -1 if it has none.
  static int NumberOf(const std::string& line) {
    const size_t at = line.find("record ");
    return at == std::string::npos ? -1 : std::atoi(line.c_str() + at + 7);
  }
};

using HarnessFactory = std::function<std::unique_ptr<SourceHarness>()>;

class SourceContract : public testing::TestWithParam<HarnessFactory> {
 protected:
  void SetUp() override { harness_ = GetParam()(); }
  void TearDown() override {
    if (source_ != nullptr) Kill();
    EXPECT_THAT(sink_.violations(), testing::IsEmpty());
  }

  void Start() {
    auto source = harness_->Make();
    ASSERT_TRUE(source.ok()) << source.status();
    source_ = *std::move(source);
    const absl::Status started = source_->Start(&sink_, sink_.ResumePoints());
    ASSERT_TRUE(started.ok()) << started;
    harness_->Started(*source_);
  }
  // kill -9: what is not committed never was.
  void Kill() {
    sink_.Crash();
    harness_->Stopping();
    source_->Stop();
    source_ = nullptr;
    sink_.Reopen();
  }
  // SIGTERM.
  void Shutdown() {
    source_->Drain();
    ASSERT_TRUE(sink_.Settle());
    harness_->Stopping();
    source_->Stop();
    source_ = nullptr;
  }
  std::vector<int> Numbers() const {
    std::vector<int> numbers;
    for (const std::string& line : sink_.Lines()) numbers.push_back(SourceHarness::NumberOf(line));
    return numbers;
  }
  void ExpectAll(int n) {
    EXPECT_TRUE(WaitUntil([&] { return sink_.LineCount() >= static_cast<size_t>(n); }))
        << sink_.LineCount() << " of " << n << "; " << Told();
    std::vector<int> numbers = Numbers();
    std::sort(numbers.begin(), numbers.end());
    std::vector<int> wanted(n);
    for (int i = 0; i < n; ++i) wanted[i] = i;
    EXPECT_EQ(numbers, wanted);
  }
  std::string Told() const {
    if (source_ == nullptr) return "stopped";
    const SourceHealth health = source_->health();
    return std::string(SourceStateName(health.state)) + ": " + health.detail;
  }

  std::unique_ptr<SourceHarness> harness_;
  FakeSink sink_{8};
  std::unique_ptr<LiveSource> source_;
};

TEST_P(SourceContract, EveryRecordArrivesOnceAndInOrder) {
  Start();
  for (int i = 0; i < 1000; i += 100) harness_->Send(i, i + 100);
  ExpectAll(1000);
  for (const auto& [key, stream] : sink_.streams()) {
    EXPECT_EQ(stream.stream.source, source_->name());
    EXPECT_FALSE(stream.stream.key.empty());
    EXPECT_FALSE(stream.stream.display.empty());
  }
  if (sink_.streams().size() == 1) {
    const std::vector<int> numbers = Numbers();
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
  }
}

TEST_P(SourceContract, BackPressureHoldsBackAndLosesNothing) {
  sink_.Hold();
  Start();
  for (int i = 0; i < 1000; i += 50) harness_->Send(i, i + 50);
  ASSERT_TRUE(WaitUntil([&] { return sink_.in_flight() > 0; })) << Told();
  EXPECT_EQ(sink_.LineCount(), 0u);
  EXPECT_LE(harness_->Acknowledged(), 0);
  // A few at a time, then all.
  for (int i = 0; i < 5 && sink_.in_flight() > 0; ++i) {
    const size_t before = sink_.committed();
    sink_.Release(1);
    ASSERT_TRUE(WaitUntil([&] { return sink_.committed() > before; }));
  }
  sink_.Resume();
  ExpectAll(1000);
}

TEST_P(SourceContract, NothingIsAcknowledgedBeforeItIsCommitted) {
  sink_.Hold();
  Start();
  harness_->Send(0, 100);
  ASSERT_TRUE(WaitUntil([&] { return sink_.in_flight() > 0; })) << Told();
  if (harness_->Acknowledged() < 0) GTEST_SKIP() << "acknowledges nothing";
  EXPECT_EQ(harness_->Acknowledged(), 0);
  sink_.Resume();
  ExpectAll(100);
  EXPECT_TRUE(WaitUntil([&] { return harness_->Acknowledged() == 100; }));
}

TEST_P(SourceContract, AfterACrashOnlyWhatWasNotCommittedComesAgain) {
  if (!harness_->CanRepeat()) GTEST_SKIP() << "nobody sends again";
  std::mt19937 random(7);
  int sent = 0;
  for (int round = 0; round < 12; ++round) {
    if (round % 3 != 0) sink_.Hold();
    Start();
    for (int part = 0; part < 4; ++part, sent += 25) harness_->Send(sent, sent + 25);
    // Wherever it stands then.
    const size_t lines = random() % 100;
    const size_t before = sink_.LineCount();
    sink_.Release(random() % 6);
    WaitUntil([&] { return sink_.LineCount() >= before + lines || sink_.in_flight() > 0; },
              std::chrono::milliseconds(200));
    Kill();
  }
  Start();
  ExpectAll(sent);
}

TEST_P(SourceContract, RefusedBatchesComeAgainAfterARestart) {
  if (!harness_->CanRepeat()) GTEST_SKIP() << "nobody sends again";
  sink_.Hold();
  Start();
  harness_->Send(0, 200);
  ASSERT_TRUE(WaitUntil([&] { return sink_.in_flight() > 0; })) << Told();
  sink_.Refuse(1'000'000);
  sink_.Resume();
  ASSERT_TRUE(WaitUntil([&] { return sink_.in_flight() == 0; }));
  EXPECT_EQ(sink_.LineCount(), 0u);
  EXPECT_LE(harness_->Acknowledged(), 0);
  Kill();
  Start();
  ExpectAll(200);
}

TEST_P(SourceContract, DrainedAndStoppedItGoesOnWhereItWas) {
  int sent = 0;
  for (int round = 0; round < 4; ++round) {
    Start();
    harness_->Send(sent, sent + 150);
    sent += 150;
    const size_t half = static_cast<size_t>(sent) - 75;
    if (round % 2 == 0) WaitUntil([&] { return sink_.LineCount() >= half; });
    Shutdown();
  }
  Start();
  ExpectAll(sent);
}

TEST_P(SourceContract, StopEndsAPushThatWaits) {
  sink_.Hold();
  Start();
  for (int i = 0; i < 400; i += 20) harness_->Send(i, i + 20);
  ASSERT_TRUE(WaitUntil([&] { return sink_.in_flight() > 0; })) << Told();
  sink_.Crash();
  harness_->Stopping();
  source_->Stop();
  source_->Stop();
  EXPECT_EQ(source_->health().state, SourceState::kStopped);
  source_ = nullptr;
  sink_.Reopen();
  if (!harness_->CanRepeat()) return;
  Start();
  ExpectAll(400);
}

TEST_P(SourceContract, HealthTellsWhatItDoes) {
  Start();
  harness_->Send(0, 10);
  ExpectAll(10);
  EXPECT_TRUE(WaitUntil([&] {
    const SourceState state = source_->health().state;
    return state == SourceState::kOk || state == SourceState::kQuiet;
  })) << Told();
  EXPECT_TRUE(WaitUntil([&] { return source_->health().last_data != kNoTime; }));
  Shutdown();
}

}  // namespace culprit
