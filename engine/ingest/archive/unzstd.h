// zstd through libzstd: all frames of a concatenated input, and on damage every block before it.
// Owned by ingest; one thread.
#pragma once
#include <memory>
#include <string>

#include "engine/ingest/byte_input.h"

namespace culprit {

class UnzstdInput : public ByteInput {
 public:
  // What a frame may ask for as a window, as a power of two: more is refused.
  static constexpr int kFileWindowLog = 27;    // zstd(1)'s own limit
  static constexpr int kSenderWindowLog = 23;  // of who is not trusted with more

  // `name`: for messages. `inner` must outlive this.
  UnzstdInput(ByteInput& inner, std::string name, int window_log);
  ~UnzstdInput() override;
  // DataLoss: damaged or cut short, behind every byte that could be decoded.
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;

 private:
  struct State;
  ByteInput* inner_;
  std::string name_;
  std::unique_ptr<State> state_;
};

}  // namespace culprit
