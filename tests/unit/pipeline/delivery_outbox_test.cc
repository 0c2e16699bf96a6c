// The sender on the real store: order, receipts, dead letters, and a process that dies between
// sending and writing it down.
#include "engine/pipeline/delivery_outbox.h"

#include <gmock/gmock.h>

#include "engine/deliver/destination.h"
#include "sinks/common/message.h"
#include "tests/fakes/faulty_store.h"
#include "tests/fakes/scripted_sink.h"
#include "tests/unit/state/store_test_support.h"

namespace culprit {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr TimeUs kNow = 1'790'000'000 * kSecondUs;

// As the reason half writes it.
void Write(LiveStore* store, const std::vector<std::pair<NotifyEvent, std::string>>& all,
           const std::string& destination = "slack") {
  static uint64_t revision = 0;
  ReasonCommit commit;
  for (const auto& [event, incident] : all) {
    Notification n = SampleNotification();
    n.event = event;
    n.incident.id = incident;
    n.id = incident + "/" + std::string(NotifyEventName(event)) + "/" + std::to_string(++revision) +
           "/" + destination;
    n.dedup_key = "culprit/" + incident;
    commit.deliveries.push_back({.notification = n.id,
                                 .destination = destination,
                                 .incident = incident,
                                 .event = std::string(NotifyEventName(event)),
                                 .revision = revision,
                                 .time = n.time,
                                 .json = NotificationJson(n)});
  }
  ASSERT_TRUE(store->Commit(commit).ok());
  ASSERT_TRUE(store->Commit(commit).ok());  // again after a crash: changes nothing
}

class World {
 public:
  World() { Open(); }
  void Open() {
    destination.reset();
    store.reset();
    store = MustOpen(OptionsFor(directory.state()));
    faulty = std::make_unique<FaultyStore>(store.get());
    outbox = std::make_unique<DeliveryOutbox>(faulty.get());
    destination = std::make_unique<Destination>("slack", std::make_unique<ScriptedSink>(script),
                                                outbox.get(), SendOptions{}, 1);
  }
  void Run(DurationUs time) {
    const TimeUs end = now + time;
    for (;;) {
      const TimeUs next = destination->Step(now);
      if (next <= now) continue;
      if (next > end) break;
      now = next;
    }
    now = end;
  }

  ScratchDirectory directory;
  std::shared_ptr<SinkScript> script = std::make_shared<SinkScript>();
  std::unique_ptr<LiveStore> store;
  std::unique_ptr<FaultyStore> faulty;
  std::unique_ptr<DeliveryOutbox> outbox;
  std::unique_ptr<Destination> destination;
  TimeUs now = kNow;
};

TEST(DeliveryOutbox, ReceiptsSurviveARestart) {
  World w;
  w.script->otherwise.receipt = "C1/17.4";
  Write(w.store.get(), {{NotifyEvent::kOpened, "I1"}, {NotifyEvent::kOpened, "I2"}});
  w.Run(kSecondUs);
  w.Open();
  Write(w.store.get(), {{NotifyEvent::kResolved, "I1"}});
  w.Run(kSecondUs);
  ASSERT_THAT(w.script->got, SizeIs(3));
  EXPECT_EQ(w.script->got[2].receipt, "C1/17.4");
  EXPECT_EQ(w.script->got[2].event, NotifyEvent::kResolved);
  EXPECT_EQ(w.script->got[2].incident.root.component, "etcd");
  EXPECT_TRUE(w.store->PendingDeliveries("slack", 10)->empty());
}

TEST(DeliveryOutbox, KilledBetweenSendingAndRecordingRepeatsTheSameIds) {
  World w;
  Write(w.store.get(), {{NotifyEvent::kOpened, "I1"}});
  w.faulty->Fail(StoreCall::kEdit, absl::UnavailableError("killed"), 1'000);
  w.destination->Step(w.now);
  w.Open();
  w.Run(kSecondUs);
  ASSERT_THAT(w.script->got, SizeIs(2));
  EXPECT_EQ(w.script->got[0].id, w.script->got[1].id);
  EXPECT_EQ(w.script->got[0].dedup_key, w.script->got[1].dedup_key);
  EXPECT_TRUE(w.script->got[1].maybe_sent);
}

TEST(DeliveryOutbox, WaitsAndAttemptsSurviveARestart) {
  World w;
  w.script->otherwise = {.outcome = DeliveryOutcome::kRetry, .retry_after = kHourUs};
  Write(w.store.get(), {{NotifyEvent::kOpened, "I1"}});
  w.Run(kSecondUs);
  w.Open();
  w.Run(50 * kMinuteUs);
  EXPECT_THAT(w.script->got, SizeIs(1));
  w.script->otherwise = {};
  w.Run(11 * kMinuteUs);
  EXPECT_THAT(w.script->got, SizeIs(2));
}

TEST(DeliveryOutbox, RefusedOnesAreDeadLetters) {
  World w;
  w.script->otherwise = {.outcome = DeliveryOutcome::kRejected,
                         .error = "404: no such webhook",
                         .reason = "not_found"};
  Write(w.store.get(), {{NotifyEvent::kOpened, "I1"}});
  w.Run(kSecondUs);
  const auto letters = w.store->DeadLetters({.source = "sink:slack"});
  ASSERT_TRUE(letters.ok());
  ASSERT_THAT(*letters, SizeIs(1));
  EXPECT_EQ(letters->front().letter.reason, "not_found");
  EXPECT_TRUE(ReadNotificationJson(letters->front().letter.bytes).ok());
  EXPECT_EQ(w.store->Deliveries()->at("slack").failed, 1u);
}

TEST(DeliveryOutbox, SupersededUpdatesAreLeftOut) {
  World w;
  Write(w.store.get(), {{NotifyEvent::kOpened, "I1"},
                        {NotifyEvent::kUpdated, "I1"},
                        {NotifyEvent::kUpdated, "I1"},
                        {NotifyEvent::kResolved, "I1"}});
  w.Run(kSecondUs);
  ASSERT_THAT(w.script->got, SizeIs(2));
  EXPECT_EQ(w.script->got[1].event, NotifyEvent::kResolved);
}

TEST(DeliveryOutbox, WhatAReceiverForgetsIsSentAgainAfterARestart) {
  World w;
  w.script->resend_every = kMinuteUs;
  Write(w.store.get(), {{NotifyEvent::kOpened, "I1"}, {NotifyEvent::kOpened, "I2"}});
  w.Run(kSecondUs);
  w.Open();
  Write(w.store.get(), {{NotifyEvent::kResolved, "I2"}});
  w.Run(5 * kMinuteUs + 10 * kSecondUs);
  EXPECT_GE(w.destination->status().resent, 4u);
  EXPECT_LE(w.destination->status().resent, 5u);
  EXPECT_EQ(w.script->got.back().incident.id, "I1");
}

TEST(DeliveryOutbox, JournalIsKept) {
  World w;
  ReasonCommit commit;
  commit.journal = {{"I1", 1, kNow, "opened", "none", "open", "", ""},
                    {"I1", 2, kNow, "acknowledged", "open", "acknowledged", "ann", "mine"}};
  ASSERT_TRUE(w.store->Commit(commit).ok());
  ASSERT_TRUE(w.store->Commit(commit).ok());
  w.Open();
  const auto journal = w.store->Journal("I1");
  ASSERT_THAT(*journal, SizeIs(2));
  EXPECT_EQ(journal->back().author, "ann");
  EXPECT_EQ(journal->back().after, "acknowledged");
}

}  // namespace
}  // namespace culprit
