// A compressed file (gzip, zstd, xz, bzip2, lz4) as text. Belongs to the source's thread.
#pragma once
#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "engine/ingest/tail/tail_file.h"

namespace culprit {

class PackedReader {
 public:
  // `fd` stays the caller's and must stay open. What is wrong shows in Read and head_error.
  PackedReader(int fd, const std::string& name);
  ~PackedReader();

  // The text's first bytes, up to HeadPrint::kBytes; before anything was read.
  std::string_view Head();
  absl::Status head_error() const;  // met while looking at the head: damaged or not complete
  bool is_text() const { return is_text_; }
  bool is_packed() const { return status_.ok(); }

  absl::StatusOr<size_t> Read(char* buffer, size_t size);
  // Goes on towards `to.text_offset`: true when it is there (or the text ended before). NotFound:
  // what stands before it is not what was read.
  absl::StatusOr<bool> Skip(const TailPosition& to);
  bool ready() const { return ready_; }
  void set_ready() { ready_ = true; }
  bool ended() const { return ended_; }
  void set_ended() { ended_ = true; }

  // Notes what was passed on, for the guard.
  void Passed(std::string_view text) {
    last_.append(text.substr(text.size() - std::min(text.size(), Guard::kBytes)));
    last_.erase(0, last_.size() - std::min(last_.size(), Guard::kBytes));
  }
  const std::string& last() const { return last_; }

  std::string carry;   // unpacked, not passed on yet
  absl::Status error;  // that ended it

 private:
  struct Chain;
  std::unique_ptr<Chain> chain_;
  absl::Status status_;
  bool is_text_ = true, ready_ = false, ended_ = false;
  uint64_t skipped_ = 0;
  std::string last_;  // the last bytes before the position
};

}  // namespace culprit
