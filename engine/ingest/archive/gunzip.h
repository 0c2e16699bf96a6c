// gzip: all members of a concatenated file, and on damage every byte that could still be decoded.
// isa-l decodes the text, more than twice as fast as zlib, which reads the members' headers.
// (libarchive's gzip filter loses up to 64 KiB of text before a truncation, which is where the last
// lines before a crash are.) Owned by ingest; one thread.
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
  // Trailing bytes that are no gzip member (padding) are ignored, as gzip(1) does. DataLoss:
  // damaged or cut short, behind every byte that could be decoded.
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;

 private:
  struct State;
  absl::Status Fill();
  // Each takes one step in its part of a member; gives how many bytes of text came of it.
  void ReadHeader();
  size_t ReadText(char* buffer, size_t size);
  size_t ReadTextBeforeDamage(char* buffer, size_t size);
  void ReadTrailer();
  void BeginNextMember();
  void Damaged(const char* reason);
  void Truncated();

  ByteInput* inner_;
  std::string name_;
  std::unique_ptr<State> state_;
  absl::Status error_;
};

}  // namespace culprit
