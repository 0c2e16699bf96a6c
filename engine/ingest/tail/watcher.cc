#include "engine/ingest/tail/watcher.h"

#include <linux/magic.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace culprit {
namespace {

constexpr uint32_t kMask = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_MODIFY |
                           IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;

// File systems on which other machines write without this kernel being told.
bool IsNetwork(const std::string& directory) {
  constexpr int64_t kCifs = 0xff534d42, kCeph = 0x00c36400, kLustre = 0x0bd00bd0,
                    kGfs2 = 0x01161970, kSmb2 = 0xfe534d42, kFuse = 0x65735546;
  struct statfs fs;
  if (statfs(directory.c_str(), &fs) != 0) return false;
  const auto type = static_cast<int64_t>(static_cast<uint32_t>(fs.f_type));
  return type == NFS_SUPER_MAGIC || type == SMB_SUPER_MAGIC || type == V9FS_MAGIC ||
         type == AFS_SUPER_MAGIC || type == CODA_SUPER_MAGIC || type == kCifs || type == kCeph ||
         type == kLustre || type == kGfs2 || type == kSmb2 || type == kFuse;
}

}  // namespace

Watcher::Watcher(bool use_inotify) : wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!use_inotify) return;
  inotify_ = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (inotify_ < 0) {
    trouble_ = absl::StrCat("inotify: ", std::strerror(errno),
                            "; files are polled; raise fs.inotify.max_user_instances");
  }
}

Watcher::~Watcher() {
  if (inotify_ >= 0) close(inotify_);
  if (wake_ >= 0) close(wake_);
}

bool Watcher::Watch(const std::string& directory) {
  if (const auto it = watched_.find(directory); it != watched_.end()) {
    it->second.used = true;
    return false;
  }
  polled_used_.insert(directory);
  if (polled_.contains(directory)) return false;
  if (inotify_ >= 0 && !IsNetwork(directory)) {
    const int descriptor = inotify_add_watch(inotify_, directory.c_str(), kMask);
    if (descriptor >= 0) {
      polled_used_.erase(directory);
      watched_[directory] = {descriptor, true};
      directories_[descriptor] = directory;
      return true;
    }
    if (errno == ENOENT || errno == ENOTDIR) {  // gone again
      polled_used_.erase(directory);
      return false;
    }
    if (errno != EACCES && trouble_.empty()) {
      trouble_ = errno == ENOSPC
                     ? "inotify: no watches left; the other directories are polled; raise "
                       "fs.inotify.max_user_watches"
                     : absl::StrCat("inotify: ", std::strerror(errno), "; files are polled");
    }
  }
  polled_.insert(directory);
  return true;
}

void Watcher::DropUnused() {
  for (auto it = watched_.begin(); it != watched_.end();) {
    if (!it->second.used) {
      const int descriptor = it->second.descriptor;
      const auto named = directories_.find(descriptor);
      // One directory under two names has one descriptor.
      if (named != directories_.end() && named->second == it->first) {
        inotify_rm_watch(inotify_, descriptor);
        directories_.erase(named);
      }
      watched_.erase(it++);
    } else {
      it->second.used = false;
      ++it;
    }
  }
  polled_.swap(polled_used_);
  polled_used_.clear();
}

void Watcher::ReadEvents(Changes* changes) {
  alignas(inotify_event) char buffer[64 * 1024];
  for (;;) {
    const ssize_t n = read(inotify_, buffer, sizeof(buffer));
    if (n <= 0) return;
    for (const char* p = buffer; p < buffer + n;) {
      inotify_event event;
      std::memcpy(&event, p, sizeof(event));
      const std::string_view name = event.len > 0 ? std::string_view(p + sizeof(event)) : "";
      p += sizeof(event) + event.len;
      const auto directory = directories_.find(event.wd);
      if ((event.mask & IN_IGNORED) != 0) {
        if (directory != directories_.end()) {
          watched_.erase(directory->second);
          directories_.erase(directory);
        }
        changes->names = true;
      } else if ((event.mask & (IN_MODIFY | IN_ATTRIB)) != 0 && !name.empty()) {
        if (directory == directories_.end()) continue;
        std::string path =
            absl::StrCat(directory->second, "/", absl::string_view(name.data(), name.size()));
        if (changes->written.empty() || changes->written.back() != path) {
          changes->written.push_back(std::move(path));
        }
      } else if ((event.mask & (IN_MODIFY | IN_ATTRIB)) == 0) {
        changes->names = true;  // IN_Q_OVERFLOW as well
      }
    }
  }
}

void Watcher::Wait(int64_t timeout_us, bool only_wake, Changes* changes) {
  pollfd fds[2] = {{wake_, POLLIN, 0}, {inotify_, POLLIN, 0}};
  const int64_t ms = std::clamp<int64_t>((timeout_us + 999) / 1000, 0, 60'000);
  poll(fds, only_wake || inotify_ < 0 ? 1 : 2, static_cast<int>(ms));
  uint64_t woken;
  while (read(wake_, &woken, sizeof(woken)) > 0) {
  }
  if (!only_wake && inotify_ >= 0) ReadEvents(changes);
}

void Watcher::Wake() {
  const uint64_t one = 1;
  while (write(wake_, &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

}  // namespace culprit
