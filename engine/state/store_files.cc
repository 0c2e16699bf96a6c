#include "engine/state/store_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "engine/base/status.h"

namespace culprit {
namespace {

absl::Status FileError(const std::string& path, int error) {
  const std::string what = absl::StrCat(path, ": ", strerror(error));
  if (error == ENOSPC || error == EDQUOT) return absl::ResourceExhaustedError(what);
  if (error == ENOENT || error == ENOTDIR) return absl::NotFoundError(what);
  if (error == EACCES || error == EPERM || error == EROFS || error == EEXIST)
    return absl::FailedPreconditionError(what);
  return absl::UnavailableError(what);
}

bool Exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

absl::Status Rename(const std::string& from, const std::string& to) {
  if (rename(from.c_str(), to.c_str()) == 0 || errno == ENOENT) return absl::OkStatus();
  return FileError(from, errno);
}

}  // namespace

absl::StatusOr<std::unique_ptr<DirectoryLock>> DirectoryLock::Take(const std::string& directory) {
  const std::string path = directory + "/lock";
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return FileError(path, errno);
  std::unique_ptr<DirectoryLock> lock(new DirectoryLock(fd));
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return FileError(path, errno);
    char holder[24] = "";
    const ssize_t n = pread(fd, holder, sizeof holder - 1, 0);
    holder[n > 0 ? n : 0] = '\0';
    return absl::FailedPreconditionError(
        absl::StrCat(directory, ": another culprit run (process ", *holder ? holder : "unknown",
                     ") uses this state directory; stop it, or give this one its own"));
  }
  // For the message above only: a disk without room for it does no harm.
  const std::string pid = absl::StrCat(getpid());
  if (ftruncate(fd, 0) == 0 && pwrite(fd, pid.data(), pid.size(), 0) < 0) errno = 0;
  return lock;
}

DirectoryLock::~DirectoryLock() { close(fd_); }

int64_t StoreFiles::DiskBytes() const {
  int64_t sum = 0;
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat info {};
    if (stat((database() + suffix).c_str(), &info) == 0) sum += info.st_size;
  }
  return sum;
}

absl::Status StoreFiles::MakeDirectory() const {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::absolute(directory_, error).parent_path();
  std::filesystem::create_directories(parent, error);  // mkdir tells what went wrong
  if (mkdir(directory_.c_str(), 0700) == 0 || errno == EEXIST) return absl::OkStatus();
  return FileError(directory_, errno);
}

absl::Status StoreFiles::MakeFresh() const {
  for (const char* suffix : {"", "-wal", "-shm"}) unlink((fresh() + suffix).c_str());
  const int fd = open(fresh().c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (fd < 0) return FileError(fresh(), errno);
  close(fd);
  return absl::OkStatus();
}

bool StoreFiles::HasDatabase() const { return Exists(database()); }
bool StoreFiles::HasWal() const { return Exists(wal()); }

absl::Status StoreFiles::NoteDamage(const std::string& reason) const {
  if (Exists(note())) return absl::OkStatus();
  // The name the file will get; the second line is for people.
  const std::string base = absl::StrCat(
      "state.db.damaged-", absl::FormatTime("%Y%m%dT%H%M%SZ", absl::Now(), absl::UTCTimeZone()));
  std::string name = base;
  for (int i = 2; Exists(directory_ + "/" + name); ++i) name = absl::StrCat(base, "-", i);
  const std::string text = absl::StrCat(name, "\n", reason, "\n");
  const std::string unfinished = note() + ".new";
  const int fd = open(unfinished.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return FileError(unfinished, errno);
  const ssize_t written = write(fd, text.data(), text.size());
  const bool ok = written == static_cast<ssize_t>(text.size()) && fsync(fd) == 0;
  const int failure = errno;
  close(fd);
  if (!ok) return FileError(unfinished, written >= 0 && failure == 0 ? ENOSPC : failure);
  CULPRIT_RETURN_IF_ERROR(Rename(unfinished, note()));
  return SyncDirectory();
}

std::string StoreFiles::DamageNoted() const {
  std::ifstream in(note());
  std::string name;
  std::string reason;
  if (!std::getline(in, name) || !std::getline(in, reason)) return "";
  return reason.empty() ? "damaged" : reason;
}

std::string StoreFiles::AsideName() const {
  std::ifstream in(note());
  std::string name;
  return std::getline(in, name) && !name.empty() ? directory_ + "/" + name : "";
}

bool StoreFiles::Replaced() const {
  const std::string name = AsideName();
  return !name.empty() && Exists(name) && HasDatabase();
}

absl::StatusOr<std::string> StoreFiles::SetAside() const {
  const std::string name = AsideName();
  if (name.empty()) return absl::InternalError(absl::StrCat(note(), ": no damage was noted"));
  // The log first: found without its database, it would be taken for another one's.
  if (!Exists(name)) {
    CULPRIT_RETURN_IF_ERROR(Rename(wal(), name + "-wal"));
    CULPRIT_RETURN_IF_ERROR(Rename(database(), name));
    unlink((database() + "-shm").c_str());
    CULPRIT_RETURN_IF_ERROR(SyncDirectory());
  }
  return name;
}

absl::Status StoreFiles::Replace() const {
  CULPRIT_RETURN_IF_ERROR(Rename(fresh(), database()));
  CULPRIT_RETURN_IF_ERROR(SyncDirectory());
  unlink(note().c_str());
  return SyncDirectory();
}

absl::Status StoreFiles::SyncDirectory() const {
  const int fd = open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return FileError(directory_, errno);
  const bool ok = fsync(fd) == 0;
  const int error = errno;
  close(fd);
  return ok ? absl::OkStatus() : FileError(directory_, error);
}

}  // namespace culprit
