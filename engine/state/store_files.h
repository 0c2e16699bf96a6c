// The files of a state directory: the directory itself, the lock of the running process, and what
// becomes of a damaged database. One owner, one thread.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace culprit {

// Held for as long as the process runs a state; gone with the process, however it ends.
class DirectoryLock {
 public:
  // FailedPrecondition: another process holds it; the message names that process.
  static absl::StatusOr<std::unique_ptr<DirectoryLock>> Take(const std::string& directory);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  const int fd_;
};

class StoreFiles {
 public:
  explicit StoreFiles(std::string directory) : directory_(std::move(directory)) {}

  std::string database() const { return directory_ + "/state.db"; }
  std::string wal() const { return database() + "-wal"; }
  std::string fresh() const { return directory_ + "/state.db.new"; }
  const std::string& directory() const { return directory_; }
  int64_t DiskBytes() const;

  absl::Status MakeDirectory() const;  // mode 0700, if it is missing
  // An empty fresh() with mode 0600, in place of what an earlier start may have left.
  absl::Status MakeFresh() const;
  bool HasDatabase() const;
  bool HasWal() const;

  // Setting aside, in steps that can be cut anywhere and taken up again:
  //   NoteDamage -> SetAside -> (fill fresh()) -> Replace.
  // Notes down why the database is to be set aside at the next start, or now. Keeps an older note.
  absl::Status NoteDamage(const std::string& reason) const;
  // The noted reason; empty: none.
  std::string DamageNoted() const;
  // True: a setting aside was cut after Replace had renamed; only the note is to go.
  bool Replaced() const;
  // Renames database and write-ahead log; returns the path of the former.
  absl::StatusOr<std::string> SetAside() const;
  // fresh() becomes database(), the note goes.
  absl::Status Replace() const;

 private:
  std::string note() const { return directory_ + "/damage-note"; }
  std::string AsideName() const;  // path in the note; empty: no note
  absl::Status SyncDirectory() const;

  const std::string directory_;
};

}  // namespace culprit
