#include "engine/deliver/destination.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/views.h"

namespace culprit {
namespace {

constexpr size_t kHeads = 256;  // incidents looked at in one step
constexpr size_t kAllHeads = 100'000;

// Doubled `times` times, without overflow.
DurationUs Doubled(DurationUs first, int times, DurationUs most) {
  DurationUs out = first;
  for (int i = 0; i < times && out < most; ++i) out *= 2;
  return std::min(out, most);
}

// A message that a newer one of the same incident replaces in full.
bool Replaceable(NotifyEvent event) {
  return event == NotifyEvent::kUpdated || event == NotifyEvent::kRepeat ||
         event == NotifyEvent::kFlapping;
}

// After this failure the receiver cannot have the message: nothing was sent, or it said no.
bool SurelyNotTaken(std::string_view reason) {
  constexpr std::string_view kReasons[] = {"rate_limited", "refused", "dns", "certificate",
                                           "expired"};
  return std::find(std::begin(kReasons), std::end(kReasons), reason) != std::end(kReasons);
}

}  // namespace

Destination::Destination(std::string name, std::unique_ptr<Sink> sink, OutboxSource* source,
                         const SendOptions& options, uint32_t seed)
    : name_(std::move(name)),
      sink_(std::move(sink)),
      source_(source),
      options_(options),
      random_(seed) {
  status_.name = name_;
  status_.type = std::string(sink_->type());
}

// From half of it to all of it.
DurationUs Destination::Jittered(DurationUs longest) {
  const auto half = static_cast<uint64_t>(longest) / 2;
  return static_cast<DurationUs>(half + (uint64_t{random_()} * (half + 1) >> 32));
}

DestinationStatus Destination::status() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return status_;
}

void Destination::Set(DestinationState state, TimeUs next) {
  const std::lock_guard<std::mutex> lock(mutex_);
  status_.state = state;
  status_.next_attempt = next;
}

void Destination::Failed(const DeliveryResult& result, DestinationState state, TimeUs now) {
  const std::lock_guard<std::mutex> lock(mutex_);
  status_.state = state;
  status_.reason = result.reason;
  status_.error = result.error;
  status_.failed_at = now;
  ++status_.failures[result.reason.empty() ? "other" : result.reason];
}

TimeUs Destination::Settle(TimeUs now) {
  const absl::Status status = unsettled_();
  if (status.ok()) {
    unsettled_ = nullptr;
    return now;
  }
  // Nothing more is sent before this is on disk: it would be sent again after a crash.
  const std::lock_guard<std::mutex> lock(mutex_);
  status_.state = DestinationState::kStore;
  status_.reason = "store";
  status_.error = absl::StrCat("cannot write down what was sent: ", status.message());
  status_.failed_at = now;
  return now + kSecondUs;
}

TimeUs Destination::Step(TimeUs now) {
  if (unsettled_ != nullptr) return Settle(now);
  if (now < closed_at_) return closed_at_;
  absl::StatusOr<std::vector<PendingDelivery>> pending =
      source_->Pending(name_, suspects_.has_value() ? kHeads : kAllHeads);
  if (!pending.ok()) {
    Failed({.error = absl::StrCat("cannot read the outbox: ", pending.status().message()),
            .reason = "store"},
           DestinationState::kStore, now);
    return now + kSecondUs;
  }
  if (!suspects_.has_value()) {
    suspects_.emplace();
    // An earlier run may have died in the middle of any attempt. First attempts go by row, so of
    // those without a failure only the first one can have been on its way.
    bool first = true;
    for (const PendingDelivery& delivery : *pending)
      if (delivery.attempts > 0 || std::exchange(first, false)) suspects_->insert(delivery.row);
  }
  // Behind an open circuit one probe goes out, whatever its own wait is.
  const bool probe = failures_ >= options_.circuit_failures;
  TimeUs next = now + options_.poll;
  for (PendingDelivery& delivery : *pending) {
    if (!probe && delivery.not_before > now) {
      next = std::min(next, delivery.not_before);
      continue;
    }
    if (delivery.superseded && Replaceable(delivery.notification.event)) {
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        ++status_.skipped;
      }
      unsettled_ = [this, delivery, now] { return source_->Skipped(name_, delivery, now); };
      return Settle(now);
    }
    return Attempt(std::move(delivery), false, now);
  }
  return Resend(now, next);
}

