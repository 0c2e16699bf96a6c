#include "tests/contract/fake_sink.h"

#include <algorithm>

namespace culprit {

bool WaitUntil(const std::function<bool()>& done, std::chrono::milliseconds deadline) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!done()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

FakeSink::FakeSink(size_t max_in_flight, bool keep_bytes)
    : max_in_flight_(max_in_flight), keep_bytes_(keep_bytes), committer_([this] { Run(); }) {}

FakeSink::~FakeSink() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  committer_.join();
}

void FakeSink::Take(LiveBatch batch) {
  ++pushed_;
  const auto wrong = [&](const char* what) {
    violations_.push_back((batch.stream == nullptr ? std::string("?") : batch.stream->display) +
                          ": " + what);
  };
  if (batch.stream == nullptr) wrong("no stream");
  if (!batch.bytes.empty() && batch.bytes.back() != '\n') wrong("bytes do not end with a newline");
  if (batch.bytes.size() > 4 * kLiveBatchBytes) wrong("larger than 4 times kLiveBatchBytes");
  if (batch.done == nullptr) wrong("no done");
  for (size_t i = 0; i < batch.messages.size(); ++i) {
    const LiveMessage& m = batch.messages[i];
    if (m.begin >= batch.bytes.size() || m.service > batch.services.size()) wrong("bad message");
    if (i == 0 && m.begin != 0) wrong("bytes before the first message");
    if (i > 0 && m.begin <= batch.messages[i - 1].begin) wrong("messages do not ascend");
    if (i > 0 && batch.bytes[m.begin - 1] != '\n') wrong("message without newline");
  }
  if (batch.stream != nullptr) queue_.push_back(std::move(batch));
  changed_.notify_all();
}

absl::Status FakeSink::Push(LiveBatch batch) {
  std::unique_lock lock(mutex_);
  ++blocked_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return crashed_ || !Full(); });
  --blocked_;
  if (crashed_) return absl::CancelledError("the program stops");
  Take(std::move(batch));
  return absl::OkStatus();
}

absl::StatusOr<bool> FakeSink::TryPush(LiveBatch* batch) {
  const std::lock_guard lock(mutex_);
  if (crashed_) return absl::CancelledError("the program stops");
  if (Full()) return false;
  Take(std::move(*batch));
  return true;
}

bool FakeSink::HasReceipt(std::string_view source, std::string_view receipt) const {
  const std::lock_guard lock(mutex_);
  return receipts_.count({std::string(source), std::string(receipt)}) > 0;
}

absl::Status FakeSink::PushDeadLetter(DeadLetter letter) {
  const std::lock_guard lock(mutex_);
  if (crashed_) return absl::CancelledError("the program stops");
  dead_letters_.push_back(std::move(letter));
  return absl::OkStatus();
}

bool FakeSink::Accepting() const {
  const std::lock_guard lock(mutex_);
  return !crashed_ && !Full();
}

TimeUs FakeSink::Now() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

void FakeSink::Commit(const LiveBatch& batch) {
  Stream& s = streams_[batch.stream->key];
  const auto wrong = [&](const char* what) {
    violations_.push_back(batch.stream->display + " (" + batch.stream->key + "): " + what);
  };
  if (s.ended) wrong("goes on behind its end");
  s.stream = *batch.stream;
  s.resume = batch.resume;
  if (!batch.bytes.empty()) {
    if (batch.messages.empty()) {
      if (s.any && batch.offset < s.end) wrong("bytes come again");
      if (!s.any) s.begin = batch.offset;
      s.end = batch.offset + batch.bytes.size();
    }
    for (const LiveMessage& m : batch.messages) {
      if (!s.positions.empty() && m.position <= s.positions.back())
        wrong("positions do not ascend");
      s.positions.push_back(m.position);
    }
    s.any = true;
    if (keep_bytes_) {
      s.bytes += batch.bytes;
      lines_ += static_cast<size_t>(std::count(batch.bytes.begin(), batch.bytes.end(), '\n'));
    }
    bytes_ += batch.bytes.size();
  }
  ++s.batches;
  ++committed_;
  s.ended = s.ended || batch.end_of_stream;
  for (const std::string& r : batch.receipts) receipts_.insert({batch.stream->source, r});
  dead_letters_.insert(dead_letters_.end(), batch.dead_letters.begin(), batch.dead_letters.end());
  counters_.Add(batch.counters);
}

