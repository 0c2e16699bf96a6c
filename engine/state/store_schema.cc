#include "engine/state/store_schema.h"

#include <iterator>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"

namespace culprit {
namespace {

// kMigrations[i] leads from schema i to i + 1. Never changed once released; new ones are added.
constexpr const char* kMigrations[] = {
    R"sql(
CREATE TABLE sums(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE partitions(
  id INTEGER PRIMARY KEY, ended_seq INTEGER, source TEXT NOT NULL, key TEXT NOT NULL,
  display TEXT NOT NULL, path TEXT NOT NULL, resume BLOB NOT NULL, scan_state BLOB NOT NULL);
CREATE TABLE chunks(
  seq INTEGER PRIMARY KEY, partition INTEGER NOT NULL, generation INTEGER NOT NULL,
  signals INTEGER NOT NULL, time INTEGER NOT NULL, total_bytes INTEGER NOT NULL,
  crc INTEGER NOT NULL, entries BLOB NOT NULL);
CREATE TABLE generations(id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, signatures TEXT NOT NULL);
CREATE TABLE checkpoints(log_seq INTEGER PRIMARY KEY, crc INTEGER NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE receipts(
  n INTEGER PRIMARY KEY, time INTEGER NOT NULL, source TEXT NOT NULL, receipt TEXT NOT NULL,
  UNIQUE(source, receipt));
CREATE TABLE dead_letters(
  id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, replayed INTEGER,
  size INTEGER NOT NULL, source TEXT NOT NULL, stream TEXT NOT NULL, position TEXT NOT NULL,
  reason TEXT NOT NULL, detail TEXT NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE signature_totals(signature TEXT PRIMARY KEY, hits INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE counters(
  half TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY(half, reason))
  WITHOUT ROWID;
CREATE TABLE incidents(
  id TEXT PRIMARY KEY, log_seq INTEGER NOT NULL, revision INTEGER NOT NULL, state TEXT NOT NULL,
  onset INTEGER NOT NULL, updated INTEGER NOT NULL, json TEXT NOT NULL);
CREATE INDEX incidents_by_onset ON incidents(onset, id);
CREATE INDEX incidents_by_update ON incidents(updated);
CREATE TABLE outbox(
  id INTEGER PRIMARY KEY AUTOINCREMENT, log_seq INTEGER NOT NULL, state INTEGER NOT NULL,
  incident TEXT NOT NULL, event TEXT NOT NULL, revision INTEGER NOT NULL, time INTEGER NOT NULL,
  json TEXT NOT NULL, UNIQUE(incident, event, revision));
CREATE INDEX outbox_by_state ON outbox(state, id);
)sql",
    R"sql(
CREATE TABLE deliveries(
  id INTEGER PRIMARY KEY AUTOINCREMENT, log_seq INTEGER NOT NULL, state INTEGER NOT NULL,
  notification TEXT NOT NULL UNIQUE, destination TEXT NOT NULL, incident TEXT NOT NULL,
  event TEXT NOT NULL, revision INTEGER NOT NULL, time INTEGER NOT NULL, json TEXT NOT NULL,
  attempts INTEGER NOT NULL, first_attempt INTEGER NOT NULL, not_before INTEGER NOT NULL,
  settled INTEGER, reason TEXT NOT NULL, error TEXT NOT NULL);
CREATE INDEX deliveries_by_destination ON deliveries(state, destination, incident, id);
CREATE TABLE delivery_receipts(
  destination TEXT NOT NULL, incident TEXT NOT NULL, receipt TEXT NOT NULL, sent INTEGER NOT NULL,
  over INTEGER NOT NULL, notification TEXT NOT NULL, json TEXT NOT NULL,
  PRIMARY KEY(destination, incident)) WITHOUT ROWID;
CREATE TABLE journal(
  incident TEXT NOT NULL, number INTEGER NOT NULL, log_seq INTEGER NOT NULL, time INTEGER NOT NULL,
  event TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, author TEXT NOT NULL,
  text TEXT NOT NULL, PRIMARY KEY(incident, number)) WITHOUT ROWID;
)sql"};

}  // namespace

int NewestSchema() { return static_cast<int>(std::size(kMigrations)); }

absl::Status MigrateSchema(Db* db, bool may_migrate) {
  CULPRIT_ASSIGN_OR_RETURN(const int64_t found, db->Number("PRAGMA user_version"));
  if (found > NewestSchema())
    return absl::FailedPreconditionError(absl::StrCat(
        "the state was written by a newer culprit (schema ", found, ", this one knows ",
        NewestSchema(), "): run that one, or give another state directory"));
  if (found == NewestSchema()) return absl::OkStatus();
  if (!may_migrate)
    return absl::FailedPreconditionError(
        absl::StrCat("the state has the older schema ", found, ": start `culprit run` on it once"));
  Transaction transaction(db);
  CULPRIT_RETURN_IF_ERROR(transaction.Begin());
  for (int i = static_cast<int>(found); i < NewestSchema(); ++i)
    CULPRIT_RETURN_IF_ERROR(db->Run(kMigrations[i]));
  CULPRIT_RETURN_IF_ERROR(db->Run(absl::StrCat("PRAGMA user_version=", NewestSchema())));
  return transaction.Commit();
}

}  // namespace culprit
