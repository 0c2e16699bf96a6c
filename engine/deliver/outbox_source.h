// Seam: where the sender takes notifications from and writes down what became of them. What is
// pending stays pending over restarts until it was settled here: delivery is at least once.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/sink.h"

namespace culprit {

struct PendingDelivery {
  int64_t row = 0;            // ascending in the order in which they are to be told
  uint32_t attempts = 0;      // that failed
  TimeUs not_before = 0;      // wall clock: when it may be tried again
  TimeUs written = 0;         // wall clock of its first attempt; 0: none yet
  bool superseded = false;    // something newer about the same incident waits behind it
  Notification notification;  // with its receipt
};

// How an attempt or several of them ended. Thread-safe; called by each destination's own thread.
class OutboxSource {
 public:
  virtual ~OutboxSource() = default;
  // Of each incident with something pending for the destination its oldest row, ascending, at most
  // `limit`.
  virtual absl::StatusOr<std::vector<PendingDelivery>> Pending(const std::string& destination,
                                                               size_t limit) = 0;
  // The receiver has it; `receipt` replaces the incident's at this destination.
  virtual absl::Status Delivered(const std::string& destination, const PendingDelivery& delivery,
                                 const DeliveryResult& result, TimeUs now) = 0;
  // It stays pending. `delivery` has the new attempts, not_before and written.
  virtual absl::Status Retry(const std::string& destination, const PendingDelivery& delivery,
                             const DeliveryResult& result, TimeUs now) = 0;
  // It never will be: a dead letter that people can see and give out again.
  virtual absl::Status Rejected(const std::string& destination, const PendingDelivery& delivery,
                                const DeliveryResult& result, TimeUs now) = 0;
  // Not sent: something newer says it all.
  virtual absl::Status Skipped(const std::string& destination, const PendingDelivery& delivery,
                               TimeUs now) = 0;
  // The last notification of each incident that the receiver knows and that is not over, if it was
  // delivered before `before`. For receivers that forget.
  virtual absl::StatusOr<std::vector<PendingDelivery>> Known(const std::string& destination,
                                                             TimeUs before, size_t limit) = 0;
  // One of Known was sent again.
  virtual absl::Status Resent(const std::string& destination, const PendingDelivery& delivery,
                              const DeliveryResult& result, TimeUs now) = 0;
};

}  // namespace culprit
