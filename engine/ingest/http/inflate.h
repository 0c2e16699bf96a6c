// HTTP's "deflate" through zlib: with zlib's head as the standard says, or without, as some send
// it. Owned by the reader of a body; one thread.
#pragma once
#include <memory>

#include "engine/ingest/byte_input.h"

namespace culprit {

class InflateInput : public ByteInput {
 public:
  // `inner` must outlive this.
  explicit InflateInput(ByteInput& inner);
  ~InflateInput() override;
  // DataLoss: damaged or cut.
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;

 private:
  struct State;
  ByteInput* inner_;
  std::unique_ptr<State> state_;
};

}  // namespace culprit
