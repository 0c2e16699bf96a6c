// Looks at a write-ahead log before SQLite does. After a crash SQLite takes its frames up to the
// first one whose checksum does not fit, because that is where a torn last write ends. If the frame
// was damaged later instead, committed transactions behind it would vanish without a word, and
// pages in the file that are newer than the rest of the log would be mixed with older ones.
#pragma once
#include <string>

#include "absl/status/statusor.h"

namespace culprit {

enum class WalState : uint8_t {
  kClean,     // empty, not there, or whole
  kTornTail,  // ends in the midst of what may be one transaction that was never acknowledged
  kDamaged,   // committed transactions lie behind a bad frame, or the header is bad
};

// Format: https://sqlite.org/fileformat2.html#the_write_ahead_log
absl::StatusOr<WalState> CheckWal(const std::string& path);

}  // namespace culprit
