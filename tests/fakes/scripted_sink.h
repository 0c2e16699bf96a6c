// A Sink that answers as told and remembers what it got; what it remembers outlives it.
// Thread-safe.
#pragma once
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/sink.h"

namespace culprit {

struct SinkScript {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<DeliveryResult> answers;  // then `otherwise`
  DeliveryResult otherwise;
  std::vector<Notification> got;
  DurationUs resend_every = 0;
  bool hang = false;  // until it is false

  std::vector<std::string> Ids() {
    const std::lock_guard<std::mutex> lock(mutex);
    std::vector<std::string> out;
    for (const Notification& n : got) out.push_back(n.id);
    return out;
  }
};

class ScriptedSink : public Sink {
 public:
  explicit ScriptedSink(std::shared_ptr<SinkScript> script) : script_(std::move(script)) {}
  DeliveryResult Deliver(const Notification& notification) override {
    std::unique_lock<std::mutex> lock(script_->mutex);
    script_->got.push_back(notification);
    script_->changed.notify_all();
    script_->changed.wait(lock, [&] { return !script_->hang; });
    if (script_->answers.empty()) return script_->otherwise;
    DeliveryResult out = script_->answers.front();
    script_->answers.pop_front();
    return out;
  }
  std::string Preview(const Notification& notification) const override { return notification.id; }
  std::string_view type() const override { return "scripted"; }
  DurationUs resend_every() const override { return script_->resend_every; }

 private:
  const std::shared_ptr<SinkScript> script_;
};

}  // namespace culprit
