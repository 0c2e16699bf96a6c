// What can still be read from a damaged database, put into a new one.
#pragma once
#include <string>

#include "absl/status/statusor.h"
#include "engine/state/sqlite_db.h"

namespace culprit {

// Copies every readable row of the database at `from`, which is not changed, into `to`, which is
// empty and has the newest schema. The log is taken only if it leads without a gap from a
// checkpoint to its end; else reasoning begins anew behind its last known place. Returns what was
// saved and what is lost, for people. Errors are those of `to`.
absl::StatusOr<std::string> Salvage(const std::string& from, Db* to);

}  // namespace culprit
