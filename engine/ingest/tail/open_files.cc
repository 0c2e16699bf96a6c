// Open descriptors, and whether what they show is what was read.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <iterator>

#include "engine/ingest/file_input.h"
#include "engine/ingest/tail/follower.h"
#include "engine/ingest/tail/packed_reader.h"

namespace culprit {

Follower::Opened Follower::Open(TailFile* file) {
  if (file->fd >= 0) {
    open_.splice(open_.begin(), open_, file->recency);
    return Opened::kYes;
  }
  MakeRoom(max_open_ - 1);
  const std::string& path = file->at.real_path;
  int fd;
  do {
    fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      scan_wanted_ = true;  // renamed: the scan tells where it is
      return Opened::kNo;
    }
    Trouble(file->path, FileError(errno, path));
    if ((errno == EMFILE || errno == ENFILE) && !open_.empty()) {
      max_open_ = std::max<size_t>(open_.size() / 2, 1);
      MakeRoom(max_open_);
      MakeReady(file);
    }
    return Opened::kUnreadable;
  }
  file->fd = fd;
  open_.push_front(file);
  file->recency = open_.begin();
  const absl::StatusOr<FileFacts> facts = FactsOfDescriptor(fd, path);
  if (!facts.ok() || facts->id != file->at.id) {
    Close(file);
    scan_wanted_ = true;
    return Opened::kNo;
  }
  if (file->at.born_us == 0) file->at.born_us = facts->born_us;
  const bool same = facts->born_us == 0 || facts->born_us == file->at.born_us;
  return same && Holds(*file) ? Opened::kYes : Opened::kReplaced;
}

// Is what can be read now still what was read? The file is open.
bool Follower::Holds(const TailFile& file) const {
  const TailPosition& at = file.at;
  char bytes[HeadPrint::kBytes];
  if (at.form == FileForm::kPacked) {
    if (file.packed != nullptr) return true;  // ReadPacked looks
    PackedReader reader(file.fd, file.path);
    return reader.is_packed() && at.head.Common(reader.Head()) >= 0;
  }
  const size_t head = at.head.length();
  if (head > 0 && (ReadAt(file.fd, bytes, head, 0) != static_cast<ssize_t>(head) ||
                   at.head.Common({bytes, head}) < 0)) {
    return false;
  }
  if (at.finished) return true;  // shorter than what was read
  const size_t guard = at.guard.length;
  return ReadAt(file.fd, bytes, guard, at.offset - guard) == static_cast<ssize_t>(guard) &&
         at.guard.Holds({bytes, guard});
}

// Closes the least recently read ones, but never the packed file that is being read: it would have
// to be unpacked from its begin again.
void Follower::MakeRoom(size_t most) {
  while (open_.size() > most) {
    auto last = std::prev(open_.end());
    if (*last == packed_active_) {
      if (last == open_.begin()) return;
      --last;
    }
    Close(*last);
  }
}

void Follower::Close(TailFile* file) {
  if (file->fd < 0) return;
  file->packed = nullptr;
  if (packed_active_ == file) packed_active_ = nullptr;
  open_.erase(file->recency);
  close(file->fd);
  file->fd = -1;
}

}  // namespace culprit
