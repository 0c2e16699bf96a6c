// One destination on virtual time: what is sent when, and what becomes of it.
#include "engine/deliver/destination.h"

#include <gmock/gmock.h>

#include "tests/fakes/memory_outbox.h"
#include "tests/fakes/scripted_sink.h"

namespace culprit {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

DeliveryResult Retry(DurationUs after = 0) {
  return {.outcome = DeliveryOutcome::kRetry,
          .retry_after = after,
          .error = "503",
          .reason = "server_error"};
}
const DeliveryResult kRejected{
    .outcome = DeliveryOutcome::kRejected, .error = "401", .reason = "auth"};

class World {
 public:
  explicit World(SendOptions options = {}) : options_(options) { Restart(); }
  void Restart() {
    destination = std::make_unique<Destination>("slack", std::make_unique<ScriptedSink>(script),
                                                &outbox, options_, 7);
  }
  void Add(NotifyEvent event, const std::string& incident = "I1") {
    outbox.Add("slack", event, incident);
  }
  // Does all there is to do until then, jumping from one thing to the next.
  void RunUntil(TimeUs end) {
    for (int steps = 0; steps < 100'000; ++steps) {
      const TimeUs next = destination->Step(now);
      if (next <= now) continue;
      if (next > end) break;
      now = next;
    }
    now = end;
  }
  void Run(DurationUs time) { RunUntil(now + time); }

  MemoryOutbox outbox;
  std::shared_ptr<SinkScript> script = std::make_shared<SinkScript>();
  std::unique_ptr<Destination> destination;
  TimeUs now = 1'000'000 * kSecondUs;

