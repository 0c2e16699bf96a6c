// libarchive behind two small classes; the only includer of its headers. Owned by ingest; one
// thread each.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "engine/core/time.h"
#include "engine/ingest/byte_input.h"

namespace culprit {

// A libarchive reader over a ByteInput.
class ArchiveReader : public ByteInput {
 public:
  enum class Mode {
    kMembers,     // a container: tar, zip, 7z, cpio, rar
    kDecompress,  // one compressed stream: xz, bz2, lz4, lzip, Z
  };
  struct Member {
    std::string name;
    int64_t size_bytes = -1;
    TimeUs modified = kNoTime;
    bool is_file = false;  // not a directory, link or device
    bool is_directory = false;
  };

  // `name`: for messages. `what`: the kind of data, for messages. `inner` must outlive this.
  ArchiveReader(ByteInput& inner, Mode mode, std::string name, std::string what);
  ~ArchiveReader() override;

  // Moves to the next member. False at the end, or if the damage that ends the archive was already
  // returned by Read.
  absl::StatusOr<bool> Next(Member* member);

  // The current member's bytes. In kDecompress mode, the decoded stream (no Next needed).
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;

 private:
  struct State;
  absl::Status Damage(const char* detail);
  absl::Status Open();
  std::unique_ptr<State> state_;
  Mode mode_;
  std::string name_, what_;
  bool opened_ = false;
  bool fatal_ = false;           // nothing more can come
  absl::Status read_error_;      // of the current member
  const char* block_ = nullptr;  // libarchive's buffer, not yet handed out
  size_t block_left_ = 0;
  int64_t block_offset_ = 0;  // in the member
  int64_t position_ = 0;      // handed out so far, in the member
  bool member_ended_ = true;
};

}  // namespace culprit
