// A file, a pipe or standard input, read with plain read(2). Owned by ingest; one thread, except
// that any thread may read the progress counter it was given.
#pragma once
#include <atomic>
#include <memory>
#include <string>

#include "engine/core/time.h"
#include "engine/ingest/byte_input.h"

namespace culprit {

class FileInput : public ByteInput {
 public:
  // "-" is standard input, which is not closed at the end. `consumed` counts the bytes read; it
  // must outlive this. Errors name the path and what to do.
  static absl::StatusOr<std::unique_ptr<FileInput>> Open(const std::string& path,
                                                         std::atomic<int64_t>* consumed);
  ~FileInput() override;
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override;
  bool seekable() const override { return regular_; }
  absl::StatusOr<int64_t> Seek(int64_t offset, int whence) override;
  int64_t size_bytes() const { return size_; }  // -1: not a regular file
  TimeUs modified() const { return modified_; }

 private:
  FileInput(std::string path, int fd, std::atomic<int64_t>* consumed)
      : path_(std::move(path)), fd_(fd), consumed_(consumed) {}
  std::string path_;
  int fd_;
  std::atomic<int64_t>* consumed_;
  bool regular_ = false;
  int64_t size_ = -1;
  TimeUs modified_ = kNoTime;
};

// errno of an operation on `path`, as a status that says what to do.
absl::Status FileError(int error, const std::string& path);

}  // namespace culprit
