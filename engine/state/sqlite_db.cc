#include "engine/state/sqlite_db.h"

#include <sqlite3.h>

#include <cerrno>
#include <chrono>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/views.h"
#include "engine/state/sqlite_vfs.h"

namespace culprit {
namespace {

constexpr int kOpsBetweenDeadlineChecks = 10'000;

int64_t NowUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

int DeadlinePassed(void* deadline) { return NowUs() > *static_cast<int64_t*>(deadline) ? 1 : 0; }

int NoteWalPages(void* pages, sqlite3*, const char*, int count) {
  *static_cast<int64_t*>(pages) = count;
  return SQLITE_OK;
}

absl::Status ToStatus(int code, int system_error, std::string_view what) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return absl::ResourceExhaustedError(absl::StrCat(ToAbsl(what), ": make room on the disk"));
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return absl::FailedPreconditionError(ToAbsl(what));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return absl::DataLossError(ToAbsl(what));
    case SQLITE_IOERR:
      if (code == SQLITE_IOERR_DATA || code == SQLITE_IOERR_CORRUPTFS)
        return absl::DataLossError(
            absl::StrCat(ToAbsl(what), ": a page does not fit its checksum"));
      break;
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
      return absl::InternalError(ToAbsl(what));
    default:
      break;
  }
  if ((code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN) {
    if (system_error == ENOSPC || system_error == EDQUOT)
      return absl::ResourceExhaustedError(absl::StrCat(ToAbsl(what), ": make room on the disk"));
    if (system_error == EROFS || system_error == EACCES || system_error == EPERM)
      return absl::FailedPreconditionError(
          absl::StrCat(ToAbsl(what), ": ", strerror(system_error)));
    if (system_error != 0)
      return absl::UnavailableError(absl::StrCat(ToAbsl(what), ": ", strerror(system_error)));
  }
  return absl::UnavailableError(ToAbsl(what));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Db>> Db::Open(const std::string& path, DbAccess access,
                                             int busy_ms) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE;
  flags |= access == DbAccess::kCreate  ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
           : access == DbAccess::kWrite ? SQLITE_OPEN_READWRITE
                                        : SQLITE_OPEN_READONLY;
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#')
      absl::StrAppend(&uri, "%", absl::Hex(static_cast<uint8_t>(c), absl::kZeroPad2));
    else
      uri.push_back(c);
  }
  if (access == DbAccess::kImmutable) uri += "?immutable=1";
  std::unique_ptr<Db> db(new Db());
  db->path_ = path;
  db->busy_ms_ = busy_ms;
  const char* vfs = CheckedVfs();
  if (vfs == nullptr) return absl::InternalError("SQLite has no VFS");
  const int code = sqlite3_open_v2(uri.c_str(), &db->db_, flags, vfs);
  if (code != SQLITE_OK) return db->Error(code);
  sqlite3_busy_timeout(db->db_, busy_ms);
  // This takes the place of SQLite's own emptying of the log, so that EmptyWal() decides when.
  sqlite3_wal_hook(db->db_, NoteWalPages, &db->wal_pages_);
  sqlite3_db_config(db->db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  if (access == DbAccess::kCreate) {
    int reserve = kPageChecksumBytes;
    sqlite3_file_control(db->db_, "main", SQLITE_FCNTL_RESERVE_BYTES, &reserve);
  }
  // What is stored comes from this program, but the file may be anybody's.
  CULPRIT_RETURN_IF_ERROR(db->Run("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON"));
  return db;
}

Db::~Db() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

absl::Status Db::Error(int code) const {
  const std::string what =
      absl::StrCat(path_, ": ", db_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(db_));
  return ToStatus(code, db_ == nullptr ? 0 : sqlite3_system_errno(db_), what);
}

absl::Status Db::Run(std::string_view sql) {
  const int code = sqlite3_exec(db_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  return code == SQLITE_OK ? absl::OkStatus() : Error(code);
}

absl::StatusOr<int64_t> Db::Number(std::string_view sql) {
  Query query(this, sql);
  CULPRIT_ASSIGN_OR_RETURN(const bool any, query.Next());
  return any ? query.Number(0) : 0;
}

void Db::SetDeadline(int64_t microseconds_from_now) {
  deadline_ = NowUs() + microseconds_from_now;
  if (microseconds_from_now == 0)
    sqlite3_progress_handler(db_, 0, nullptr, nullptr);
  else
    sqlite3_progress_handler(db_, kOpsBetweenDeadlineChecks, DeadlinePassed, &deadline_);
}

absl::StatusOr<bool> Db::EmptyWal() {
  constexpr int kWaitForReadersMs = 100;
  sqlite3_busy_timeout(db_, kWaitForReadersMs);
  const int code =
      sqlite3_wal_checkpoint_v2(db_, "main", SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  sqlite3_busy_timeout(db_, busy_ms_);
  if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED) return false;
  if (code != SQLITE_OK) return Error(code);
  wal_pages_ = 0;
  return true;
}

int64_t Db::changes() const { return sqlite3_changes64(db_); }
bool Db::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

Query::Query(Db* db, std::string_view sql) : db_(db) {
  const auto found = db->statements_.find(sql);
  if (found != db->statements_.end()) {
    statement_ = found->second;
    return;
  }
  code_ = sqlite3_prepare_v3(db->db_, sql.data(), static_cast<int>(sql.size()),
                             SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
  if (code_ == SQLITE_OK) db->statements_.emplace(sql, statement_);
}

Query::~Query() {
  if (statement_ == nullptr) return;
  sqlite3_reset(statement_);
  sqlite3_clear_bindings(statement_);
}

Query& Query::Check(int code) {
  if (code_ == SQLITE_OK) code_ = code;
  return *this;
}

Query& Query::Bind(int64_t value) {
  ++bound_;
  return code_ != SQLITE_OK ? *this : Check(sqlite3_bind_int64(statement_, bound_, value));
}

Query& Query::Text(std::string_view v) {
  ++bound_;
  return code_ != SQLITE_OK
             ? *this
             : Check(sqlite3_bind_text64(statement_, bound_, v.data() ? v.data() : "", v.size(),
                                         SQLITE_STATIC, SQLITE_UTF8));
}

Query& Query::Blob(std::string_view v) {
  ++bound_;
  return code_ != SQLITE_OK
             ? *this
             : Check(sqlite3_bind_blob64(statement_, bound_, v.data() ? v.data() : "", v.size(),
                                         SQLITE_STATIC));
}

Query& Query::Null() {
  ++bound_;
  return code_ != SQLITE_OK ? *this : Check(sqlite3_bind_null(statement_, bound_));
}

Query& Query::Copy(const Query& row, int column) {
  ++bound_;
  return code_ != SQLITE_OK
             ? *this
             : Check(sqlite3_bind_value(statement_, bound_,
                                        sqlite3_column_value(row.statement_, column)));
}

absl::Status Query::Done() {
  for (;;) {
    CULPRIT_ASSIGN_OR_RETURN(const bool row, Next());
    if (!row) break;
  }
  sqlite3_reset(statement_);
  bound_ = 0;
  return absl::OkStatus();
}

absl::StatusOr<bool> Query::Next() {
  if (code_ != SQLITE_OK) return db_->Error(code_);
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return db_->Error(code);
}

int64_t Query::Number(int column) const { return sqlite3_column_int64(statement_, column); }
int Query::columns() const { return sqlite3_column_count(statement_); }
bool Query::IsNull(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}
std::string_view Query::Bytes(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  const int size = sqlite3_column_bytes(statement_, column);
  return bytes == nullptr
             ? std::string_view()
             : std::string_view(static_cast<const char*>(bytes), static_cast<size_t>(size));
}

Transaction::~Transaction() {
  // After some errors SQLite has rolled back already.
  if (db_->in_transaction()) db_->Run("ROLLBACK").IgnoreError();
}

}  // namespace culprit
