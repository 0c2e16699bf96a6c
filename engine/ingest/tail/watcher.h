// Waits for changes below watched directories, by inotify where that works. Belongs to the source's
// thread; Wake may be called by any.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"

namespace culprit {

class Watcher {
 public:
  struct Changes {
    std::vector<std::string> written;  // paths of files; one may come several times
    bool names = false;                // something was made, renamed or deleted, or may have been
  };

  explicit Watcher(bool use_inotify);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  // Watches a directory. True if that is new: what happened before is not reported. A directory
  // that cannot be watched is polled() from then on.
  bool Watch(const std::string& directory);
  // Forgets directories that were not asked for since the last call.
  void DropUnused();
  bool polled(const std::string& directory) const { return polled_.contains(directory); }
  bool polls() const { return !polled_.empty(); }
  // Why directories are polled that could be watched; empty: none.
  const std::string& trouble() const { return trouble_; }

  // Waits until something changed, Wake was called, or the time is over. `only_wake`: changes do
  // not end the wait.
  void Wait(int64_t timeout_us, bool only_wake, Changes* changes);
  void Wake();

 private:
  void ReadEvents(Changes* changes);

  int inotify_ = -1, wake_ = -1;
  struct Watched {
    int descriptor = -1;
    bool used = true;
  };
  absl::flat_hash_map<std::string, Watched> watched_;
  absl::flat_hash_map<int, std::string> directories_;
  absl::flat_hash_set<std::string> polled_, polled_used_;
  std::string trouble_;
};

}  // namespace culprit
