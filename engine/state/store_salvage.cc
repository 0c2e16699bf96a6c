#include "engine/state/store_salvage.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/views.h"
#include "engine/state/sqlite_store_impl.h"
#include "engine/state/store_schema.h"

namespace culprit {
namespace {

struct Table {
  std::string_view name;
  std::string_view label;  // for people
  // With a rowid as first result, by which to go on behind damage. Empty: read forward only.
  std::string_view forward;
  std::string_view backward;
  std::string_view insert;
  int since = 1;  // schema that brought it
};

#define CULPRIT_BY_ROWID(name)                                 \
  "SELECT rowid,* FROM " name " WHERE rowid>? ORDER BY rowid", \
      "SELECT rowid,* FROM " name " WHERE rowid>? ORDER BY rowid DESC"

constexpr Table kTables[] = {
    {"sums", "sums", "SELECT 0,* FROM sums", "", "INSERT INTO sums VALUES(?,?)"},
    {"partitions", "positions", CULPRIT_BY_ROWID("partitions"),
     "INSERT OR IGNORE INTO partitions VALUES(?,?,?,?,?,?,?,?)"},
    {"receipts", "receipts", CULPRIT_BY_ROWID("receipts"),
     "INSERT OR IGNORE INTO receipts VALUES(?,?,?,?)"},
    {"dead_letters", "dead letters", CULPRIT_BY_ROWID("dead_letters"),
     "INSERT OR IGNORE INTO dead_letters VALUES(?,?,?,?,?,?,?,?,?,?)"},
    {"signature_totals", "signature totals", "SELECT 0,* FROM signature_totals", "",
     "INSERT OR IGNORE INTO signature_totals VALUES(?,?)"},
    {"counters", "counters", "SELECT 0,* FROM counters", "",
     "INSERT OR IGNORE INTO counters VALUES(?,?,?)"},
    {"incidents", "incidents", CULPRIT_BY_ROWID("incidents"),
     "INSERT OR IGNORE INTO incidents VALUES(?,?,?,?,?,?,?)"},
    {"outbox", "outbox rows", CULPRIT_BY_ROWID("outbox"),
     "INSERT OR IGNORE INTO outbox VALUES(?,?,?,?,?,?,?,?)"},
    {"deliveries", "notifications", CULPRIT_BY_ROWID("deliveries"),
     "INSERT OR IGNORE INTO deliveries VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)", 2},
    {"delivery_receipts", "receipts of notifications", "SELECT 0,* FROM delivery_receipts", "",
     "INSERT OR IGNORE INTO delivery_receipts VALUES(?,?,?,?,?,?,?)", 2},
    {"journal", "journal entries", "SELECT 0,* FROM journal", "",
     "INSERT OR IGNORE INTO journal VALUES(?,?,?,?,?,?,?,?,?)", 2},
    {"generations", "signature tables", CULPRIT_BY_ROWID("generations"),
     "INSERT OR IGNORE INTO generations VALUES(?,?,?)"},
    {"checkpoints", "checkpoints", CULPRIT_BY_ROWID("checkpoints"),
     "INSERT OR IGNORE INTO checkpoints VALUES(?,?,?)"},
    {"chunks", "log chunks", CULPRIT_BY_ROWID("chunks"),
     "INSERT OR IGNORE INTO chunks VALUES(?,?,?,?,?,?,?,?)"},
};
#undef CULPRIT_BY_ROWID

// Checkpoints and chunks have checksums of their own.
bool Fits(const Table& table, const Query& row) {
  const auto number = [&](int column) { return static_cast<uint64_t>(row.Number(column + 1)); };
  if (table.name == "checkpoints") return number(1) == CheckpointCrc(number(0), row.Bytes(3));
  if (table.name != "chunks") return true;
  const LogChunk chunk{static_cast<PartitionId>(number(1)), static_cast<uint32_t>(number(2)),
                       row.String(8), static_cast<uint32_t>(number(3))};
  return number(6) == ChunkCrc(number(0), chunk);
}

struct Copied {
  int64_t rows = 0;
  bool whole = true;
};

// One pass; *last is the row it came to. False: it ended in damage.
absl::StatusOr<bool> Pass(Db* from, Db* to, const Table& table, std::string_view sql, int64_t above,
                          int64_t* last, Copied* copied) {
  Query rows(from, sql);
  if (!table.backward.empty()) rows.Bind(above);
  Query insert(to, table.insert);
  for (;;) {
    const absl::StatusOr<bool> any = rows.Next();
    if (!any.ok()) return false;
    if (!*any) return true;
    *last = rows.Number(0);
    if (!Fits(table, rows)) {
      copied->whole = false;
      continue;
    }
    for (int i = 1; i < rows.columns(); ++i) insert.Copy(rows, i);
    const absl::Status status = insert.Done();
    // A row that does not fit its table is damage; a full disk is not.
    if (status.code() == absl::StatusCode::kInternal)
      copied->whole = false;
    else
      CULPRIT_RETURN_IF_ERROR(status);
    copied->rows += status.ok() ? to->changes() : 0;
  }
}

absl::StatusOr<Copied> CopyTable(Db* from, Db* to, const Table& table) {
  Copied copied;
  int64_t last = std::numeric_limits<int64_t>::min();
  CULPRIT_ASSIGN_OR_RETURN(bool whole, Pass(from, to, table, table.forward, last, &last, &copied));
  if (!whole) {
    copied.whole = false;
    if (!table.backward.empty()) {
      int64_t ignored = 0;
      CULPRIT_ASSIGN_OR_RETURN(whole,
                               Pass(from, to, table, table.backward, last, &ignored, &copied));
    }
  }
  return copied;
}

// Makes the copied log one that can be gone on with. Returns what became of it.
absl::StatusOr<std::string> MendLog(Db* to) {
  CULPRIT_ASSIGN_OR_RETURN(const int64_t noted, GetSum(to, "last_seq"));
  CULPRIT_ASSIGN_OR_RETURN(const int64_t chunk, to->Number("SELECT max(seq) FROM chunks"));
  CULPRIT_ASSIGN_OR_RETURN(const int64_t newest,
                           to->Number("SELECT max(log_seq) FROM checkpoints"));
  const int64_t last = std::max({noted, chunk, newest});
  // The longest end of the log without a gap.
  int64_t begin = last + 1;
  {
    Query seqs(to, "SELECT seq FROM chunks ORDER BY seq DESC");
    for (;;) {
      CULPRIT_ASSIGN_OR_RETURN(const bool any, seqs.Next());
      if (!any || seqs.Number(0) != begin - 1) break;
      --begin;
    }
  }
  CULPRIT_RETURN_IF_ERROR(
      Query(to, "DELETE FROM checkpoints WHERE log_seq<?").Bind(begin - 1).Done());
  CULPRIT_ASSIGN_OR_RETURN(const int64_t kept, to->Number("SELECT count(*) FROM checkpoints"));
  const bool whole = begin == 1 || kept > 0;
  CULPRIT_RETURN_IF_ERROR(
      Query(to, "DELETE FROM chunks WHERE seq<?").Bind(whole ? begin : last + 1).Done());
  CULPRIT_RETURN_IF_ERROR(SetSum(to, "last_seq", last));
  CULPRIT_ASSIGN_OR_RETURN(const int64_t bytes, to->Number("SELECT max(total_bytes) FROM chunks"));
  CULPRIT_ASSIGN_OR_RETURN(const int64_t noted_bytes, GetSum(to, "total_bytes"));
  CULPRIT_RETURN_IF_ERROR(SetSum(to, "total_bytes", std::max(bytes, noted_bytes)));
  CULPRIT_ASSIGN_OR_RETURN(
      const int64_t partition,
      to->Number("SELECT max(p) FROM (SELECT max(id) AS p FROM partitions UNION "
                 "SELECT max(partition) FROM chunks UNION SELECT value FROM "
                 "sums WHERE name='last_partition')"));
  CULPRIT_RETURN_IF_ERROR(SetSum(to, "last_partition", partition));
  CULPRIT_ASSIGN_OR_RETURN(const int64_t letters,
                           to->Number("SELECT total(size) FROM dead_letters"));
  CULPRIT_RETURN_IF_ERROR(SetSum(to, "dead_letter_bytes", letters));
  if (whole) return "the log and its checkpoint are whole: no incident is lost";
  CULPRIT_RETURN_IF_ERROR(SetSum(to, "progress", last));
  CULPRIT_RETURN_IF_ERROR(Query(to, "INSERT INTO checkpoints VALUES(?,?,?)")
                              .Bind(last)
                              .Bind(CheckpointCrc(static_cast<uint64_t>(last), ""))
                              .Blob("")
                              .Done());
  return "the log or its checkpoint is lost: incidents that were open are forgotten, signals that "
         "were not reasoned about yet are lost";
}

}  // namespace

absl::StatusOr<std::string> Salvage(const std::string& from, Db* to) {
  absl::StatusOr<std::unique_ptr<Db>> damaged = Db::Open(from, DbAccess::kRead);
  const absl::StatusOr<int64_t> schema =
      damaged.ok() ? (*damaged)->Number("PRAGMA user_version") : damaged.status();
  if (!schema.ok() || *schema < 1 || *schema > NewestSchema())
    return std::string("nothing of it could be read: every source begins anew");
  std::string saved;
  std::string lost;
  Transaction transaction(to);
  CULPRIT_RETURN_IF_ERROR(transaction.Begin());
  for (const Table& table : kTables) {
    if (table.since > *schema) continue;
    CULPRIT_ASSIGN_OR_RETURN(const Copied copied, CopyTable(damaged->get(), to, table));
    if (copied.rows > 0)
      absl::StrAppend(&saved, saved.empty() ? "" : ", ", copied.rows, " ", ToAbsl(table.label));
    if (!copied.whole) absl::StrAppend(&lost, lost.empty() ? "" : ", ", ToAbsl(table.label));
  }
  CULPRIT_ASSIGN_OR_RETURN(const std::string log, MendLog(to));
  CULPRIT_RETURN_IF_ERROR(transaction.Commit());
  return absl::StrCat("saved: ", saved.empty() ? "nothing" : saved,
                      "; not all could be read of: ", lost.empty() ? "none" : lost, "; ", log);
}

}  // namespace culprit
