// UTF-16 with byte order mark to UTF-8 (Windows logs, PowerShell redirects). Offsets of the stream
// are then those of the UTF-8 text, without the mark. Owned by ingest; one thread.
#pragma once
#include <string>

#include "engine/ingest/byte_input.h"

namespace culprit {

class Utf16Input : public ByteInput {
 public:
  // `inner` starts with the mark. Unpaired surrogates and an odd last byte become U+FFFD.
  explicit Utf16Input(ByteInput& inner) : inner_(&inner) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;

 private:
  void Convert(std::string_view bytes, bool last);
  void Append(uint32_t code_point);

  ByteInput* inner_;
  std::string pending_;  // bytes not converted yet
  std::string out_;      // converted, not handed out yet
  size_t out_taken_ = 0;
  uint32_t high_ = 0;  // a high surrogate that waits for its low one
  bool started_ = false, big_endian_ = false, ended_ = false;
  absl::Status error_;
};

}  // namespace culprit
