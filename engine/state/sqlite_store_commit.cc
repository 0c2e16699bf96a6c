// The writing half of SqliteStore: what a commit stores.
#include <zlib.h>

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/base/status.h"
#include "engine/base/views.h"
#include "engine/state/checkpoint_pack.h"
#include "engine/state/sqlite_store_impl.h"

namespace culprit {
namespace {

constexpr size_t kMaxLetterBytes = size_t{1} << 20;
constexpr int64_t kLetterRowBytes = 64;              // of a letter beside its texts
constexpr int64_t kMaxWalBytes = int64_t{32} << 20;  // beyond: emptied by the commit itself

uint32_t Crc(uint32_t crc, std::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(crc, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

uint32_t CrcOfNumber(uint32_t crc, uint64_t number) {
  unsigned char bytes[8];
  for (int i = 0; i < 8; ++i) bytes[i] = static_cast<unsigned char>(number >> (8 * i));
  return static_cast<uint32_t>(crc32_z(crc, bytes, sizeof bytes));
}

absl::Status AddCounters(Db* db, std::string_view half, const Counters& counters, bool absolute) {
  Query add(db, absolute ? "INSERT INTO counters VALUES(?1,?2,?3) ON CONFLICT(half,reason) DO "
                           "UPDATE SET count=excluded.count"
                         : "INSERT INTO counters VALUES(?1,?2,?3) ON CONFLICT(half,reason) DO "
                           "UPDATE SET count=count+excluded.count");
  for (size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (counters.Get(reason) == 0) continue;
    CULPRIT_RETURN_IF_ERROR(add.Text(half)
                                .Text(ReasonName(reason))
                                .Bind(static_cast<int64_t>(counters.Get(reason)))
                                .Done());
  }
  return absl::OkStatus();
}

}  // namespace

uint32_t ChunkCrc(uint64_t seq, const LogChunk& chunk) {
  uint32_t crc = CrcOfNumber(0, seq);
  crc = CrcOfNumber(crc, chunk.partition);
  crc = CrcOfNumber(crc, chunk.generation);
  crc = CrcOfNumber(crc, chunk.signals);
  return Crc(crc, chunk.entries);
}

uint32_t CheckpointCrc(uint64_t log_seq, std::string_view bytes) {
  return Crc(CrcOfNumber(0, log_seq), bytes);
}

absl::Status AddSum(Db* db, std::string_view name, int64_t value) {
  return Query(db, "INSERT INTO sums VALUES(?1,?2) ON CONFLICT DO UPDATE SET value=value+?2")
      .Text(name)
      .Bind(value)
      .Done();
}

absl::Status SetSum(Db* db, std::string_view name, int64_t value) {
  return Query(db, "INSERT INTO sums VALUES(?1,?2) ON CONFLICT DO UPDATE SET value=?2")
      .Text(name)
      .Bind(value)
      .Done();
}

absl::StatusOr<int64_t> GetSum(Db* db, std::string_view name) {
  Query get(db, "SELECT value FROM sums WHERE name=?");
  get.Text(name);
  CULPRIT_ASSIGN_OR_RETURN(const bool any, get.Next());
  return any ? get.Number(0) : 0;
}

absl::Status SqliteStore::Transact(Db* db, Body body) {
  Transaction transaction(db);
  CULPRIT_RETURN_IF_ERROR(transaction.Begin());
  CULPRIT_RETURN_IF_ERROR(body(db));
  return transaction.Commit();
}

absl::Status SqliteStore::Write(StoreMode needed, Body body, absl::FunctionRef<void()> committed) {
  const std::lock_guard<std::mutex> lock(write_mutex_);
  if (writer_ == nullptr || (needed == StoreMode::kRun && options_.mode != StoreMode::kRun))
    return absl::FailedPreconditionError(
        absl::StrCat(options_.directory, ": the state is not open for this change"));
  const auto start = std::chrono::steady_clock::now();
  const absl::Status status = Transact(writer_.get(), body);
  if (status.ok()) committed();
  // Committed is committed: what goes wrong from here on is told by health() and tried again.
  absl::Status later;
  if (status.ok() && writer_->wal_pages() * page_bytes_ > kMaxWalBytes)
    later = writer_->EmptyWal().status();
  const int64_t took = std::chrono::duration_cast<std::chrono::microseconds>(
                           std::chrono::steady_clock::now() - start)
                           .count();
  {
    const std::lock_guard<std::mutex> health_lock(health_mutex_);
    health_.last_error = status.ok() ? later : status;
    upkeep_failed_ = false;
    health_.commit_us = took;
    health_.slowest_commit_us = std::max(health_.slowest_commit_us, took);
    ++(status.ok() ? health_.commits : health_.failed_commits);
  }
  Noted(later).IgnoreError();
  return Noted(status);
}

PartitionId SqliteStore::NewPartitionId() { return next_partition_++; }

absl::StatusOr<uint64_t> SqliteStore::Commit(const ScanCommit& commit) {
  uint64_t last_seq = 0;
  uint64_t total_bytes = 0;
  const absl::Status status = Write(
      StoreMode::kRun,
      [&](Db* db) -> absl::Status {
        last_seq = last_seq_;
        total_bytes = total_bytes_;
        int64_t signals = 0;
        PartitionId highest = 0;
        Query chunk_row(db, "INSERT INTO chunks VALUES(?,?,?,?,?,?,?,?)");
        for (const LogChunk& chunk : commit.chunks) {
          ++last_seq;
          total_bytes += chunk.entries.size();
          signals += chunk.signals;
          highest = std::max(highest, chunk.partition);
          CULPRIT_RETURN_IF_ERROR(chunk_row.Bind(static_cast<int64_t>(last_seq))
                                      .Bind(chunk.partition)
                                      .Bind(chunk.generation)
                                      .Bind(chunk.signals)
                                      .Bind(commit.now)
                                      .Bind(static_cast<int64_t>(total_bytes))
                                      .Bind(ChunkCrc(last_seq, chunk))
                                      .Blob(chunk.entries)
                                      .Done());
        }
        Query partition_row(
            db,
            "INSERT INTO partitions VALUES(?,?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET "
            "ended_seq=excluded.ended_seq, resume=excluded.resume, scan_state=excluded.scan_state");
        for (const StoredPartition& p : commit.partitions) {
          highest = std::max(highest, p.id);
          partition_row.Bind(p.id);
          p.ended ? partition_row.Bind(static_cast<int64_t>(last_seq)) : partition_row.Null();
          CULPRIT_RETURN_IF_ERROR(partition_row.Text(p.stream.source)
                                      .Text(p.stream.key)
                                      .Text(p.stream.display)
                                      .Text(p.stream.path)
                                      .Blob(p.resume)
                                      .Blob(p.scan_state)
                                      .Done());
        }
        CULPRIT_RETURN_IF_ERROR(AddReceipts(db, commit));
        CULPRIT_RETURN_IF_ERROR(AddLetters(db, commit.dead_letters, commit.now));
        Query total(db,
                    "INSERT INTO signature_totals VALUES(?1,?2) ON CONFLICT DO UPDATE SET "
                    "hits=hits+?2");
        for (const auto& [signature, hits] : commit.signature_totals)
          CULPRIT_RETURN_IF_ERROR(total.Text(signature).Bind(static_cast<int64_t>(hits)).Done());
        CULPRIT_RETURN_IF_ERROR(AddCounters(db, "scan", commit.counters, false));
        CULPRIT_RETURN_IF_ERROR(SetSum(db, "last_seq", static_cast<int64_t>(last_seq)));
        CULPRIT_RETURN_IF_ERROR(SetSum(db, "total_bytes", static_cast<int64_t>(total_bytes)));
        if (signals > 0) CULPRIT_RETURN_IF_ERROR(AddSum(db, "signals", signals));
        return Query(db,
                     "INSERT INTO sums VALUES('last_partition',?1) ON CONFLICT DO UPDATE SET "
                     "value=max(value,?1)")
            .Bind(highest)
            .Done();
      },
      [&] {
        last_seq_ = last_seq;
        total_bytes_ = total_bytes;
      });
  if (!status.ok()) return status;
  return last_seq;
}

absl::Status SqliteStore::AddReceipts(Db* db, const ScanCommit& commit) {
  if (commit.receipts.empty()) return absl::OkStatus();
  Query row(db, "INSERT OR IGNORE INTO receipts(time,source,receipt) VALUES(?,?,?)");
  for (const auto& [source, receipt] : commit.receipts)
    CULPRIT_RETURN_IF_ERROR(row.Bind(commit.now).Text(source).Text(receipt).Done());
  // Numbers ascend without gaps, and the oldest go first: the newest number says how many there
  // are.
  CULPRIT_RETURN_IF_ERROR(
      Query(db, "DELETE FROM receipts WHERE n <= (SELECT max(n) FROM receipts) - ?")
          .Bind(static_cast<int64_t>(options_.receipts))
          .Done());
  return db->changes() == 0 ? absl::OkStatus() : AddSum(db, "receipts_evicted", db->changes());
}

absl::Status SqliteStore::AddLetters(Db* db, const std::vector<DeadLetter>& letters, TimeUs now) {
  if (letters.empty()) return absl::OkStatus();
  Query row(db,
            "INSERT INTO dead_letters(time,size,source,stream,position,reason,detail,bytes) "
            "VALUES(?,?,?,?,?,?,?,?)");
  int64_t added = 0;
  for (const DeadLetter& letter : letters) {
    const std::string_view bytes = std::string_view(letter.bytes).substr(0, kMaxLetterBytes);
    const int64_t size =
        kLetterRowBytes +
        static_cast<int64_t>(letter.source.size() + letter.stream.size() + letter.position.size() +
                             letter.reason.size() + letter.detail.size() + bytes.size());
    CULPRIT_RETURN_IF_ERROR(row.Bind(now)
                                .Bind(size)
                                .Text(letter.source)
                                .Text(letter.stream)
                                .Text(letter.position)
                                .Text(letter.reason)
                                .Text(letter.detail)
                                .Blob(bytes)
                                .Done());
    added += size;
  }
  CULPRIT_RETURN_IF_ERROR(AddSum(db, "dead_letters", static_cast<int64_t>(letters.size())));
  CULPRIT_RETURN_IF_ERROR(AddSum(db, "dead_letter_bytes", added));
  CULPRIT_ASSIGN_OR_RETURN(int64_t bytes, GetSum(db, "dead_letter_bytes"));
  int64_t evicted = 0;
  int64_t evicted_bytes = 0;
  while (bytes - evicted_bytes > static_cast<int64_t>(options_.dead_letter_bytes)) {
    int64_t id = 0;
    {
      Query oldest(db, "SELECT id,size FROM dead_letters ORDER BY id LIMIT 1");
      CULPRIT_ASSIGN_OR_RETURN(const bool any, oldest.Next());
      if (!any) break;
      id = oldest.Number(0);
      evicted_bytes += oldest.Number(1);
    }
    CULPRIT_RETURN_IF_ERROR(Query(db, "DELETE FROM dead_letters WHERE id=?").Bind(id).Done());
    ++evicted;
  }
  if (evicted == 0) return absl::OkStatus();
  CULPRIT_RETURN_IF_ERROR(AddSum(db, "dead_letter_bytes", -evicted_bytes));
  return AddSum(db, "dead_letters_evicted", evicted);
}

absl::StatusOr<uint32_t> SqliteStore::AddGeneration(const std::string& fingerprint,
                                                    const std::vector<std::string>& signatures) {
  Generation added{0, fingerprint, signatures};
  const absl::Status status = Write(
      StoreMode::kRun,
      [&](Db* db) -> absl::Status {
        if (newest_generation_.has_value()) {
          added.id = newest_generation_->id;
          if (newest_generation_->fingerprint == fingerprint &&
              newest_generation_->signatures == signatures)
            return absl::OkStatus();
        }
        ++added.id;
        return Query(db, "INSERT INTO generations VALUES(?,?,?)")
            .Bind(added.id)
            .Text(fingerprint)
            .Text(absl::StrJoin(signatures, "\n"))
            .Done();
      },
      [&] { newest_generation_ = added; });
  if (!status.ok()) return status;
  return added.id;
}

absl::Status SqliteStore::CondemnChunk(uint64_t seq, std::string_view why) {
  // With a checksum that no chunk has.
  CULPRIT_RETURN_IF_ERROR(Write(StoreMode::kRun, [&](Db* db) {
    return Query(db, "UPDATE chunks SET crc=-1 WHERE seq=?").Bind(static_cast<int64_t>(seq)).Done();
  }));
  return files_.NoteDamage(absl::StrCat("chunk ", seq, " of the log: ", ToAbsl(why)));
}

absl::Status SqliteStore::Commit(const ReasonCommit& commit) {
  const std::string checkpoint =
      commit.checkpoint.has_value() ? PackCheckpoint(*commit.checkpoint) : std::string();
  return Write(StoreMode::kRun, [&](Db* db) -> absl::Status {
    if (commit.log_seq > last_seq_)
      return absl::InvalidArgumentError(
          absl::StrCat("reasoned up to ", commit.log_seq, ", but the log ends at ", last_seq_));
    const auto log_seq = static_cast<int64_t>(commit.log_seq);
    // After a crash the way from the checkpoint is gone once more: what lies further stays.
    CULPRIT_ASSIGN_OR_RETURN(const int64_t progress, GetSum(db, "progress"));
    if (log_seq >= progress) {
      CULPRIT_RETURN_IF_ERROR(SetSum(db, "progress", log_seq));
      CULPRIT_RETURN_IF_ERROR(AddCounters(db, "reason", commit.counters, true));
    }
    Query incident(db,
                   "INSERT INTO incidents VALUES(?,?,?,?,?,?,?) ON CONFLICT(id) DO UPDATE SET "
                   "log_seq=excluded.log_seq, revision=excluded.revision, state=excluded.state, "
                   "onset=excluded.onset, updated=excluded.updated, json=excluded.json WHERE "
                   "excluded.revision>=revision");
    for (const IncidentRow& row : commit.incidents)
      CULPRIT_RETURN_IF_ERROR(incident.Text(row.id)
                                  .Bind(log_seq)
                                  .Bind(static_cast<int64_t>(row.revision))
                                  .Text(row.state)
                                  .Bind(row.onset)
                                  .Bind(row.updated)
                                  .Text(row.json)
                                  .Done());
    Query outbox(db,
                 "INSERT OR IGNORE INTO outbox(log_seq,state,incident,event,revision,time,json) "
                 "VALUES(?,0,?,?,?,?,?)");
    for (const OutboxRow& row : commit.outbox)
      CULPRIT_RETURN_IF_ERROR(outbox.Bind(log_seq)
                                  .Text(row.incident)
                                  .Text(row.event)
                                  .Bind(static_cast<int64_t>(row.revision))
                                  .Bind(row.time)
                                  .Text(row.json)
                                  .Done());
    CULPRIT_RETURN_IF_ERROR(AddDeliveries(db, commit));
    if (!commit.checkpoint.has_value()) return absl::OkStatus();
    CULPRIT_RETURN_IF_ERROR(Query(db, "INSERT OR REPLACE INTO checkpoints VALUES(?,?,?)")
                                .Bind(log_seq)
                                .Bind(CheckpointCrc(commit.log_seq, checkpoint))
                                .Blob(checkpoint)
                                .Done());
    return ThinCheckpoints(db);
  });
}

absl::Status SqliteStore::MarkOutbox(const std::vector<int64_t>& ids, DeliveryState state) {
  return Write(StoreMode::kEdit, [&](Db* db) -> absl::Status {
    Query mark(db, "UPDATE outbox SET state=? WHERE id=?");
    for (const int64_t id : ids)
      CULPRIT_RETURN_IF_ERROR(mark.Bind(static_cast<int64_t>(state)).Bind(id).Done());
    return absl::OkStatus();
  });
}

absl::StatusOr<int64_t> SqliteStore::MarkReplayed(const std::vector<int64_t>& ids, TimeUs now) {
  int64_t marked = 0;
  const absl::Status status = Write(StoreMode::kEdit, [&](Db* db) -> absl::Status {
    Query mark(db, "UPDATE dead_letters SET replayed=? WHERE id=?");
    for (const int64_t id : ids) {
      CULPRIT_RETURN_IF_ERROR(mark.Bind(now).Bind(id).Done());
      marked += db->changes();
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return marked;
}

absl::StatusOr<int64_t> SqliteStore::DropDeadLetters(const std::vector<int64_t>& ids) {
  int64_t dropped = 0;
  const absl::Status status = Write(StoreMode::kEdit, [&](Db* db) -> absl::Status {
    for (const int64_t id : ids) {
      int64_t size = 0;
      {
        Query find(db, "SELECT size FROM dead_letters WHERE id=?");
        find.Bind(id);
        CULPRIT_ASSIGN_OR_RETURN(const bool any, find.Next());
        if (!any) continue;
        size = find.Number(0);
      }
      CULPRIT_RETURN_IF_ERROR(Query(db, "DELETE FROM dead_letters WHERE id=?").Bind(id).Done());
      CULPRIT_RETURN_IF_ERROR(AddSum(db, "dead_letter_bytes", -size));
      ++dropped;
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  return dropped;
}

}  // namespace culprit
