// Bytes that come in pieces of a chosen size.
#pragma once
#include <algorithm>
#include <string_view>

#include "engine/ingest/byte_input.h"

namespace culprit {

class Pieces : public ByteInput {
 public:
  Pieces(std::string_view bytes, size_t piece) : bytes_(bytes), piece_(piece) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t n = bytes_.copy(buffer, std::min(size, piece_));
    bytes_.remove_prefix(n);
    return n;
  }

 private:
  std::string_view bytes_;
  size_t piece_;
};

}  // namespace culprit
