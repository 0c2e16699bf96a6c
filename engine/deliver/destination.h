// Brings one destination's notifications out, one attempt at a time: order per incident, backoff,
// Retry-After, circuit breaker, dead letters, sending again. A state machine that is stepped: time
// comes in as an argument, so that tests need no clock. One owner thread; status() from any.
#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "engine/core/sink.h"
#include "engine/deliver/outbox_source.h"

namespace culprit {

struct SendOptions {
  DurationUs backoff = kSecondUs;          // after the first failure; then twice as long each time
  DurationUs max_backoff = 5 * kMinuteUs;  // and at most this
  DurationUs max_retry_after = kHourUs;    // what a receiver asks for is honoured up to here
  int circuit_failures = 5;                // in a row, and the destination is left alone ...
  DurationUs circuit_open = 15 * kSecondUs;     // ... for so long; then one probe; twice as long
  DurationUs max_circuit_open = 2 * kMinuteUs;  // each time it fails, at most this
  DurationUs give_up_after = 3 * kDayUs;        // since the first attempt; then it is a dead letter
  DurationUs poll = 5 * kSecondUs;              // also without being woken
};

enum class DestinationState : uint8_t {
  kOk,
  kRetrying,  // the last attempt failed, it is tried again
  kOpen,      // circuit open: nothing is tried until the next probe
  kRejected,  // the receiver refused the last one for good: a person has to look
  kStore,     // what was sent cannot be written down
};
constexpr std::string_view DestinationStateName(DestinationState state) {
  constexpr std::string_view kNames[] = {"ok", "retrying", "circuit_open", "rejected", "store"};
  return kNames[static_cast<size_t>(state)];
}

// Nothing comes through, or a person has to look.
constexpr bool IsTrouble(DestinationState state) {
  return state != DestinationState::kOk && state != DestinationState::kRetrying;
}

struct DestinationStatus {
  std::string name;
  std::string type;  // of the sink
  DestinationState state = DestinationState::kOk;
  std::string reason;  // of the last failure, label
  std::string error;   // of the last failure, for operators
  TimeUs failed_at = kNoTime;
  TimeUs delivered_at = kNoTime;
  TimeUs next_attempt = kNoTime;  // kRetrying and kOpen
  uint64_t pending = 0;           // in the outbox; filled in by whoever knows it
  // Since start.
  uint64_t delivered = 0;
  uint64_t failed = 0;    // attempts
  uint64_t rejected = 0;  // dead letters
  uint64_t skipped = 0;   // superseded
  uint64_t resent = 0;
  std::map<std::string, uint64_t> failures;  // attempts that failed, by reason
};

class Destination {
 public:
  // `source` outlives this. `seed` of the jitter.
  Destination(std::string name, std::unique_ptr<Sink> sink, OutboxSource* source,
              const SendOptions& options, uint32_t seed);

  // At most one attempt. Returns when it wants to be called again (wall clock), without being
  // woken: `now` if there is more to do at once.
  TimeUs Step(TimeUs now);
  // The wall clock behind an attempt, which may take long; else Step's own argument is used.
  void set_clock(std::function<TimeUs()> clock) { clock_ = std::move(clock); }

  DestinationStatus status() const;
  const std::string& name() const { return name_; }

 private:
  TimeUs Attempt(PendingDelivery delivery, bool again, TimeUs now);
  TimeUs Settle(TimeUs now);
  TimeUs Resend(TimeUs now, TimeUs otherwise);
  DurationUs Jittered(DurationUs longest);
  void Failed(const DeliveryResult& result, DestinationState state, TimeUs now);
  void Set(DestinationState state, TimeUs next);

  const std::string name_;
  const std::unique_ptr<Sink> sink_;
  OutboxSource* const source_;
  const SendOptions options_;
  std::function<TimeUs()> clock_;
  std::mt19937 random_;

  // Rows that may have been sent without our learning of it, by an earlier run or by this one.
  std::optional<std::set<int64_t>> suspects_;
  int failures_ = 0;      // in a row
  TimeUs closed_at_ = 0;  // nothing is tried before: circuit open, or the receiver asked for it
  // Sent, and what came of it still to be written down.
  std::function<absl::Status()> unsettled_;

  mutable std::mutex mutex_;
  DestinationStatus status_;  // guarded by mutex_
};

}  // namespace culprit
