// RAII over SQLite: one connection with its prepared statements. With sqlite_vfs.cc the only
// includer of sqlite3.h. A Db and its queries belong to one thread at a time.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct sqlite3;
struct sqlite3_stmt;

namespace culprit {

enum class DbAccess : uint8_t {
  kCreate,     // made if it is not there
  kWrite,      // NotFound if it is not there
  kRead,       // the file is not changed
  kImmutable,  // nobody writes: works where no lock and no shared memory file can be made
};

class Db {
 public:
  // Pages are checked against their checksums (sqlite_vfs.h). Waits `busy_ms` for locks.
  static absl::StatusOr<std::unique_ptr<Db>> Open(const std::string& path, DbAccess access,
                                                  int busy_ms = 10'000);
  ~Db();
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;

  absl::Status Run(std::string_view sql);  // statements without results; "; " between them
  absl::StatusOr<int64_t> Number(std::string_view sql);  // first column of the first row; 0: none
  // Stops any query after so long with Unavailable; 0: no more.
  void SetDeadline(int64_t microseconds_from_now);
  // Copies the write-ahead log into the file and empties it. False: readers were in the way.
  absl::StatusOr<bool> EmptyWal();
  int64_t wal_pages() const { return wal_pages_; }  // at the last commit of this connection
  int64_t changes() const;                          // rows of the last INSERT, UPDATE, DELETE
  bool in_transaction() const;

 private:
  friend class Query;
  Db() = default;
  absl::Status Error(int code) const;

  sqlite3* db_ = nullptr;
  std::string path_;
  int busy_ms_ = 0;
  int64_t wal_pages_ = 0;
  int64_t deadline_ = 0;
  // By their text, which is a literal.
  std::unordered_map<std::string_view, sqlite3_stmt*> statements_;
};

// One run of a statement: bind all parameters in order, then Done() or Next() until false. `sql` is
// a literal; bound bytes outlive the run. Errors of binding come from Done() or Next().
class Query {
 public:
  Query(Db* db, std::string_view sql);
  ~Query();
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  Query& Bind(int64_t value);
  Query& Text(std::string_view value);
  Query& Blob(std::string_view value);
  Query& Null();
  Query& Copy(const Query& row, int column);  // any type
  absl::Status Done();  // runs to the end, rows are ignored; then it may be bound anew
  absl::StatusOr<bool> Next();

  // Of the current row; views are valid until Next().
  int64_t Number(int column) const;
  std::string_view Bytes(int column) const;
  std::string String(int column) const { return std::string(Bytes(column)); }
  bool IsNull(int column) const;
  int columns() const;

 private:
  Query& Check(int code);

  Db* const db_;
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
  int code_ = 0;
};

// BEGIN IMMEDIATE; rolled back unless committed.
class Transaction {
 public:
  explicit Transaction(Db* db) : db_(db) {}
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  absl::Status Begin() { return db_->Run("BEGIN IMMEDIATE"); }
  absl::Status BeginRead() { return db_->Run("BEGIN"); }
  absl::Status Commit() { return db_->Run("COMMIT"); }

 private:
  Db* const db_;
};

}  // namespace culprit
