// The reading half of SqliteStore.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/status.h"
#include "engine/base/views.h"
#include "engine/state/checkpoint_pack.h"
#include "engine/state/sqlite_store_impl.h"

namespace culprit {
namespace {

constexpr int64_t kReaderCacheKib = 1024;
constexpr size_t kIdleReaders = 4;

StoredLetter LetterOf(const Query& row) {
  StoredLetter out;
  out.id = row.Number(0);
  out.time = row.Number(1);
  if (!row.IsNull(2)) out.replayed = row.Number(2);
  out.letter = {row.String(3), row.String(4), row.String(5),
                row.String(6), row.String(7), row.String(8)};
  return out;
}

IncidentRow IncidentOf(const Query& row) {
  return {row.String(0), static_cast<uint64_t>(row.Number(1)),
          row.String(2), row.Number(3),
          row.Number(4), row.String(5)};
}

absl::StatusOr<bool> NextCheckpoint(Query* rows, std::optional<Checkpoint>* out) {
  CULPRIT_ASSIGN_OR_RETURN(const bool any, rows->Next());
  if (!any) return false;
  out->reset();
  const auto log_seq = static_cast<uint64_t>(rows->Number(0));
  const std::string stored = rows->String(2);
  if (rows->Number(1) != CheckpointCrc(log_seq, stored)) return true;
  if (absl::StatusOr<std::string> bytes = UnpackCheckpoint(stored); bytes.ok())
    *out = Checkpoint{log_seq, *std::move(bytes)};
  return true;
}

}  // namespace

absl::StatusOr<std::unique_ptr<Db>> SqliteStore::BorrowReader() {
  {
    const std::lock_guard<std::mutex> lock(readers_mutex_);
    if (!readers_.empty()) {
      std::unique_ptr<Db> db = std::move(readers_.back());
      readers_.pop_back();
      return db;
    }
  }
  CULPRIT_ASSIGN_OR_RETURN(std::unique_ptr<Db> db, Db::Open(files_.database(), read_access_));
  CULPRIT_RETURN_IF_ERROR(
      db->Run(absl::StrCat("PRAGMA query_only=ON; PRAGMA cache_size=-", kReaderCacheKib)));
  return db;
}

absl::Status SqliteStore::Read(Body body) {
  absl::StatusOr<std::unique_ptr<Db>> db = BorrowReader();
  if (!db.ok()) return Noted(db.status());
  const absl::Status status = [&] {
    Transaction transaction(db->get());
    CULPRIT_RETURN_IF_ERROR(transaction.BeginRead());
    CULPRIT_RETURN_IF_ERROR(body(db->get()));
    return transaction.Commit();
  }();
  if (!status.ok()) return Noted(status);  // the connection is not used again
  const std::lock_guard<std::mutex> lock(readers_mutex_);
  if (readers_.size() < kIdleReaders) readers_.push_back(*std::move(db));
  return status;
}

absl::StatusOr<std::vector<StoredPartition>> SqliteStore::Partitions(bool with_ended) {
  std::vector<StoredPartition> out;
  const absl::Status status = Read([&](Db* db) -> absl::Status {
    out.clear();
    Query rows(db,
               "SELECT id,ended_seq,source,key,display,path,resume,scan_state FROM partitions "
               "WHERE ended_seq IS NULL OR ? ORDER BY id");
    rows.Bind(with_ended);
    for (;;) {
      CULPRIT_ASSIGN_OR_RETURN(const bool any, rows.Next());
      if (!any) return absl::OkStatus();
      out.push_back({static_cast<PartitionId>(rows.Number(0)),
                     {rows.String(2), rows.String(3), rows.String(4), rows.String(5)},
                     rows.String(6),
                     rows.String(7),
                     !rows.IsNull(1)});
    }
  });
  if (!status.ok()) return status;
  return out;
}

bool SqliteStore::HasReceipt(std::string_view source, std::string_view receipt) {
  // What the file cannot tell, the next commit cannot store either: it stops there.
  bool found = false;
  Read([&](Db* db) -> absl::Status {
    Query row(db, "SELECT 1 FROM receipts WHERE source=? AND receipt=?");
    row.Text(source).Text(receipt);
    CULPRIT_ASSIGN_OR_RETURN(found, row.Next());
    return absl::OkStatus();
  }).IgnoreError();
  return found;
}

absl::StatusOr<std::vector<Generation>> SqliteStore::Generations() {
  std::vector<Generation> out;
  const absl::Status status = Read([&](Db* db) -> absl::Status {
    Query rows(db, "SELECT id,fingerprint,signatures FROM generations ORDER BY id");
    for (;;) {
      CULPRIT_ASSIGN_OR_RETURN(const bool any, rows.Next());
      if (!any) return absl::OkStatus();
      Generation generation{static_cast<uint32_t>(rows.Number(0)), rows.String(1), {}};
      const std::string_view ids = rows.Bytes(2);
      if (!ids.empty()) generation.signatures = absl::StrSplit(ToAbsl(ids), '\n');
      out.push_back(std::move(generation));
    }
  });
  if (!status.ok()) return status;
  return out;
}

absl::StatusOr<std::vector<StoredChunk>> SqliteStore::ReadChunks(uint64_t after_seq,
                                                                 size_t max_bytes) {
  std::vector<StoredChunk> out;
  const absl::Status status = Read([&](Db* db) -> absl::Status {
    uint64_t expected = after_seq + 1;
    size_t bytes = 0;
    Query rows(db,
               "SELECT seq,partition,generation,signals,crc,entries FROM chunks WHERE seq>? ORDER "
               "BY seq");
    rows.Bind(static_cast<int64_t>(after_seq));
    while (out.empty() || bytes < max_bytes) {
      CULPRIT_ASSIGN_OR_RETURN(const bool any, rows.Next());
      if (!any) break;
      const auto seq = static_cast<uint64_t>(rows.Number(0));
      if (seq != expected && out.empty()) {
        CULPRIT_ASSIGN_OR_RETURN(const int64_t first, db->Number("SELECT min(seq) FROM chunks"));
        if (static_cast<uint64_t>(first) == seq)
          return absl::OutOfRangeError(absl::StrCat("the log begins at ", seq, ", behind ",
                                                    after_seq, ": what was between was let go"));
      }
      StoredChunk stored{
          seq,
          {static_cast<PartitionId>(rows.Number(1)), static_cast<uint32_t>(rows.Number(2)),
           rows.String(5), static_cast<uint32_t>(rows.Number(3))}};
      if (seq != expected || rows.Number(4) != ChunkCrc(seq, stored.chunk))
        return absl::DataLossError(absl::StrCat(files_.database(), ": chunk ", expected,
                                                " of the log is damaged or missing"));
      bytes += stored.chunk.entries.size();
      out.push_back(std::move(stored));
      ++expected;
    }
    if (!out.empty()) return absl::OkStatus();
    CULPRIT_ASSIGN_OR_RETURN(const int64_t last, GetSum(db, "last_seq"));
    if (static_cast<int64_t>(after_seq) >= last) return absl::OkStatus();
    // All of the log is gone behind a checkpoint at its end, or it is damaged.
    CULPRIT_ASSIGN_OR_RETURN(const int64_t oldest,
                             db->Number("SELECT min(log_seq) FROM checkpoints"));
    if (oldest == last)
      return absl::OutOfRangeError(absl::StrCat("the log was let go up to ", last));
    return absl::DataLossError(
        absl::StrCat(files_.database(), ": chunk ", expected, " of the log is damaged or missing"));
  });
  if (!status.ok()) return status;
  return out;
}

absl::StatusOr<std::optional<Checkpoint>> SqliteStore::LoadCheckpoint() {
  std::optional<Checkpoint> out;
  uint64_t damaged = 0;
  const absl::Status status = Read([&](Db* db) -> absl::Status {
    Query rows(db, "SELECT log_seq,crc,bytes FROM checkpoints ORDER BY log_seq DESC");
    for (;;) {
      CULPRIT_ASSIGN_OR_RETURN(const bool any, NextCheckpoint(&rows, &out));
      if (!any) break;
      if (out.has_value()) return absl::OkStatus();
      ++damaged;
    }
    CULPRIT_ASSIGN_OR_RETURN(const int64_t last, GetSum(db, "last_seq"));
    CULPRIT_ASSIGN_OR_RETURN(const int64_t first, db->Number("SELECT min(seq) FROM chunks"));
    if (last == 0 || first == 1) return absl::OkStatus();
    return absl::DataLossError(absl::StrCat(files_.database(), ": the log begins at ", first,
                                            " and no undamaged checkpoint leads there"));
  });
  if (!status.ok()) return status;
  const std::lock_guard<std::mutex> lock(health_mutex_);
  health_.damaged_checkpoints = damaged;
  return out;
}

absl::StatusOr<std::optional<Checkpoint>> SqliteStore::OldestCheckpoint() {
  std::optional<Checkpoint> out;
  const absl::Status status = Read([&](Db* db) -> absl::Status {
    // A log that is whole starts with nothing.
    CULPRIT_ASSIGN_OR_RETURN(const int64_t first, db->Number("SELECT min(seq) FROM chunks"));
    if (first == 1) return absl::OkStatus();
    Query rows(db, "SELECT log_seq,crc,bytes FROM checkpoints ORDER BY log_seq");
    for (;;) {
      CULPRIT_ASSIGN_OR_RETURN(const bool any, NextCheckpoint(&rows, &out));
      if (!any || out.has_value()) return absl::OkStatus();
    }
  });
  if (!status.ok()) return status;
  return out;
}

absl::StatusOr<LogRange> SqliteStore::Log() {
  LogRange out;
  const absl::Status status = Read([&](Db* db) -> absl::Status {
    CULPRIT_ASSIGN_OR_RETURN(const int64_t last, GetSum(db, "last_seq"));
    CULPRIT_ASSIGN_OR_RETURN(const int64_t total, GetSum(db, "total_bytes"));
    CULPRIT_ASSIGN_OR_RETURN(const int64_t progress, GetSum(db, "progress"));
    out = {static_cast<uint64_t>(last) + 1, static_cast<uint64_t>(last), 0,
           static_cast<uint64_t>(progress)};
    Query first(db, "SELECT seq,total_bytes-length(entries) FROM chunks ORDER BY seq LIMIT 1");
    CULPRIT_ASSIGN_OR_RETURN(const bool any, first.Next());
    if (!any) return absl::OkStatus();
    out.first_seq = static_cast<uint64_t>(first.Number(0));
    out.bytes = static_cast<uint64_t>(total - first.Number(1));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return out;
}

absl::StatusOr<std::vector<IncidentRow>> SqliteStore::Incidents(const std::string& state,
                                                                size_t limit) {
  std::vector<IncidentRow> out;
  const absl::Status status = Read([&](Db* db) -> absl::Status {
    Query rows(db,
               "SELECT id,revision,state,onset,updated,json FROM incidents WHERE ?1='' OR state=?1 "
               "ORDER BY onset DESC, id DESC LIMIT ?2");
    rows.Text(state).Bind(static_cast<int64_t>(limit));
    for (;;) {
      CULPRIT_ASSIGN_OR_RETURN(const bool any, rows.Next());
      if (!any) return absl::OkStatus();
      out.push_back(IncidentOf(rows));
    }
  });
  if (!status.ok()) return status;
  return out;
}

absl::StatusOr<std::optional<IncidentRow>> SqliteStore::FindIncident(const std::string& id) {
  std::optional<IncidentRow> out;
  const absl::Status status = Read([&](Db* db) -> absl::Status {
    Query row(db, "SELECT id,revision,state,onset,updated,json FROM incidents WHERE id=?");
    row.Text(id);
    CULPRIT_ASSIGN_OR_RETURN(const bool any, row.Next());
    if (any) out = IncidentOf(row);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return out;
}

absl::StatusOr<std::vector<StoredOutboxRow>> SqliteStore::Outbox(DeliveryState state,
                                                                 int64_t after_id, size_t limit) {
  std::vector<StoredOutboxRow> out;
  const absl::Status status = Read([&](Db* db) -> absl::Status {
    Query rows(db,
               "SELECT id,incident,event,revision,time,json FROM outbox WHERE state=? AND id>? "
               "ORDER BY id LIMIT ?");
    rows.Bind(static_cast<int64_t>(state)).Bind(after_id).Bind(static_cast<int64_t>(limit));
    for (;;) {
      CULPRIT_ASSIGN_OR_RETURN(const bool any, rows.Next());
      if (!any) return absl::OkStatus();
      out.push_back({rows.Number(0),
                     state,
                     {rows.String(1), rows.String(2), static_cast<uint64_t>(rows.Number(3)),
                      rows.Number(4), rows.String(5)}});
    }
  });
  if (!status.ok()) return status;
  return out;
}

absl::StatusOr<std::vector<StoredLetter>> SqliteStore::DeadLetters(const LetterQuery& query) {
  std::vector<StoredLetter> out;
  const absl::Status status = Read([&](Db* db) -> absl::Status {
    Query rows(db,
               "SELECT id,time,replayed,source,stream,position,reason,detail,bytes FROM "
               "dead_letters WHERE id>?1 AND (?2='' OR source=?2) AND (?3='' OR reason=?3) AND "
               "(?4 OR replayed IS NULL) ORDER BY id LIMIT ?5");
    rows.Bind(query.after_id)
        .Text(query.source)
        .Text(query.reason)
        .Bind(query.replayed)
        .Bind(static_cast<int64_t>(query.limit));
    for (;;) {
      CULPRIT_ASSIGN_OR_RETURN(const bool any, rows.Next());
      if (!any) return absl::OkStatus();
      out.push_back(LetterOf(rows));
    }
  });
  if (!status.ok()) return status;
  return out;
}

absl::StatusOr<std::optional<StoredLetter>> SqliteStore::FindDeadLetter(int64_t id) {
  std::optional<StoredLetter> out;
  const absl::Status status = Read([&](Db* db) -> absl::Status {
    Query row(db,
              "SELECT id,time,replayed,source,stream,position,reason,detail,bytes FROM "
              "dead_letters WHERE id=?");
    row.Bind(id);
    CULPRIT_ASSIGN_OR_RETURN(const bool any, row.Next());
    if (any) out = LetterOf(row);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return out;
}

absl::StatusOr<StoreTotals> SqliteStore::Totals() {
  StoreTotals out;
  const absl::Status status = Read([&](Db* db) -> absl::Status {
    Query hits(db, "SELECT signature,hits FROM signature_totals");
    for (;;) {
      CULPRIT_ASSIGN_OR_RETURN(const bool any, hits.Next());
      if (!any) break;
      out.signatures[hits.String(0)] = static_cast<uint64_t>(hits.Number(1));
    }
    Query counts(db, "SELECT half,reason,count FROM counters");
    for (;;) {
      CULPRIT_ASSIGN_OR_RETURN(const bool any, counts.Next());
      if (!any) break;
      Counters& half = counts.Bytes(0) == "scan" ? out.scan : out.reason;
      for (size_t i = 0; i < kReasonCount; ++i)
        if (ReasonName(static_cast<Reason>(i)) == counts.Bytes(1))
          half.Count(static_cast<Reason>(i), static_cast<uint64_t>(counts.Number(2)));
    }
    const std::pair<std::string_view, uint64_t*> sums[] = {
        {"signals", &out.signals},
        {"dead_letters", &out.dead_letters},
        {"dead_letters_evicted", &out.dead_letters_evicted},
        {"receipts_evicted", &out.receipts_evicted},
        {"outbox_evicted", &out.outbox_evicted},
        {"incidents_evicted", &out.incidents_evicted}};
    for (const auto& [name, value] : sums) {
      CULPRIT_ASSIGN_OR_RETURN(const int64_t sum, GetSum(db, name));
      *value = static_cast<uint64_t>(sum);
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return out;
}

StoreHealth SqliteStore::health() const {
  StoreHealth out;
  {
    const std::lock_guard<std::mutex> lock(health_mutex_);
    out = health_;
  }
  out.disk_bytes = files_.DiskBytes();
  return out;
}

}  // namespace culprit