TimeUs Destination::Resend(TimeUs now, TimeUs otherwise) {
  const DurationUs every = sink_->resend_every();
  if (every <= 0) return otherwise;
  absl::StatusOr<std::vector<PendingDelivery>> known = source_->Known(name_, now - every, 1);
  if (!known.ok() || known->empty()) return otherwise;
  return Attempt(std::move(known->front()), true, now);
}

TimeUs Destination::Attempt(PendingDelivery delivery, bool again, TimeUs now) {
  delivery.notification.maybe_sent = again || suspects_->contains(delivery.row);
  DeliveryResult result = sink_->Deliver(delivery.notification);
  if (clock_ != nullptr) now = clock_();
  if (result.receipt.empty()) result.receipt = delivery.notification.receipt;
  if (delivery.written == 0) delivery.written = now;
  if (result.outcome == DeliveryOutcome::kRetry && !again &&
      now - delivery.written >= options_.give_up_after) {
    result.outcome = DeliveryOutcome::kRejected;
    result.reason = "gave_up";
    result.error = absl::StrCat("given up after ", options_.give_up_after / kHourUs,
                                " h; last error: ", result.error);
  }
  switch (result.outcome) {
    case DeliveryOutcome::kDelivered: {
      failures_ = 0;
      suspects_->erase(delivery.row);
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        status_.state = DestinationState::kOk;
        status_.delivered_at = now;
        status_.next_attempt = kNoTime;
        ++(again ? status_.resent : status_.delivered);
      }
      unsettled_ = [this, delivery, result, again, now] {
        return again ? source_->Resent(name_, delivery, result, now)
                     : source_->Delivered(name_, delivery, result, now);
      };
      return Settle(now);
    }
    case DeliveryOutcome::kRejected:
      // It answered: the way there is open.
      failures_ = 0;
      suspects_->erase(delivery.row);
      Failed(result, DestinationState::kRejected, now);
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        ++status_.rejected;
        ++status_.failed;
      }
      unsettled_ = [this, delivery, result, again, now] {
        // The receiver will not have it: not again either, until something new is told.
        return again ? source_->Resent(name_, delivery, result, now)
                     : source_->Rejected(name_, delivery, result, now);
      };
      return Settle(now);
    case DeliveryOutcome::kRetry:
      break;
  }
  ++failures_;
  ++delivery.attempts;
  if (!SurelyNotTaken(result.reason)) suspects_->insert(delivery.row);
  const DurationUs wait =
      Jittered(Doubled(options_.backoff, static_cast<int>(std::min(delivery.attempts - 1, 62u)),
                       options_.max_backoff));
  const DurationUs asked = std::clamp(result.retry_after, DurationUs{0}, options_.max_retry_after);
  delivery.not_before = now + std::max(wait, asked);
  const bool open = failures_ >= options_.circuit_failures;
  // A receiver that names a time means all of its callers, not one message.
  closed_at_ = now + asked;
  if (open)
    closed_at_ = std::max(closed_at_, now + Jittered(Doubled(options_.circuit_open,
                                                             failures_ - options_.circuit_failures,
                                                             options_.max_circuit_open)));
  Failed(result, open ? DestinationState::kOpen : DestinationState::kRetrying, now);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    ++status_.failed;
    status_.next_attempt = std::max(closed_at_, open ? closed_at_ : delivery.not_before);
  }
  if (again) {
    closed_at_ = std::max(closed_at_, now + wait);
    return closed_at_;
  }
  unsettled_ = [this, delivery, result, now] {
    return source_->Retry(name_, delivery, result, now);
  };
  return Settle(now);
}

}  // namespace culprit
