// SqliteStore: how a state is opened, examined and, if damaged, replaced.
#include "engine/state/sqlite_store.h"

#include <unistd.h>

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "engine/base/status.h"
#include "engine/state/sqlite_store_impl.h"
#include "engine/state/store_salvage.h"
#include "engine/state/store_schema.h"
#include "engine/state/wal_check.h"

namespace culprit {
namespace {

constexpr int kPageBytes = 8192;
constexpr int kWriterCacheKib = 8192;

}  // namespace

absl::StatusOr<std::unique_ptr<Db>> OpenWriter(const std::string& path,
                                               const StoreOptions& options) {
  const bool make = options.mode == StoreMode::kRun;
  CULPRIT_ASSIGN_OR_RETURN(std::unique_ptr<Db> db,
                           Db::Open(path, make ? DbAccess::kCreate : DbAccess::kWrite));
  // The first two hold from the making of the file on. Deleted bytes are not wiped: that would
  // write every page of the log once more when it is cut.
  if (make)
    CULPRIT_RETURN_IF_ERROR(db->Run(absl::StrCat("PRAGMA page_size=", kPageBytes,
                                                 "; PRAGMA auto_vacuum=INCREMENTAL; "
                                                 "PRAGMA journal_mode=WAL")));
  CULPRIT_RETURN_IF_ERROR(db->Run(
      absl::StrCat("PRAGMA secure_delete=OFF; "
                   "PRAGMA temp_store=MEMORY; PRAGMA synchronous=",
                   options.sync ? "FULL" : "NORMAL", "; PRAGMA cache_size=-", kWriterCacheKib)));
  CULPRIT_RETURN_IF_ERROR(MigrateSchema(db.get(), make));
  if (options.max_file_bytes > 0) {
    CULPRIT_ASSIGN_OR_RETURN(const int64_t page_bytes, db->Number("PRAGMA page_size"));
    CULPRIT_RETURN_IF_ERROR(
        db->Run(absl::StrCat("PRAGMA max_page_count=", options.max_file_bytes / page_bytes)));
  }
  return db;
}

absl::StatusOr<std::unique_ptr<LiveStore>> OpenSqliteStore(const StoreOptions& options,
                                                           OpenReport* report) {
  OpenReport ignored;
  auto store = std::make_unique<SqliteStore>(options);
  CULPRIT_RETURN_IF_ERROR(store->Open(report == nullptr ? &ignored : report));
  return store;
}

SqliteStore::~SqliteStore() {
  readers_.clear();
  writer_.reset();
}

absl::Status SqliteStore::Noted(absl::Status status) {
  if (status.code() == absl::StatusCode::kDataLoss && options_.mode == StoreMode::kRun)
    files_.NoteDamage(std::string(status.message())).IgnoreError();
  return status;
}

absl::Status SqliteStore::Open(OpenReport* report) {
  *report = OpenReport();
  CULPRIT_RETURN_IF_ERROR(options_.mode == StoreMode::kRun ? OpenRun(report) : OpenBeside());
  // From the first reader on, so that what is wrong shows here.
  CULPRIT_RETURN_IF_ERROR(Read([](Db* db) { return MigrateSchema(db, false); }));
  return absl::OkStatus();
}

absl::Status SqliteStore::OpenBeside() {
  if (!files_.HasDatabase())
    return absl::NotFoundError(absl::StrCat(options_.directory, ": no state of culprit run here"));
  if (options_.mode == StoreMode::kEdit) {
    CULPRIT_ASSIGN_OR_RETURN(writer_, OpenWriter(files_.database(), options_));
    CULPRIT_ASSIGN_OR_RETURN(page_bytes_, writer_->Number("PRAGMA page_size"));
    return absl::OkStatus();
  }
  // A state at rest has no write-ahead log; reading it then needs nothing to be made beside it.
  const bool writable = access(options_.directory.c_str(), W_OK) == 0;
  if (!writable && access(files_.wal().c_str(), F_OK) != 0) read_access_ = DbAccess::kImmutable;
  return absl::OkStatus();
}

absl::Status SqliteStore::OpenRun(OpenReport* report) {
  CULPRIT_RETURN_IF_ERROR(files_.MakeDirectory());
  CULPRIT_ASSIGN_OR_RETURN(lock_, DirectoryLock::Take(options_.directory));
  std::string damage = files_.DamageNoted();
  if (!damage.empty() && files_.Replaced()) {
    CULPRIT_RETURN_IF_ERROR(files_.Replace());  // that was cut at its last step
    damage.clear();
  }
  // A database comes into being whole, under another name: an empty one is damage.
  if (damage.empty() && !files_.HasDatabase() && !files_.HasWal()) {
    report->created = true;
    CULPRIT_RETURN_IF_ERROR(MakeFresh([](Db*) { return absl::OkStatus(); }));
    CULPRIT_RETURN_IF_ERROR(files_.Replace());
  }
  if (damage.empty()) {
    const absl::Status status = Examine(report);
    if (status.ok()) return LoadSums();
    if (status.code() != absl::StatusCode::kDataLoss) return status;
    writer_.reset();
    CULPRIT_RETURN_IF_ERROR(files_.NoteDamage(std::string(status.message())));
  }
  CULPRIT_RETURN_IF_ERROR(Recover(report));
  return LoadSums();
}

absl::Status SqliteStore::MakeFresh(Body fill) {
  CULPRIT_RETURN_IF_ERROR(files_.MakeFresh());
  CULPRIT_ASSIGN_OR_RETURN(const std::unique_ptr<Db> db, OpenWriter(files_.fresh(), options_));
  CULPRIT_RETURN_IF_ERROR(fill(db.get()));
  // Into the one file that will be renamed.
  CULPRIT_ASSIGN_OR_RETURN(const bool emptied, db->EmptyWal());
  return emptied ? absl::OkStatus()
                 : absl::UnavailableError(absl::StrCat(files_.fresh(), ": held by someone else"));
}

absl::Status SqliteStore::Examine(OpenReport* report) {
  if (!files_.HasDatabase())
    return absl::DataLossError(absl::StrCat(files_.database(), ": missing beside its -wal"));
  if (std::error_code error; std::filesystem::file_size(files_.database(), error) == 0 && !error)
    return absl::DataLossError(absl::StrCat(files_.database(), ": empty"));
  CULPRIT_ASSIGN_OR_RETURN(const WalState wal, CheckWal(files_.wal()));
  if (wal == WalState::kDamaged)
    return absl::DataLossError(absl::StrCat(files_.wal(), ": damaged before its end"));
  {
    // Read-only: a damaged file is set aside as it was found.
    CULPRIT_ASSIGN_OR_RETURN(const std::unique_ptr<Db> db,
                             Db::Open(files_.database(), DbAccess::kRead));
    db->SetDeadline(options_.check_time);
    Query check(db.get(), "PRAGMA quick_check(1)");
    const absl::StatusOr<bool> any = check.Next();
    // Unavailable: out of time. The rest is checked page by page as it is read.
    if (!any.ok() && any.status().code() != absl::StatusCode::kUnavailable) return any.status();
    if (any.ok() && *any && check.Bytes(0) != "ok")
      return absl::DataLossError(absl::StrCat(files_.database(), ": ", check.String(0)));
  }
  CULPRIT_ASSIGN_OR_RETURN(writer_, OpenWriter(files_.database(), options_));
  if (wal == WalState::kTornTail)
    report->message = absl::StrCat(
        files_.wal(),
        ": its last transaction is torn and was taken back; after a power cut that is in order "
        "(it was acknowledged to nobody), without one it is damage");
  return absl::OkStatus();
}

absl::Status SqliteStore::Recover(OpenReport* report) {
  const std::string damage = files_.DamageNoted();
  CULPRIT_ASSIGN_OR_RETURN(report->set_aside, files_.SetAside());
  std::string saved;
  const absl::Status made = MakeFresh([&](Db* db) -> absl::Status {
    CULPRIT_ASSIGN_OR_RETURN(saved, Salvage(report->set_aside, db));
    return absl::OkStatus();
  });
  if (!made.ok()) return made;
  CULPRIT_RETURN_IF_ERROR(files_.Replace());
  report->damaged = true;
  report->message = absl::StrCat("the state was damaged (", damage, "). It was set aside as ",
                                 report->set_aside, " and a new one was begun; ", saved);
  CULPRIT_ASSIGN_OR_RETURN(writer_, OpenWriter(files_.database(), options_));
  return absl::OkStatus();
}

absl::Status SqliteStore::LoadSums() {
  CULPRIT_ASSIGN_OR_RETURN(page_bytes_, writer_->Number("PRAGMA page_size"));
  CULPRIT_ASSIGN_OR_RETURN(const int64_t last_seq, GetSum(writer_.get(), "last_seq"));
  CULPRIT_ASSIGN_OR_RETURN(const int64_t total_bytes, GetSum(writer_.get(), "total_bytes"));
  CULPRIT_ASSIGN_OR_RETURN(const int64_t partition, GetSum(writer_.get(), "last_partition"));
  last_seq_ = static_cast<uint64_t>(last_seq);
  total_bytes_ = static_cast<uint64_t>(total_bytes);
  next_partition_ = static_cast<PartitionId>(partition) + 1;
  Query newest(writer_.get(),
               "SELECT id,fingerprint,signatures FROM generations ORDER BY id DESC LIMIT 1");
  CULPRIT_ASSIGN_OR_RETURN(const bool any, newest.Next());
  if (!any) return absl::OkStatus();
  newest_generation_ = {static_cast<uint32_t>(newest.Number(0)), newest.String(1), {}};
  const std::string signatures = newest.String(2);
  if (!signatures.empty()) newest_generation_->signatures = absl::StrSplit(signatures, '\n');
  return absl::OkStatus();
}

}  // namespace culprit
