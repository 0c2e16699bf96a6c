// LiveStore in one SQLite file of one directory: `state.db`, its write-ahead log, `lock`. See
// live_store.h for what is promised, doc/formats.md for what is stored, doc/adr/0013 for the
// choices.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/state/live_store.h"

namespace culprit {

enum class StoreMode : uint8_t {
  kRun,   // makes the directory if need be; the only one of its kind on this directory
  kEdit,  // beside a running one: dead letters and outbox may be changed, nothing is made
  kRead,  // nothing is changed; also from a directory that cannot be written
};

struct StoreOptions {
  std::string directory;
  StoreMode mode = StoreMode::kRun;
  // Every commit is on the platter before it is acknowledged. False: a power cut (not a crash of
  // the program) may take back the last commits, and what was acknowledged for them is lost.
  bool sync = true;
  // Of the log behind the reason half: kept for `replay --signal-log` until one of both is
  // exceeded.
  uint64_t log_bytes = uint64_t{1} << 30;
  DurationUs log_age = kDayUs;
  uint64_t dead_letter_bytes = uint64_t{64} << 20;
  DurationUs dead_letter_age = 14 * kDayUs;
  uint64_t receipts = 1'000'000;
  DurationUs receipt_age = kDayUs;
  uint64_t incidents = 10'000;
  uint64_t outbox_rows = 100'000;
  DurationUs check_time = 2 * kSecondUs;  // at most this long is the file examined at Open
  int64_t max_file_bytes = 0;             // ResourceExhausted beyond it; 0: the disk decides
};

// What Open met. A person should see `message` if it is not empty.
struct OpenReport {
  bool created = false;
  bool damaged = false;   // the old file was set aside as `set_aside`, a new one was begun
  std::string set_aside;  // path
  std::string message;    // what was damaged, what was saved, what is lost
};

// Opens, checks, migrates. FailedPrecondition: held by another `culprit run`, a newer version's
// file, not writable; NotFound: no state there (kEdit, kRead); ResourceExhausted: disk full. A
// damaged file is an error (DataLoss) for kEdit and kRead; kRun renames it, saves what can be read
// from it into a new one, and tells in *report (may be null).
absl::StatusOr<std::unique_ptr<LiveStore>> OpenSqliteStore(const StoreOptions& options,
                                                           OpenReport* report);

}  // namespace culprit
