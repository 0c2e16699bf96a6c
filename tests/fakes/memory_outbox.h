// An OutboxSource in memory, for tests of sending: keeps order, states and receipts, and can fail
// to write down. Thread-safe.
#pragma once
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/deliver/outbox_source.h"

namespace culprit {

class MemoryOutbox : public OutboxSource {
 public:
  struct Row {
    std::string destination;
    std::string state = "pending";  // pending, delivered, rejected, skipped
    PendingDelivery delivery;
    std::string reason;
  };

  // About an incident that is nothing but its id, or `n` with event, incident and ids set.
  void Add(const std::string& destination, NotifyEvent event, const std::string& incident,
           Notification n = {}) {
    const std::lock_guard<std::mutex> lock(mutex_);
    Row row{.destination = destination};
    row.delivery.row = static_cast<int64_t>(rows_.size()) + 1;
    n.event = event;
    n.incident.id = incident;
    n.id = incident + "/" + std::string(NotifyEventName(event)) + "/" +
           std::to_string(rows_.size() + 1) + "/" + destination;
    n.dedup_key = "culprit/" + incident;
    row.delivery.notification = std::move(n);
    rows_.push_back(std::move(row));
  }
  void FailToRecord(int times) {
    const std::lock_guard<std::mutex> lock(mutex_);
    fail_ = times;
  }
  std::vector<Row> rows() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return rows_;
  }
  size_t Count(const std::string& destination, const std::string& state) const {
    const std::lock_guard<std::mutex> lock(mutex_);
    size_t n = 0;
    for (const Row& row : rows_) n += row.destination == destination && row.state == state;
    return n;
  }

  absl::StatusOr<std::vector<PendingDelivery>> Pending(const std::string& destination,
                                                       size_t limit) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::map<std::string, size_t> heads;
    std::vector<PendingDelivery> out;
    for (const Row& row : rows_) {
      if (row.destination != destination || row.state != "pending") continue;
      const std::string& incident = row.delivery.notification.incident.id;
      const auto [it, added] = heads.emplace(incident, out.size());
      if (!added) {
        if (it->second < out.size()) out[it->second].superseded = true;
        continue;
      }
      if (out.size() == limit) continue;
      out.push_back(row.delivery);
      out.back().notification.receipt = receipts_[{destination, incident}];
    }
    return out;
  }
  absl::Status Delivered(const std::string& destination, const PendingDelivery& delivery,
                         const DeliveryResult& result, TimeUs now) override {
    return Record([&] {
      At(delivery).state = "delivered";
      const std::string& incident = delivery.notification.incident.id;
      receipts_[{destination, incident}] = result.receipt;
      const NotifyEvent event = delivery.notification.event;
      if (event == NotifyEvent::kResolved || event == NotifyEvent::kMerged)
        known_.erase({destination, incident});
      else
        known_[{destination, incident}] = {delivery, now};
    });
  }
  absl::Status Retry(const std::string&, const PendingDelivery& delivery,
                     const DeliveryResult& result, TimeUs) override {
    return Record([&] {
      Row& row = At(delivery);
      row.delivery.attempts = delivery.attempts;
      row.delivery.not_before = delivery.not_before;
      row.delivery.written = delivery.written;
      row.reason = result.reason;
    });
  }
  absl::Status Rejected(const std::string&, const PendingDelivery& delivery,
                        const DeliveryResult& result, TimeUs) override {
    return Record([&] {
      At(delivery).state = "rejected";
      At(delivery).reason = result.reason;
    });
  }
  absl::Status Skipped(const std::string&, const PendingDelivery& delivery, TimeUs) override {
    return Record([&] { At(delivery).state = "skipped"; });
  }
  absl::StatusOr<std::vector<PendingDelivery>> Known(const std::string& destination, TimeUs before,
                                                     size_t limit) override {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::vector<PendingDelivery> out;
    for (const auto& [key, value] : known_)
      if (key.first == destination && value.second <= before && out.size() < limit)
        out.push_back(value.first);
    return out;
  }
  absl::Status Resent(const std::string& destination, const PendingDelivery& delivery,
                      const DeliveryResult&, TimeUs now) override {
    return Record([&] { known_[{destination, delivery.notification.incident.id}].second = now; });
  }

 private:
  template <typename F>
  absl::Status Record(F write) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (fail_ > 0) {
      --fail_;
      return absl::ResourceExhaustedError("disk full");
    }
    write();
    return absl::OkStatus();
  }
  Row& At(const PendingDelivery& delivery) { return rows_[static_cast<size_t>(delivery.row - 1)]; }

  mutable std::mutex mutex_;
  std::vector<Row> rows_;
  std::map<std::pair<std::string, std::string>, std::string> receipts_;
  std::map<std::pair<std::string, std::string>, std::pair<PendingDelivery, TimeUs>> known_;
  int fail_ = 0;
};

}  // namespace culprit
