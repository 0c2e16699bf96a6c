#include "engine/ingest/line_blocks.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace culprit {
namespace {
constexpr size_t kPage = 4096;
constexpr size_t RoundUp(size_t n) { return (n + kPage - 1) / kPage * kPage; }
}  // namespace

void LineBlocks::Free::operator()(char* p) const { std::free(p); }

LineBlocks::LineBlocks(ByteStream& stream, const LineBlockOptions& options, Counters* counters)
    : stream_(&stream),
      counters_(counters),
      // block <= line: then only the line that spans two reads can be too long.
      block_bytes_(
          std::clamp<size_t>(options.block_bytes, 1, std::max<size_t>(options.max_line_bytes, 1))),
      max_line_bytes_(std::max<size_t>(options.max_line_bytes, 1)),
      read_at_(RoundUp(max_line_bytes_)) {
  buffer_ = NewBuffer();
  Reset(stream);
}

LineBlocks::Buffer LineBlocks::NewBuffer() const {
  const size_t size = RoundUp(read_at_ + block_bytes_ + kPadding);
  Buffer buffer(static_cast<char*>(std::aligned_alloc(kPage, size)));
  if (buffer == nullptr) throw std::bad_alloc();
  return buffer;
}

LineBlocks::Buffer LineBlocks::TakeBuffer(Buffer spare) {
  if (spare == nullptr) spare = NewBuffer();
  std::memcpy(spare.get() + pos_, buffer_.get() + pos_, end_ + kPadding - pos_);
  return std::exchange(buffer_, std::move(spare));
}

LineBlocks::~LineBlocks() = default;

void LineBlocks::Reset(ByteStream& stream) {
  stream_ = &stream;
  pos_ = scan_ = end_ = read_at_;
  end_offset_ = 0;
  dropping_ = at_end_ = false;
  error_ = absl::OkStatus();
}

bool LineBlocks::Emit(Block* block) {
  char* const base = buffer_.get();
  if (dropping_) {
    const void* newline = std::memchr(base + pos_, '\n', end_ - pos_);
    pos_ = newline == nullptr ? end_ : static_cast<const char*>(newline) - base + 1;
    scan_ = pos_;
    dropping_ = newline == nullptr;
  }
  const auto give = [&](size_t until, bool cut) {
    block->bytes = {base + pos_, until - pos_};
    block->offset = end_offset_ - (end_ - pos_);
    block->cut = cut;
    if (cut) counters_->Count(Reason::kLineTruncated);
  };
  const void* last = memrchr(base + scan_, '\n', end_ - scan_);
  if (last != nullptr) {
    if (scan_ > pos_) {
      const size_t first =
          static_cast<const char*>(std::memchr(base + scan_, '\n', end_ - scan_)) - base;
      if (first - pos_ > max_line_bytes_) {
        give(pos_ + max_line_bytes_, true);
        pos_ = scan_ = first + 1;
        return true;
      }
    }
    const size_t until = static_cast<const char*>(last) - base + 1;
    give(until, false);
    pos_ = until;
    scan_ = end_;
    return true;
  }
  scan_ = end_;
  if (end_ - pos_ > max_line_bytes_) {
    give(pos_ + max_line_bytes_, true);
    pos_ = end_;
    dropping_ = true;
    return true;
  }
  if (at_end_ && pos_ < end_) {
    give(end_, false);
    pos_ = end_;
    return true;
  }
  return false;
}

void LineBlocks::Refill() {
  // What is left is one unfinished line, at most max_line_bytes <= read_at_.
  const size_t carry = end_ - pos_;
  std::memmove(buffer_.get() + read_at_ - carry, buffer_.get() + pos_, carry);
  pos_ = read_at_ - carry;
  scan_ = end_ = read_at_;
  while (end_ < read_at_ + block_bytes_) {
    absl::StatusOr<size_t> n = stream_->Read(buffer_.get() + end_, read_at_ + block_bytes_ - end_);
    if (!n.ok() || *n == 0) {
      at_end_ = true;
      error_ = n.status();
      break;
    }
    end_ += *n;
    end_offset_ += *n;
  }
  std::memset(buffer_.get() + end_, 0, kPadding);
}

absl::StatusOr<bool> LineBlocks::Next(Block* block) {
  while (!Emit(block)) {
    if (at_end_) {
      if (!error_.ok()) return error_;
      return false;
    }
    Refill();
  }
  return true;
}

}  // namespace culprit
