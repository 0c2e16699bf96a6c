#include "engine/pipeline/live_tap.h"

#include <utility>

namespace culprit {

uint64_t LiveTap::Subscription::Take(std::vector<TapSignal>* out) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (TapSignal& signal : waiting_) out->push_back(std::move(signal));
  waiting_.clear();
  return std::exchange(lost_, 0);
}

std::shared_ptr<LiveTap::Subscription> LiveTap::Subscribe(size_t limit) {
  auto subscription = std::make_shared<Subscription>();
  subscription->limit_ = limit;
  const std::lock_guard<std::mutex> lock(mutex_);
  list_.push_back(subscription);
  subscribers_ = list_.size();
  return subscription;
}

void LiveTap::Publish(const TapSignal& signal) {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::erase_if(list_, [&](const std::weak_ptr<Subscription>& weak) {
    const std::shared_ptr<Subscription> subscription = weak.lock();
    if (subscription == nullptr) return true;
    const std::lock_guard<std::mutex> inner(subscription->mutex_);
    if (subscription->waiting_.size() < subscription->limit_) {
      subscription->waiting_.push_back(signal);
    } else {
      ++subscription->lost_;
    }
    return false;
  });
  subscribers_ = list_.size();
}

}  // namespace culprit
