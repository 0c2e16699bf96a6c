#include "engine/ingest/file_input.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace culprit {
namespace {
constexpr size_t kMaxRead = 1 << 20;
}  // namespace

absl::Status FileError(int error, const std::string& path) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return absl::NotFoundError(absl::StrCat(path, ": no such file or directory; check the path"));
    case EACCES:
    case EPERM:
      return absl::PermissionDeniedError(absl::StrCat(
          path,
          ": permission denied; make it readable for this user, or run as one who may read it"));
    case ELOOP:
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": too many levels of symbolic links; name the file itself"));
    case EMFILE:
    case ENFILE:
      return absl::ResourceExhaustedError(
          absl::StrCat(path, ": too many open files; raise the limit (ulimit -n)"));
    case EIO:
      return absl::DataLossError(
          absl::StrCat(path, ": the disk could not be read; copy what can be saved and try that"));
    default:
      return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(error)));
  }
}

absl::StatusOr<std::unique_ptr<FileInput>> FileInput::Open(const std::string& path,
                                                           std::atomic<int64_t>* consumed) {
  int fd = STDIN_FILENO;
  if (path != "-") {
    do {
      fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0) return FileError(errno, path);
  }
  std::unique_ptr<FileInput> input(new FileInput(path, fd, consumed));
  struct stat st;
  if (fstat(fd, &st) != 0) return FileError(errno, path);
  if (S_ISDIR(st.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": is a directory, not a file"));
  }
  input->regular_ = S_ISREG(st.st_mode);
  if (input->regular_) {
    input->size_ = st.st_size;
    input->modified_ =
        static_cast<TimeUs>(st.st_mtim.tv_sec) * kSecondUs + st.st_mtim.tv_nsec / 1000;
    posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);  // a hint: its failure changes nothing
  }
  return input;
}

FileInput::~FileInput() {
  if (fd_ != STDIN_FILENO) close(fd_);
}

absl::StatusOr<size_t> FileInput::Read(char* buffer, size_t size) {
  ssize_t n;
  do {
    n = read(fd_, buffer, std::min(size, kMaxRead));
  } while (n < 0 && errno == EINTR);
  if (n < 0) return FileError(errno, path_);
  consumed_->fetch_add(n, std::memory_order_relaxed);
  return static_cast<size_t>(n);
}

absl::StatusOr<int64_t> FileInput::Seek(int64_t offset, int whence) {
  const off_t at = lseek(fd_, offset, whence);
  if (at < 0) return FileError(errno, path_);
  return at;
}

}  // namespace culprit
