// SqliteStore: notifications on their way to their destinations, and the journal.
#include <algorithm>

#include "engine/base/status.h"
#include "engine/state/sqlite_store_impl.h"

namespace culprit {
namespace {

constexpr int64_t kRowsPerCall = 2'000;

}  // namespace

absl::Status SqliteStore::AddDeliveries(Db* db, const ReasonCommit& commit) {
  const auto log_seq = static_cast<int64_t>(commit.log_seq);
  Query delivery(db,
                 "INSERT OR IGNORE INTO deliveries(log_seq,state,notification,destination,incident,"
                 "event,revision,time,json,attempts,first_attempt,not_before,reason,error) "
                 "VALUES(?,0,?,?,?,?,?,?,?,0,0,0,'','')");
  for (const DeliveryRow& row : commit.deliveries)
    CULPRIT_RETURN_IF_ERROR(delivery.Bind(log_seq)
                                .Text(row.notification)
                                .Text(row.destination)
                                .Text(row.incident)
                                .Text(row.event)
                                .Bind(static_cast<int64_t>(row.revision))
                                .Bind(row.time)
                                .Text(row.json)
                                .Done());
  Query journal(db, "INSERT OR IGNORE INTO journal VALUES(?,?,?,?,?,?,?,?,?)");
  for (const JournalRow& row : commit.journal)
    CULPRIT_RETURN_IF_ERROR(journal.Text(row.incident)
                                .Bind(static_cast<int64_t>(row.number))
                                .Bind(log_seq)
                                .Bind(row.time)
                                .Text(row.event)
                                .Text(row.before)
                                .Text(row.after)
                                .Text(row.author)
                                .Text(row.text)
                                .Done());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<StoredDelivery>> SqliteStore::PendingDeliveries(
    const std::string& destination, size_t limit) {
  std::vector<StoredDelivery> out;
  const absl::Status status = Read([&](Db* db) -> absl::Status {
    Query rows(
        db,
        "SELECT d.id,d.notification,d.incident,d.event,d.revision,d.time,d.json,d.attempts,"
        "d.first_attempt,d.not_before,h.n>1,r.receipt FROM (SELECT min(id) AS id,count(*) AS "
        "n FROM deliveries WHERE state=0 AND destination=?1 GROUP BY incident) h JOIN "
        "deliveries d ON d.id=h.id LEFT JOIN delivery_receipts r ON r.destination=?1 AND "
        "r.incident=d.incident ORDER BY d.id LIMIT ?2");
    rows.Text(destination).Bind(static_cast<int64_t>(limit));
    for (;;) {
      CULPRIT_ASSIGN_OR_RETURN(const bool any, rows.Next());
      if (!any) return absl::OkStatus();
      StoredDelivery& d = out.emplace_back();
      d.id = rows.Number(0);
      d.row = {.notification = rows.String(1),
               .destination = destination,
               .incident = rows.String(2),
               .event = rows.String(3),
               .revision = static_cast<uint64_t>(rows.Number(4)),
               .time = rows.Number(5),
               .json = rows.String(6)};
      d.attempts = static_cast<uint32_t>(rows.Number(7));
      d.first_attempt = rows.Number(8);
      d.not_before = rows.Number(9);
      d.superseded = rows.Number(10) != 0;
      d.receipt = rows.String(11);
    }
  });
  if (!status.ok()) return status;
  return out;
}

absl::Status SqliteStore::SettleDelivery(const DeliverySettlement& s) {
  return Write(StoreMode::kEdit, [&](Db* db) -> absl::Status {
    Query row(db,
              "UPDATE deliveries SET state=?,attempts=?,first_attempt=?,not_before=?,settled=?,"
              "reason=?,error=? WHERE id=?");
    row.Bind(static_cast<int64_t>(s.state)).Bind(s.attempts).Bind(s.first_attempt);
    row.Bind(s.not_before);
    if (s.state == DeliveryState::kPending)
      row.Null();
    else
      row.Bind(s.now);
    CULPRIT_RETURN_IF_ERROR(row.Text(s.reason).Text(s.error).Bind(s.id).Done());
    if (s.dead_letter.has_value()) CULPRIT_RETURN_IF_ERROR(AddLetters(db, {*s.dead_letter}, s.now));
    if (s.state != DeliveryState::kDelivered) return absl::OkStatus();
    return Query(db,
                 "INSERT OR REPLACE INTO delivery_receipts SELECT destination,incident,?,?,?,"
                 "notification,json FROM deliveries WHERE id=?")
        .Text(s.receipt)
        .Bind(s.now)
        .Bind(s.over ? 1 : 0)
        .Bind(s.id)
        .Done();
  });
}

absl::StatusOr<std::vector<StoredDelivery>> SqliteStore::SentDeliveries(
    const std::string& destination, TimeUs before, size_t limit) {
  std::vector<StoredDelivery> out;
  const absl::Status status = Read([&](Db* db) -> absl::Status {
    Query rows(db,
               "SELECT incident,receipt,notification,json FROM delivery_receipts WHERE "
               "destination=? AND over=0 AND sent<=? ORDER BY sent,incident LIMIT ?");
    rows.Text(destination).Bind(before).Bind(static_cast<int64_t>(limit));
    for (;;) {
      CULPRIT_ASSIGN_OR_RETURN(const bool any, rows.Next());
      if (!any) return absl::OkStatus();
      StoredDelivery& d = out.emplace_back();
      d.row.destination = destination;
      d.row.incident = rows.String(0);
      d.receipt = rows.String(1);
      d.row.notification = rows.String(2);
      d.row.json = rows.String(3);
    }
  });
  if (!status.ok()) return status;
  return out;
}

absl::Status SqliteStore::MarkSent(const std::string& destination, const std::string& incident,
                                   const std::string& receipt, TimeUs now) {
  return Write(StoreMode::kEdit, [&](Db* db) -> absl::Status {
    return Query(db,
                 "UPDATE delivery_receipts SET sent=?,receipt=? WHERE destination=? AND incident=?")
        .Bind(now)
        .Text(receipt)
        .Text(destination)
        .Text(incident)
        .Done();
  });
}

absl::StatusOr<std::map<std::string, DeliveryTotals>> SqliteStore::Deliveries() {
  std::map<std::string, DeliveryTotals> out;
  const absl::Status status = Read([&](Db* db) -> absl::Status {
    Query rows(db,
               "SELECT destination,sum(state=0),sum(state=2),min(CASE state WHEN 0 THEN time END) "
               "FROM deliveries WHERE state IN (0,2) GROUP BY destination");
    for (;;) {
      CULPRIT_ASSIGN_OR_RETURN(const bool any, rows.Next());
      if (!any) return absl::OkStatus();
      DeliveryTotals& t = out[rows.String(0)];
      t.pending = static_cast<uint64_t>(rows.Number(1));
      t.failed = static_cast<uint64_t>(rows.Number(2));
      if (!rows.IsNull(3)) t.oldest_pending = rows.Number(3);
    }
  });
  if (!status.ok()) return status;
  return out;
}

absl::StatusOr<std::vector<JournalRow>> SqliteStore::Journal(const std::string& incident) {
  std::vector<JournalRow> out;
  const absl::Status status = Read([&](Db* db) -> absl::Status {
    Query rows(db,
               "SELECT number,time,event,before,after,author,text FROM journal WHERE incident=? "
               "ORDER BY number");
    rows.Text(incident);
    for (;;) {
      CULPRIT_ASSIGN_OR_RETURN(const bool any, rows.Next());
      if (!any) return absl::OkStatus();
      out.push_back({.incident = incident,
                     .number = static_cast<uint64_t>(rows.Number(0)),
                     .time = rows.Number(1),
                     .event = rows.String(2),
                     .before = rows.String(3),
                     .after = rows.String(4),
                     .author = rows.String(5),
                     .text = rows.String(6)});
    }
  });
  if (!status.ok()) return status;
  return out;
}

// Journal and receipts of incidents that are gone.
absl::Status SqliteStore::DropHistory(Db* db, int64_t settled) {
  CULPRIT_RETURN_IF_ERROR(
      Query(db,
            "DELETE FROM journal WHERE log_seq<=? AND incident NOT IN (SELECT id FROM incidents)")
          .Bind(settled)
          .Done());
  // Receipts of incidents that nobody can speak of any more.
  CULPRIT_RETURN_IF_ERROR(Query(db,
                                "DELETE FROM delivery_receipts WHERE incident NOT IN (SELECT id "
                                "FROM incidents) AND incident NOT IN (SELECT incident FROM "
                                "deliveries WHERE state=0)")
                              .Done());
  return absl::OkStatus();
}

// What no way from a kept checkpoint would write again. A destination that is dead for good must
// not fill the disk: beyond the bound the oldest go, pending ones are counted.
absl::Status SqliteStore::DropDeliveries(Db* db, int64_t settled) {
  CULPRIT_RETURN_IF_ERROR(
      Query(db,
            "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries WHERE state IN (1,3) "
            "AND log_seq<=? ORDER BY id LIMIT ?)")
          .Bind(settled)
          .Bind(kRowsPerCall)
          .Done());
  CULPRIT_ASSIGN_OR_RETURN(const int64_t rows, db->Number("SELECT count(*) FROM deliveries"));
  const int64_t too_many = rows - static_cast<int64_t>(options_.outbox_rows);
  if (too_many <= 0) return absl::OkStatus();
  CULPRIT_ASSIGN_OR_RETURN(const int64_t before,
                           db->Number("SELECT count(*) FROM deliveries WHERE state=0"));
  CULPRIT_RETURN_IF_ERROR(Query(db,
                                "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries "
                                "WHERE log_seq<=? ORDER BY state=0,id LIMIT ?)")
                              .Bind(settled)
                              .Bind(std::min(too_many, kRowsPerCall))
                              .Done());
  CULPRIT_ASSIGN_OR_RETURN(const int64_t after,
                           db->Number("SELECT count(*) FROM deliveries WHERE state=0"));
  return AddSum(db, "outbox_evicted", before - after);
}

}  // namespace culprit
