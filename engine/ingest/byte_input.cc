#include "engine/ingest/byte_input.h"

#include <algorithm>
#include <cstring>

namespace culprit {

std::string_view PeekInput::Peek(size_t n) {
  if (capacity_ < n) {
    std::unique_ptr<char[]> larger(new char[n]);
    if (size_ > 0) std::memcpy(larger.get(), head_.get(), size_);
    head_ = std::move(larger);
    capacity_ = n;
  }
  while (size_ < n && !ended_) {
    absl::StatusOr<size_t> got = inner_->Read(head_.get() + size_, n - size_);
    if (!got.ok()) error_ = got.status();
    ended_ = !got.ok() || *got == 0;
    if (!ended_) size_ += *got;
  }
  return {head_.get(), std::min(n, size_)};
}

absl::StatusOr<size_t> PeekInput::Read(char* buffer, size_t size) {
  if (taken_ < size_) {
    const size_t n = std::min(size, size_ - taken_);
    std::memcpy(buffer, head_.get() + taken_, n);
    taken_ += n;
    if (taken_ == size_) head_.reset(), size_ = taken_ = capacity_ = 0;
    return n;
  }
  if (ended_) {
    if (!error_.ok()) return error_;
    return 0;
  }
  return inner_->Read(buffer, size);
}

absl::StatusOr<int64_t> PeekInput::Seek(int64_t offset, int whence) {
  size_ = taken_ = 0;
  ended_ = false;
  return inner_->Seek(offset, whence);
}

}  // namespace culprit
