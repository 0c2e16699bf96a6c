// Destinations side by side, on threads.
#include "engine/deliver/sender.h"

#include <gmock/gmock.h>

#include <chrono>

#include "absl/time/clock.h"
#include "tests/fakes/memory_outbox.h"
#include "tests/fakes/scripted_sink.h"

namespace culprit {
namespace {

TimeUs WallClock() { return absl::GetCurrentTimeNanos() / 1000; }

// Waits until the sink got so many; false after a minute.
bool WaitFor(SinkScript* script, size_t count) {
  std::unique_lock<std::mutex> lock(script->mutex);
  return script->changed.wait_for(lock, std::chrono::minutes(1),
                                  [&] { return script->got.size() >= count; });
}

TEST(Sender, AHangingDestinationDelaysNoOther) {
  MemoryOutbox outbox;
  const auto dead = std::make_shared<SinkScript>();
  const auto alive = std::make_shared<SinkScript>();
  dead->hang = true;
  Sender sender(&outbox, {}, WallClock);
  sender.Add("dead", std::make_unique<ScriptedSink>(dead));
  sender.Add("alive", std::make_unique<ScriptedSink>(alive));
  outbox.Add("dead", NotifyEvent::kOpened, "I0");
  sender.Start();
  EXPECT_TRUE(WaitFor(dead.get(), 1));
  for (int i = 0; i < 20; ++i) {
    outbox.Add("alive", NotifyEvent::kOpened, "I" + std::to_string(i));
    sender.Wake();
    EXPECT_TRUE(WaitFor(alive.get(), static_cast<size_t>(i) + 1));
  }
  EXPECT_EQ(outbox.Count("dead", "pending"), 1u);
  {
    const std::lock_guard<std::mutex> lock(dead->mutex);
    dead->hang = false;
  }
  dead->changed.notify_all();
  sender.Stop(10 * kSecondUs);
  EXPECT_EQ(outbox.Count("dead", "delivered"), 1u);
  EXPECT_EQ(outbox.Count("alive", "delivered"), 20u);
}

TEST(Sender, DrainsWhatCanBeSentAndKeepsTheRest) {
  MemoryOutbox outbox;
  const auto script = std::make_shared<SinkScript>();
  script->answers = {{.outcome = DeliveryOutcome::kRetry}};
  SendOptions options;
  options.backoff = kHourUs;
  options.max_backoff = kHourUs;
  for (int i = 0; i < 10; ++i) outbox.Add("a", NotifyEvent::kOpened, "I" + std::to_string(i));
  Sender sender(&outbox, options, WallClock);
  sender.Add("a", std::make_unique<ScriptedSink>(script));
  sender.Start();
  sender.Stop(kMinuteUs);
  EXPECT_EQ(outbox.Count("a", "delivered"), 9u);
  EXPECT_EQ(outbox.Count("a", "pending"), 1u);
  sender.Stop(0);
  EXPECT_EQ(sender.status()[0].delivered, 9u);
}

}  // namespace
}  // namespace culprit
