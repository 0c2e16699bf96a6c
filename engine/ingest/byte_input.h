// The links of a decoding chain: file -> gunzip -> tar member -> gunzip -> ... Owned by ingest; a
// chain belongs to the one thread that reads it. ByteStream (core) is what comes out at its end.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace culprit {

class ByteInput {
 public:
  virtual ~ByteInput() = default;
  // Up to `size` bytes (size > 0); 0 at the end. After an error: the same error again.
  virtual absl::StatusOr<size_t> Read(char* buffer, size_t size) = 0;
  // Only whole regular files can seek; zip and 7z need it for their directory.
  virtual bool seekable() const { return false; }
  virtual absl::StatusOr<int64_t> Seek(int64_t /*offset*/, int /*whence*/) {
    return absl::UnimplementedError("not seekable");
  }
};

// Bytes that are in memory already, and stay there while this lives.
class MemoryInput : public ByteInput {
 public:
  explicit MemoryInput(std::string_view bytes) : rest_(bytes) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t n = rest_.copy(buffer, size);
    rest_.remove_prefix(n);
    return n;
  }

 private:
  std::string_view rest_;
};

// Lets the first bytes be looked at before they are read. Reads past them go straight to `inner`.
class PeekInput : public ByteInput {
 public:
  static constexpr size_t kHead = 8192;  // a page multiple: later reads stay page-aligned

  explicit PeekInput(ByteInput& inner) : inner_(&inner) {}
  // At least min(n, what there is) bytes from the start; valid until Read or a larger Peek. An
  // error while peeking is kept for the Read that gets there.
  std::string_view Peek(size_t n);
  const absl::Status& error() const { return error_; }  // met so far
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;
  bool seekable() const override { return inner_->seekable(); }
  absl::StatusOr<int64_t> Seek(int64_t offset, int whence) override;

 private:
  ByteInput* inner_;
  std::unique_ptr<char[]> head_;
  size_t capacity_ = 0, size_ = 0, taken_ = 0;
  bool ended_ = false;
  absl::Status error_;
};

}  // namespace culprit
