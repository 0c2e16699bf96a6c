// The sender's outbox in the live store. Thread-safe, as the store is.
#pragma once
#include <string>
#include <vector>

#include "engine/deliver/outbox_source.h"
#include "engine/state/live_store.h"

namespace culprit {

class DeliveryOutbox : public OutboxSource {
 public:
  explicit DeliveryOutbox(LiveStore* store) : store_(store) {}  // outlives this

  absl::StatusOr<std::vector<PendingDelivery>> Pending(const std::string& destination,
                                                       size_t limit) override;
  absl::Status Delivered(const std::string& destination, const PendingDelivery& delivery,
                         const DeliveryResult& result, TimeUs now) override;
  absl::Status Retry(const std::string& destination, const PendingDelivery& delivery,
                     const DeliveryResult& result, TimeUs now) override;
  // The dead letter's source is "sink:<destination>", its bytes the notification's JSON.
  absl::Status Rejected(const std::string& destination, const PendingDelivery& delivery,
                        const DeliveryResult& result, TimeUs now) override;
  absl::Status Skipped(const std::string& destination, const PendingDelivery& delivery,
                       TimeUs now) override;
  absl::StatusOr<std::vector<PendingDelivery>> Known(const std::string& destination, TimeUs before,
                                                     size_t limit) override;
  absl::Status Resent(const std::string& destination, const PendingDelivery& delivery,
                      const DeliveryResult& result, TimeUs now) override;

 private:
  LiveStore* const store_;
};

}  // namespace culprit
