#include "engine/ingest/utf16.h"

#include <algorithm>
#include <cstring>

namespace culprit {
namespace {
constexpr size_t kChunk = 32 * 1024;
}  // namespace

void Utf16Input::Append(uint32_t c) {
  if (c < 0x80) {
    out_ += static_cast<char>(c);
  } else if (c < 0x800) {
    out_ += static_cast<char>(0xc0 | c >> 6);
    out_ += static_cast<char>(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    out_ += static_cast<char>(0xe0 | c >> 12);
    out_ += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out_ += static_cast<char>(0x80 | (c & 0x3f));
  } else {
    out_ += static_cast<char>(0xf0 | c >> 18);
    out_ += static_cast<char>(0x80 | (c >> 12 & 0x3f));
    out_ += static_cast<char>(0x80 | (c >> 6 & 0x3f));
    out_ += static_cast<char>(0x80 | (c & 0x3f));
  }
}

void Utf16Input::Convert(std::string_view bytes, bool last) {
  constexpr uint32_t kReplacement = 0xfffd;
  pending_.append(bytes);
  size_t i = 0;
  for (; i + 1 < pending_.size(); i += 2) {
    const auto a = static_cast<unsigned char>(pending_[i]);
    const auto b = static_cast<unsigned char>(pending_[i + 1]);
    if (!started_) {  // the mark itself
      started_ = true;
      big_endian_ = a == 0xfe;
      continue;
    }
    const uint32_t unit = big_endian_ ? a << 8 | b : b << 8 | a;
    const bool low = unit >= 0xdc00 && unit < 0xe000;
    if (high_ != 0) {
      const uint32_t high = high_;
      high_ = 0;
      if (low) {
        Append(0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
        continue;
      }
      Append(kReplacement);
    }
    if (unit >= 0xd800 && unit < 0xdc00) {
      high_ = unit;
    } else {
      Append(low ? kReplacement : unit);
    }
  }
  pending_.erase(0, i);
  if (!last) return;
  if (high_ != 0) Append(kReplacement);
  if (!pending_.empty()) Append(kReplacement);
  high_ = 0;
  pending_.clear();
}

absl::StatusOr<size_t> Utf16Input::Read(char* buffer, size_t size) {
  while (out_taken_ == out_.size()) {
    if (ended_) {
      if (!error_.ok()) return error_;
      return 0;
    }
    out_.clear();
    out_taken_ = 0;
    char chunk[kChunk];
    absl::StatusOr<size_t> n = inner_->Read(chunk, sizeof(chunk));
    ended_ = !n.ok() || *n == 0;
    if (!n.ok()) error_ = n.status();
    Convert({chunk, ended_ ? 0 : *n}, ended_);
  }
  const size_t n = std::min(size, out_.size() - out_taken_);
  std::memcpy(buffer, out_.data() + out_taken_, n);
  out_taken_ += n;
  return n;
}

}  // namespace culprit
