// The tables of state.db and how older files come to them. doc/formats.md describes every table; a
// change here is a change there.
#pragma once
#include "absl/status/status.h"
#include "engine/state/sqlite_db.h"

namespace culprit {

int NewestSchema();

// Brings an empty or older file to the newest schema, in one transaction. FailedPrecondition: a
// newer one, or (`may_migrate` false) an older one.
absl::Status MigrateSchema(Db* db, bool may_migrate);

}  // namespace culprit