 private:
  const SendOptions options_;
};

TEST(Destination, TellsInOrderAndCarriesTheReceipt) {
  World w;
  w.script->otherwise.receipt = "ts-1";
  w.Add(NotifyEvent::kOpened);
  w.Add(NotifyEvent::kNote);
  w.Run(kSecondUs);
  EXPECT_THAT(w.script->Ids(), ElementsAre("I1/opened/1/slack", "I1/note/2/slack"));
  EXPECT_EQ(w.script->got[0].receipt, "");
  EXPECT_EQ(w.script->got[1].receipt, "ts-1");
  EXPECT_EQ(w.destination->status().delivered, 2u);
}

TEST(Destination, WaitsLongerAfterEachFailure) {
  SendOptions options;
  options.circuit_failures = 1000;
  World w(options);
  w.script->otherwise = Retry();
  w.Add(NotifyEvent::kOpened);
  std::vector<DurationUs> waits;
  for (int i = 0; i < 12; ++i) {
    while (w.destination->Step(w.now) <= w.now) {
    }
    waits.push_back(w.outbox.rows()[0].delivery.not_before - w.now);
    w.now = w.outbox.rows()[0].delivery.not_before;
  }
  for (size_t i = 0; i < waits.size(); ++i) {
    const DurationUs full = std::min<DurationUs>(kSecondUs << i, 5 * kMinuteUs);
    EXPECT_GE(waits[i], full / 2) << i;
    EXPECT_LE(waits[i], full) << i;
  }
}

TEST(Destination, AFailureHoldsItsIncidentBackAndNoOther) {
  World w;
  w.script->answers = {Retry()};
  w.Add(NotifyEvent::kOpened, "I1");
  w.Add(NotifyEvent::kResolved, "I1");
  w.Add(NotifyEvent::kOpened, "I2");
  w.Run(kMinuteUs);
  EXPECT_THAT(w.script->Ids(), ElementsAre("I1/opened/1/slack", "I2/opened/3/slack",
                                           "I1/opened/1/slack", "I1/resolved/2/slack"));
}

TEST(Destination, RetryAfterHoldsTheWholeDestination) {
  World w;
  w.script->answers = {Retry(90 * kSecondUs)};
  w.Add(NotifyEvent::kOpened, "I1");
  w.Add(NotifyEvent::kOpened, "I2");
  w.Run(89 * kSecondUs);
  EXPECT_THAT(w.script->Ids(), SizeIs(1));
  w.Run(kSecondUs);
  EXPECT_THAT(w.script->Ids(), SizeIs(3));
  EXPECT_EQ(w.outbox.Count("slack", "delivered"), 2u);
}

TEST(Destination, HalfAnHourOfTooManyRequestsLosesNothing) {
  World w;
  w.script->otherwise = Retry(30 * kSecondUs);
  for (int i = 0; i < 20; ++i) w.Add(NotifyEvent::kOpened, "I" + std::to_string(i));
  w.Run(30 * kMinuteUs);
  EXPECT_LE(w.script->got.size(), 61u);
  w.script->otherwise = {};
  w.Run(5 * kMinuteUs);
  EXPECT_EQ(w.outbox.Count("slack", "delivered"), 20u);
}

TEST(Destination, CircuitOpensAndProbesOnce) {
  World w;
  w.script->otherwise = Retry();
  for (int i = 0; i < 50; ++i) w.Add(NotifyEvent::kOpened, "I" + std::to_string(i));
  w.RunUntil(w.now + 10 * kSecondUs / 2);
  EXPECT_THAT(w.script->got, SizeIs(5));
  EXPECT_EQ(w.destination->status().state, DestinationState::kOpen);
  EXPECT_EQ(w.destination->status().error, "503");
  const TimeUs probe = w.destination->status().next_attempt;
  w.RunUntil(probe - 1);
  EXPECT_THAT(w.script->got, SizeIs(5));
  w.RunUntil(probe);
  EXPECT_THAT(w.script->got, SizeIs(6));  // half open: one
  w.Run(kHourUs);
  EXPECT_LE(w.script->got.size(), 6 + 62u);
  w.script->otherwise = {};
  w.Run(10 * kMinuteUs);
  EXPECT_EQ(w.outbox.Count("slack", "delivered"), 50u);
  EXPECT_EQ(w.destination->status().state, DestinationState::kOk);
}

TEST(Destination, RejectedIsADeadLetterAndTheRestGoesOn) {
  World w;
  w.script->answers = {kRejected};
  w.Add(NotifyEvent::kOpened, "I1");
  w.Add(NotifyEvent::kResolved, "I1");
  w.Run(kSecondUs);
  EXPECT_EQ(w.outbox.rows()[0].state, "rejected");
  EXPECT_EQ(w.outbox.rows()[0].reason, "auth");
  EXPECT_EQ(w.outbox.rows()[1].state, "delivered");
  EXPECT_EQ(w.destination->status().rejected, 1u);
  EXPECT_EQ(w.destination->status().reason, "auth");
}

TEST(Destination, GivesUpAfterDays) {
  World w;
  w.script->otherwise = Retry();
  w.Add(NotifyEvent::kOpened);
  w.Run(3 * kDayUs + kHourUs);
  EXPECT_EQ(w.outbox.rows()[0].state, "rejected");
  EXPECT_EQ(w.outbox.rows()[0].reason, "gave_up");
}

TEST(Destination, UpdatesThatANewerMessageReplacesAreLeftOut) {
  World w;
  w.Add(NotifyEvent::kOpened);
  for (int i = 0; i < 10; ++i) w.Add(NotifyEvent::kUpdated);
  w.Add(NotifyEvent::kResolved);
  w.Run(kSecondUs);
  EXPECT_THAT(w.script->Ids(), ElementsAre("I1/opened/1/slack", "I1/resolved/12/slack"));
  EXPECT_EQ(w.outbox.Count("slack", "skipped"), 10u);
}

TEST(Destination, KilledBetweenSendingAndRecordingItRepeatsTheSameIds) {
  World w;
  w.Add(NotifyEvent::kOpened);
  w.outbox.FailToRecord(1);
  w.destination->Step(w.now);
  w.Restart();
  w.Run(kSecondUs);
  ASSERT_THAT(w.script->got, SizeIs(2));
  EXPECT_EQ(w.script->got[0].id, w.script->got[1].id);
  EXPECT_EQ(w.script->got[0].dedup_key, w.script->got[1].dedup_key);
}

// A receiver without dedup keys is asked only about these: asking costs a request each.
TEST(Destination, OnlyWhatMayHaveArrivedIsSaidToBeSoMaybe) {
  const auto maybe = [](World& w) {
    std::string out;
    for (const Notification& n : w.script->got) out += n.maybe_sent ? '1' : '0';
    w.script->got.clear();
    return out;
  };
  const auto failure = [](const char* reason) {
    return DeliveryResult{.outcome = DeliveryOutcome::kRetry, .error = "x", .reason = reason};
  };
  World w;
  w.Run(kSecondUs);
  w.script->answers = {failure("rate_limited"), failure("refused"), failure("timeout")};
  w.Add(NotifyEvent::kOpened, "I1");
  w.Run(kMinuteUs);
  EXPECT_EQ(maybe(w), "0001");
  // After a restart: what had failed, and the one that may have been on its way.
  w.script->answers = {failure("rate_limited")};
  w.Add(NotifyEvent::kOpened, "I2");
  w.destination->Step(w.now);
  w.Add(NotifyEvent::kOpened, "I3");
  w.Add(NotifyEvent::kOpened, "I4");
  maybe(w);
  w.Restart();
  w.Run(kMinuteUs);
  EXPECT_THAT(w.script->Ids(),
              ElementsAre("I3/opened/3/slack", "I4/opened/4/slack", "I2/opened/2/slack"));
  EXPECT_EQ(maybe(w), "101");
}

TEST(Destination, NothingIsSentTwiceWhileTheDiskIsFull) {
  World w;
  w.Add(NotifyEvent::kOpened);
  w.outbox.FailToRecord(100);
  w.Run(kMinuteUs);
  EXPECT_THAT(w.script->got, SizeIs(1));
  EXPECT_EQ(w.destination->status().state, DestinationState::kStore);
  w.Run(kMinuteUs);
  EXPECT_THAT(w.script->got, SizeIs(1));
  EXPECT_EQ(w.outbox.Count("slack", "delivered"), 1u);
}

TEST(Destination, SendsAgainWhatAReceiverForgetsUntilItIsOver) {
  World w;
  w.script->resend_every = kMinuteUs;
  w.Add(NotifyEvent::kOpened);
  w.Run(10 * kMinuteUs + kSecondUs);
  EXPECT_GE(w.destination->status().resent, 8u);
  EXPECT_LE(w.destination->status().resent, 10u);
  w.Add(NotifyEvent::kResolved);
  w.Run(kSecondUs);
  const size_t then = w.script->got.size();
  w.Run(kHourUs);
  EXPECT_EQ(w.script->got.size(), then);
}

}  // namespace
}  // namespace culprit