void FakeSink::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] {
      return stopping_ || (!crashed_ && !queue_.empty() && (!held_ || allowed_ > 0));
    });
    if (stopping_) return;
    // As the real one: many batches in one transaction, then all their callbacks.
    std::vector<LiveBatch> group;
    std::vector<absl::Status> fates;
    while (!queue_.empty() && (!held_ || allowed_ > 0)) {
      if (held_) --allowed_;
      group.push_back(std::move(queue_.front()));
      queue_.pop_front();
      if (refuse_ > 0) {
        --refuse_;
        fates.push_back(absl::UnavailableError("the state cannot be written"));
      } else {
        Commit(group.back());
        fates.push_back(absl::OkStatus());
      }
    }
    committing_ = group.size();
    lock.unlock();
    for (size_t i = 0; i < group.size(); ++i) group[i].done(fates[i]);
    group.clear();
    lock.lock();
    committing_ = 0;
    changed_.notify_all();
  }
}

void FakeSink::Hold() {
  const std::lock_guard lock(mutex_);
  held_ = true;
  allowed_ = 0;
}

void FakeSink::Release(size_t batches) {
  const std::lock_guard lock(mutex_);
  allowed_ += batches;
  changed_.notify_all();
}

void FakeSink::Resume() {
  const std::lock_guard lock(mutex_);
  held_ = false;
  changed_.notify_all();
}

void FakeSink::Refuse(size_t batches) {
  const std::lock_guard lock(mutex_);
  refuse_ = batches;
}

void FakeSink::Crash() {
  std::unique_lock lock(mutex_);
  crashed_ = true;
  queue_.clear();
  changed_.notify_all();
  changed_.wait(lock, [&] { return committing_ == 0; });
}

void FakeSink::Reopen() {
  const std::lock_guard lock(mutex_);
  crashed_ = held_ = false;
  allowed_ = refuse_ = 0;
}

bool FakeSink::Settle() {
  Resume();
  return WaitUntil([&] { return in_flight() == 0 && blocked() == 0; });
}

std::vector<ResumePoint> FakeSink::ResumePoints() const {
  const std::lock_guard lock(mutex_);
  std::vector<ResumePoint> points;
  for (const auto& [key, s] : streams_) {
    if (!s.ended) points.push_back({s.stream, s.resume});
  }
  return points;
}

std::map<std::string, FakeSink::Stream> FakeSink::streams() const {
  const std::lock_guard lock(mutex_);
  return streams_;
}

std::vector<std::string> FakeSink::Lines() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> lines;
  for (const auto& [key, s] : streams_) {
    for (size_t i = 0; i < s.bytes.size();) {
      const size_t end = s.bytes.find('\n', i);
      lines.push_back(s.bytes.substr(i, end - i));
      i = end + 1;
    }
  }
  return lines;
}

size_t FakeSink::LineCount() const {
  const std::lock_guard lock(mutex_);
  return lines_;
}
uint64_t FakeSink::ByteCount() const {
  const std::lock_guard lock(mutex_);
  return bytes_;
}
size_t FakeSink::in_flight() const {
  const std::lock_guard lock(mutex_);
  return queue_.size() + committing_;
}
size_t FakeSink::pushed() const {
  const std::lock_guard lock(mutex_);
  return pushed_;
}
size_t FakeSink::committed() const {
  const std::lock_guard lock(mutex_);
  return committed_;
}
size_t FakeSink::blocked() const {
  const std::lock_guard lock(mutex_);
  return blocked_;
}
Counters FakeSink::counters() const {
  const std::lock_guard lock(mutex_);
  return counters_;
}
std::vector<DeadLetter> FakeSink::dead_letters() const {
  const std::lock_guard lock(mutex_);
  return dead_letters_;
}
std::vector<std::string> FakeSink::violations() const {
  const std::lock_guard lock(mutex_);
  return violations_;
}

}  // namespace culprit
