// What keeps a SqliteStore within its bounds: checkpoints thinned, the log's head cut, old rows
// dropped, freed pages given back.
#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/state/sqlite_store_impl.h"

namespace culprit {
namespace {

// Checkpoints along the kept log lie this part of its bounds apart, so that a cut lets go no more
// than that at once.
constexpr int64_t kSpacing = 8;
constexpr int64_t kCutBytes = int64_t{16} << 20;  // of log in one transaction
constexpr int kCutsPerCall = 16;
constexpr int64_t kRowsPerCall = 10'000;
constexpr int64_t kWalBytes = int64_t{4} << 20;      // a longer write-ahead log is emptied
constexpr int64_t kShrinkBytes = int64_t{16} << 20;  // of free pages in one call

// A checkpoint's place in the log: bytes and wall-clock time up to it.
struct Place {
  int64_t seq = 0;
  int64_t bytes = 0;
  TimeUs time = kNoTime;
};

// Up to before the first chunk of the log; seq 0: there is none.
absl::StatusOr<Place> LogHead(Db* db) {
  Query row(db, "SELECT seq,total_bytes-length(entries),time FROM chunks ORDER BY seq LIMIT 1");
  CULPRIT_ASSIGN_OR_RETURN(const bool any, row.Next());
  return any ? Place{row.Number(0), row.Number(1), row.Number(2)} : Place{};
}

absl::StatusOr<std::vector<Place>> Places(Db* db) {
  CULPRIT_ASSIGN_OR_RETURN(const Place head, LogHead(db));
  std::vector<Place> out;
  Query rows(db,
             "SELECT p.log_seq, c.total_bytes, c.time FROM checkpoints p LEFT JOIN chunks c ON "
             "c.seq=p.log_seq ORDER BY p.log_seq");
  for (;;) {
    CULPRIT_ASSIGN_OR_RETURN(const bool any, rows.Next());
    if (!any) return out;
    // Its own chunk is missing only where the log was cut: at the oldest.
    out.push_back(rows.IsNull(1) ? Place{rows.Number(0), head.bytes, head.time}
                                 : Place{rows.Number(0), rows.Number(1), rows.Number(2)});
  }
}

absl::Status DropCheckpoint(Db* db, int64_t seq) {
  return Query(db, "DELETE FROM checkpoints WHERE log_seq=?").Bind(seq).Done();
}

bool Older(TimeUs time, TimeUs now, DurationUs age) {
  return time != kNoTime && now != kNoTime && time < now - age;
}

}  // namespace

// Keeps the newest two (the second should the first be damaged) and, of the others, some along the
// log. The oldest stays when the log before it is gone.
absl::Status SqliteStore::ThinCheckpoints(Db* db) {
  CULPRIT_ASSIGN_OR_RETURN(const std::vector<Place> places, Places(db));
  if (places.size() < 3) return absl::OkStatus();
  const size_t i = places.size() - 3;  // was among the newest two until now
  Place before;
  if (i > 0) {
    before = places[i - 1];
  } else {
    CULPRIT_ASSIGN_OR_RETURN(before, LogHead(db));
    if (before.seq != 1) return absl::OkStatus();
  }
  const bool far =
      places[i].bytes - before.bytes >= static_cast<int64_t>(options_.log_bytes) / kSpacing ||
      Older(before.time, places[i].time, options_.log_age / kSpacing);
  return far ? absl::OkStatus() : DropCheckpoint(db, places[i].seq);
}

absl::Status SqliteStore::CutLog(Db* db, TimeUs now, bool* more) {
  *more = false;
  CULPRIT_ASSIGN_OR_RETURN(std::vector<Place> places, Places(db));
  CULPRIT_ASSIGN_OR_RETURN(const Place head, LogHead(db));
  if (head.seq == 0) return absl::OkStatus();
  const int64_t first = head.seq;
  int64_t bytes_before = head.bytes;
  TimeUs first_time = head.time;
  // The cut is a checkpoint, of the newest two at most the older. It moves on while what is kept
  // behind it exceeds a bound.
  int64_t cut = places.empty() ? 0 : places.front().seq;
  if (cut >= first && first == 1) cut = 0;  // the log is whole: no cut was made so far
  const auto exceeds = [&] {
    if (static_cast<int64_t>(total_bytes_) - bytes_before >
        static_cast<int64_t>(options_.log_bytes))
      return true;
    return Older(first_time, now, options_.log_age);
  };
  for (size_t i = 0; i + 1 < places.size() && exceeds(); ++i) {
    if (places[i].seq < first) continue;
    cut = places[i].seq;
    bytes_before = places[i].bytes;
    Query next(db, "SELECT time FROM chunks WHERE seq>? ORDER BY seq LIMIT 1");
    next.Bind(cut);
    CULPRIT_ASSIGN_OR_RETURN(const bool any, next.Next());
    first_time = any ? next.Number(0) : kNoTime;
  }
  for (const Place& place : places)
    if (place.seq < cut) CULPRIT_RETURN_IF_ERROR(DropCheckpoint(db, place.seq));
  if (cut < first) return absl::OkStatus();
  // The chunks before the cut go in steps; until the last has gone they are just not needed.
  int64_t upto = first;
  {
    Query rows(db, "SELECT seq,length(entries) FROM chunks WHERE seq<=? ORDER BY seq");
    rows.Bind(cut);
    for (int64_t bytes = 0; bytes < kCutBytes;) {
      CULPRIT_ASSIGN_OR_RETURN(const bool any, rows.Next());
      if (!any) break;
      upto = rows.Number(0);
      bytes += rows.Number(1);
    }
  }
  CULPRIT_RETURN_IF_ERROR(Query(db, "DELETE FROM chunks WHERE seq<=?").Bind(upto).Done());
  *more = upto < cut;
  // Streams that ended before the cut, and tables that no chunk needs any more.
  CULPRIT_RETURN_IF_ERROR(Query(db, "DELETE FROM partitions WHERE ended_seq<=?").Bind(upto).Done());
  CULPRIT_ASSIGN_OR_RETURN(const int64_t tables, db->Number("SELECT count(*) FROM generations"));
  if (tables < 2) return absl::OkStatus();
  return db->Run(
      "DELETE FROM generations WHERE id < (SELECT min(generation) FROM chunks) AND id < (SELECT "
      "max(id) FROM generations)");
}

absl::Status SqliteStore::DropOld(Db* db, TimeUs now) {
  if (now == kNoTime) return absl::OkStatus();
  CULPRIT_RETURN_IF_ERROR(
      Query(
          db,
          "DELETE FROM receipts WHERE n IN (SELECT n FROM receipts ORDER BY n LIMIT ?) AND time<?")
          .Bind(kRowsPerCall)
          .Bind(now - options_.receipt_age)
          .Done());
  if (db->changes() > 0) CULPRIT_RETURN_IF_ERROR(AddSum(db, "receipts_evicted", db->changes()));
  Query sum(
      db,
      "SELECT count(*), total(size) FROM (SELECT size,time FROM dead_letters ORDER BY id LIMIT "
      "?) WHERE time<?");
  const int64_t oldest = now - options_.dead_letter_age;
  sum.Bind(kRowsPerCall).Bind(oldest);
  CULPRIT_ASSIGN_OR_RETURN(const bool any, sum.Next());
  if (!any || sum.Number(0) == 0) return absl::OkStatus();
  CULPRIT_RETURN_IF_ERROR(AddSum(db, "dead_letters_evicted", sum.Number(0)));
  CULPRIT_RETURN_IF_ERROR(AddSum(db, "dead_letter_bytes", -sum.Number(1)));
  return Query(
             db,
             "DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters ORDER BY id LIMIT "
             "?) AND time<?")
      .Bind(kRowsPerCall)
      .Bind(oldest)
      .Done();
}

// Incidents and outbox rows that no way from a kept checkpoint would write again.
absl::Status SqliteStore::DropSettled(Db* db) {
  CULPRIT_ASSIGN_OR_RETURN(const Place head, LogHead(db));
  if (head.seq == 1) return absl::OkStatus();  // the log is whole: its way may begin at nothing
  CULPRIT_ASSIGN_OR_RETURN(const int64_t settled,
                           db->Number("SELECT min(log_seq) FROM checkpoints"));
  CULPRIT_ASSIGN_OR_RETURN(const int64_t incidents, db->Number("SELECT count(*) FROM incidents"));
  const int64_t surplus = incidents - static_cast<int64_t>(options_.incidents);
  if (surplus > 0) {
    CULPRIT_RETURN_IF_ERROR(
        Query(db,
              "DELETE FROM incidents WHERE id IN (SELECT id FROM incidents WHERE "
              "log_seq<=? ORDER BY updated,id LIMIT ?)")
            .Bind(settled)
            .Bind(std::min(surplus, kRowsPerCall))
            .Done());
    CULPRIT_RETURN_IF_ERROR(AddSum(db, "incidents_evicted", db->changes()));
    CULPRIT_RETURN_IF_ERROR(DropHistory(db, settled));
  }
  CULPRIT_RETURN_IF_ERROR(
      Query(db,
            "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE state>0 "
            "AND log_seq<=? ORDER BY state,id LIMIT ?)")
          .Bind(settled)
          .Bind(kRowsPerCall)
          .Done());
  CULPRIT_ASSIGN_OR_RETURN(const int64_t rows, db->Number("SELECT count(*) FROM outbox"));
  CULPRIT_RETURN_IF_ERROR(DropDeliveries(db, settled));
  const int64_t too_many = rows - static_cast<int64_t>(options_.outbox_rows);
  if (too_many <= 0) return absl::OkStatus();
  CULPRIT_RETURN_IF_ERROR(Query(db,
                                "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE "
                                "log_seq<=? ORDER BY id LIMIT ?)")
                              .Bind(settled)
                              .Bind(std::min(too_many, kRowsPerCall))
                              .Done());
  return AddSum(db, "outbox_evicted", db->changes());
}

// Gives free pages back to the disk, but only when they are a good part of the file: most are used
// again soon.
absl::Status SqliteStore::Shrink() {
  const std::lock_guard<std::mutex> lock(write_mutex_);
  CULPRIT_ASSIGN_OR_RETURN(const int64_t free, writer_->Number("PRAGMA freelist_count"));
  CULPRIT_ASSIGN_OR_RETURN(const int64_t pages, writer_->Number("PRAGMA page_count"));
  if (free * page_bytes_ > 2 * kShrinkBytes && free > pages / 3)
    CULPRIT_RETURN_IF_ERROR(
        writer_->Run(absl::StrCat("PRAGMA incremental_vacuum(", kShrinkBytes / page_bytes_, ")")));
  if (writer_->wal_pages() * page_bytes_ <= kWalBytes) return absl::OkStatus();
  return writer_->EmptyWal().status();
}

absl::Status SqliteStore::Maintain(TimeUs now) {
  if (options_.mode != StoreMode::kRun)
    return absl::FailedPreconditionError("only the running state is kept up");
  const auto step = [&](Body body) {
    const std::lock_guard<std::mutex> lock(write_mutex_);
    return Transact(writer_.get(), body);
  };
  const absl::Status status = [&] {
    bool more = true;
    for (int i = 0; i < kCutsPerCall && more; ++i)
      CULPRIT_RETURN_IF_ERROR(step([&](Db* db) { return CutLog(db, now, &more); }));
    CULPRIT_RETURN_IF_ERROR(step([&](Db* db) { return DropOld(db, now); }));
    CULPRIT_RETURN_IF_ERROR(step([&](Db* db) { return DropSettled(db); }));
    return Shrink();
  }();
  {
    const std::lock_guard<std::mutex> lock(health_mutex_);
    // What was in order here says nothing about a commit that failed.
    if (!status.ok() || upkeep_failed_) health_.last_error = status;
    upkeep_failed_ = !status.ok();
  }
  return Noted(status);
}

}  // namespace culprit
