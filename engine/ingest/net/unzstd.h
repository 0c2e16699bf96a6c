// zstd through libzstd: all frames of a concatenated input. Owned by the reader of a chunk; one
// thread.
#pragma once
#include <memory>
#include <string>

#include "engine/ingest/byte_input.h"

namespace culprit {

class UnzstdInput : public ByteInput {
 public:
  // `inner` must outlive this. A frame that needs a window of more than 8 MiB is refused.
  explicit UnzstdInput(ByteInput& inner);
  ~UnzstdInput() override;
  // DataLoss: damaged or cut.
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;

 private:
  struct State;
  ByteInput* inner_;
  std::unique_ptr<State> state_;
};

}  // namespace culprit
