#include "engine/pipeline/live_desk.h"

namespace culprit {
namespace {

absl::Status Ended() { return absl::UnavailableError("the program stops"); }

}  // namespace

std::future<absl::Status> LiveDesk::Expect(const std::string& action) {
  Promise promise;
  std::future<absl::Status> future = promise.get_future();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closed_)
    promise.set_value(Ended());
  else
    expected_.emplace(action, std::move(promise));
  return future;
}

std::future<absl::Status> LiveDesk::Ask(Question question) {
  Promise promise;
  std::future<absl::Status> future = promise.get_future();
  const std::lock_guard<std::mutex> lock(mutex_);
  if (closed_) {
    promise.set_value(Ended());
  } else {
    questions_.emplace_back(std::move(question), std::move(promise));
    asked_ = true;
  }
  return future;
}

void LiveDesk::Answer(const LiveReasoner& reasoner) {
  if (!asked_) return;
  std::vector<std::pair<Question, Promise>> questions;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    questions.swap(questions_);
    asked_ = false;
  }
  for (auto& [question, promise] : questions) {
    question(reasoner);
    promise.set_value(absl::OkStatus());
  }
}

void LiveDesk::Settle(const std::vector<std::pair<std::string, absl::Status>>& acted) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const auto& [id, status] : acted) {
    const auto [first, last] = expected_.equal_range(id);
    for (auto it = first; it != last; ++it) it->second.set_value(status);
    expected_.erase(first, last);
  }
}

void LiveDesk::Close() {
  const std::lock_guard<std::mutex> lock(mutex_);
  closed_ = true;
  for (auto& [id, promise] : expected_) promise.set_value(Ended());
  for (auto& [question, promise] : questions_) promise.set_value(Ended());
  expected_.clear();
  questions_.clear();
}

}  // namespace culprit
