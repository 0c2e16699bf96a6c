#include "engine/pipeline/delivery_outbox.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "sinks/common/message.h"

namespace culprit {
namespace {

// Rows that cannot be read are passed on with their ids alone: the receiver is told something, and
// the way is not blocked.
PendingDelivery Of(StoredDelivery&& stored) {
  PendingDelivery out;
  out.row = stored.id;
  out.attempts = stored.attempts;
  out.not_before = stored.not_before;
  out.written = stored.first_attempt;
  out.superseded = stored.superseded;
  absl::StatusOr<Notification> n = ReadNotificationJson(stored.row.json);
  if (n.ok()) out.notification = *std::move(n);
  for (int i = 0; !n.ok() && i <= static_cast<int>(NotifyEvent::kEscalated); ++i)
    if (stored.row.event == NotifyEventName(static_cast<NotifyEvent>(i)))
      out.notification.event = static_cast<NotifyEvent>(i);
  out.notification.id = stored.row.notification;
  out.notification.incident.id = stored.row.incident;
  out.notification.receipt = std::move(stored.receipt);
  return out;
}

DeliverySettlement Settled(const PendingDelivery& delivery, DeliveryState state, TimeUs now) {
  DeliverySettlement out;
  out.id = delivery.row;
  out.state = state;
  out.attempts = delivery.attempts;
  out.first_attempt = delivery.written;
  out.not_before = delivery.not_before;
  out.now = now;
  return out;
}

absl::StatusOr<std::vector<PendingDelivery>> All(
    absl::StatusOr<std::vector<StoredDelivery>> stored) {
  if (!stored.ok()) return stored.status();
  std::vector<PendingDelivery> out;
  for (StoredDelivery& one : *stored) out.push_back(Of(std::move(one)));
  return out;
}

}  // namespace

absl::StatusOr<std::vector<PendingDelivery>> DeliveryOutbox::Pending(const std::string& destination,
                                                                     size_t limit) {
  return All(store_->PendingDeliveries(destination, limit));
}

absl::Status DeliveryOutbox::Delivered(const std::string& /*destination*/,
                                       const PendingDelivery& delivery,
                                       const DeliveryResult& result, TimeUs now) {
  DeliverySettlement s = Settled(delivery, DeliveryState::kDelivered, now);
  s.receipt = result.receipt;
  const NotifyEvent event = delivery.notification.event;
  const IncidentState state = delivery.notification.incident.state;
  s.over = event == NotifyEvent::kResolved || event == NotifyEvent::kMerged ||
           state == IncidentState::kResolved || state == IncidentState::kMerged;
  return store_->SettleDelivery(s);
}

absl::Status DeliveryOutbox::Retry(const std::string& /*destination*/,
                                   const PendingDelivery& delivery, const DeliveryResult& result,
                                   TimeUs now) {
  DeliverySettlement s = Settled(delivery, DeliveryState::kPending, now);
  s.reason = result.reason;
  s.error = result.error;
  return store_->SettleDelivery(s);
}

absl::Status DeliveryOutbox::Rejected(const std::string& destination,
                                      const PendingDelivery& delivery, const DeliveryResult& result,
                                      TimeUs now) {
  DeliverySettlement s = Settled(delivery, DeliveryState::kFailed, now);
  s.reason = result.reason;
  s.error = result.error;
  s.dead_letter = DeadLetter{.source = absl::StrCat("sink:", destination),
                             .stream = delivery.notification.incident.id,
                             .position = delivery.notification.id,
                             .reason = result.reason.empty() ? "rejected" : result.reason,
                             .detail = result.error,
                             .bytes = NotificationJson(delivery.notification)};
  return store_->SettleDelivery(s);
}

absl::Status DeliveryOutbox::Skipped(const std::string& /*destination*/,
                                     const PendingDelivery& delivery, TimeUs now) {
  return store_->SettleDelivery(Settled(delivery, DeliveryState::kSkipped, now));
}

absl::StatusOr<std::vector<PendingDelivery>> DeliveryOutbox::Known(const std::string& destination,
                                                                   TimeUs before, size_t limit) {
  return All(store_->SentDeliveries(destination, before, limit));
}

absl::Status DeliveryOutbox::Resent(const std::string& destination, const PendingDelivery& delivery,
                                    const DeliveryResult& result, TimeUs now) {
  return store_->MarkSent(destination, delivery.notification.incident.id, result.receipt, now);
}

}  // namespace culprit
