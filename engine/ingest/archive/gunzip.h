// gzip through zlib: all members of a concatenated file, and on damage every byte that could still
// be decoded. (libarchive's gzip filter loses up to 64 KiB of text before a truncation, which is
// where the last lines before a crash are.) Owned by ingest; one thread.
#pragma once
#include <memory>
#include <string>

#include "engine/ingest/byte_input.h"

namespace culprit {

class GunzipInput : public ByteInput {
 public:
  // `name`: for messages. `inner` must outlive this.
  GunzipInput(ByteInput& inner, std::string name);
  ~GunzipInput() override;
  // Trailing bytes that are no gzip member (padding) are ignored, as gzip(1) does.
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;

 private:
  struct State;
  absl::Status Fill();
  ByteInput* inner_;
  std::string name_;
  std::unique_ptr<State> state_;
  bool done_ = false;
  absl::Status error_;
};

}  // namespace culprit
