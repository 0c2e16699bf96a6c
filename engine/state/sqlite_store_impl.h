// SqliteStore, private to its .cc files. One writing connection under a mutex; a reader borrows a
// connection of its own, so it sees one committed state and waits for nobody.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/function_ref.h"
#include "engine/state/sqlite_db.h"
#include "engine/state/sqlite_store.h"
#include "engine/state/store_files.h"

namespace culprit {

// Checksums of what is stored in the tables chunks and checkpoints.
uint32_t ChunkCrc(uint64_t seq, const LogChunk& chunk);
uint32_t CheckpointCrc(uint64_t log_seq, std::string_view bytes);

// Opens a database for writing as the store needs it; makes and migrates it where that is asked.
absl::StatusOr<std::unique_ptr<Db>> OpenWriter(const std::string& path,
                                               const StoreOptions& options);

class SqliteStore : public LiveStore {
 public:
  explicit SqliteStore(const StoreOptions& options)
      : options_(options), files_(options.directory) {}
  ~SqliteStore() override;
  // Once, before anything else.
  absl::Status Open(OpenReport* report);

  PartitionId NewPartitionId() override;
  absl::StatusOr<std::vector<StoredPartition>> Partitions(bool with_ended) override;
  absl::StatusOr<uint64_t> Commit(const ScanCommit& commit) override;
  bool HasReceipt(std::string_view source, std::string_view receipt) override;
  absl::StatusOr<uint32_t> AddGeneration(const std::string& fingerprint,
                                         const std::vector<std::string>& signatures) override;
  absl::StatusOr<std::vector<Generation>> Generations() override;
  absl::StatusOr<std::vector<StoredChunk>> ReadChunks(uint64_t after_seq,
                                                      size_t max_bytes) override;
  absl::Status CondemnChunk(uint64_t seq, std::string_view why) override;
  absl::Status Commit(const ReasonCommit& commit) override;
  absl::StatusOr<std::optional<Checkpoint>> LoadCheckpoint() override;
  absl::StatusOr<std::optional<Checkpoint>> OldestCheckpoint() override;
  absl::StatusOr<LogRange> Log() override;
  absl::StatusOr<std::vector<IncidentRow>> Incidents(const std::string& state,
                                                     size_t limit) override;
  absl::StatusOr<std::optional<IncidentRow>> FindIncident(const std::string& id) override;
  absl::StatusOr<std::vector<StoredOutboxRow>> Outbox(DeliveryState state, int64_t after_id,
                                                      size_t limit) override;
  absl::Status MarkOutbox(const std::vector<int64_t>& ids, DeliveryState state) override;
  absl::StatusOr<std::vector<StoredDelivery>> PendingDeliveries(const std::string& destination,
                                                                size_t limit) override;
  absl::Status SettleDelivery(const DeliverySettlement& settlement) override;
  absl::StatusOr<std::vector<StoredDelivery>> SentDeliveries(const std::string& destination,
                                                             TimeUs before, size_t limit) override;
  absl::Status MarkSent(const std::string& destination, const std::string& incident,
                        const std::string& receipt, TimeUs now) override;
  absl::StatusOr<std::map<std::string, DeliveryTotals>> Deliveries() override;
  absl::StatusOr<std::vector<JournalRow>> Journal(const std::string& incident) override;
  absl::StatusOr<std::vector<StoredLetter>> DeadLetters(const LetterQuery& query) override;
  absl::StatusOr<std::optional<StoredLetter>> FindDeadLetter(int64_t id) override;
  absl::StatusOr<int64_t> MarkReplayed(const std::vector<int64_t>& ids, TimeUs now) override;
  absl::StatusOr<int64_t> DropDeadLetters(const std::vector<int64_t>& ids) override;
  absl::Status Maintain(TimeUs now) override;
  absl::StatusOr<StoreTotals> Totals() override;
  StoreHealth health() const override;

 private:
  using Body = absl::FunctionRef<absl::Status(Db*)>;

  // Open.
  absl::Status OpenRun(OpenReport* report);
  absl::Status OpenBeside();
  absl::Status Examine(OpenReport* report);  // DataLoss: damaged
  absl::Status MakeFresh(Body fill);         // a whole database under the name fresh()
  absl::Status Recover(OpenReport* report);
  absl::Status LoadSums();

  // All of `body` or nothing.
  static absl::Status Transact(Db* db, Body body);
  // One transaction of the writing connection, with its latency noted; `needed`: kRun or kEdit.
  // `committed` is called, still under the lock, when it is on the disk.
  absl::Status Write(
      StoreMode needed, Body body, absl::FunctionRef<void()> committed = [] {});
  // Several statements over one committed state.
  absl::Status Read(Body body);
  absl::StatusOr<std::unique_ptr<Db>> BorrowReader();
  absl::Status Noted(absl::Status status);  // writes damage down for the next start

  // Parts of commits, inside a transaction.
  absl::Status AddReceipts(Db* db, const ScanCommit& commit);
  absl::Status AddLetters(Db* db, const std::vector<DeadLetter>& letters, TimeUs now);
  static absl::Status AddDeliveries(Db* db, const ReasonCommit& commit);
  absl::Status ThinCheckpoints(Db* db);
  // Parts of Maintain; each its own transaction.
  absl::Status CutLog(Db* db, TimeUs now, bool* more);
  absl::Status DropOld(Db* db, TimeUs now);
  absl::Status DropSettled(Db* db);
  absl::Status DropDeliveries(Db* db, int64_t settled);
  static absl::Status DropHistory(Db* db, int64_t settled);
  absl::Status Shrink();

  const StoreOptions options_;
  const StoreFiles files_;
  std::unique_ptr<DirectoryLock> lock_;  // kRun

  std::mutex write_mutex_;
  std::unique_ptr<Db> writer_;  // guarded by write_mutex_; kRead: none
  uint64_t last_seq_ = 0;       // guarded by write_mutex_
  uint64_t total_bytes_ = 0;    // guarded by write_mutex_
  int64_t page_bytes_ = 0;
  std::optional<Generation> newest_generation_;  // guarded by write_mutex_
  std::atomic<PartitionId> next_partition_{1};

  std::mutex readers_mutex_;
  std::vector<std::unique_ptr<Db>> readers_;  // idle ones; guarded by readers_mutex_
  DbAccess read_access_ = DbAccess::kRead;

  mutable std::mutex health_mutex_;
  StoreHealth health_;          // guarded by health_mutex_
  bool upkeep_failed_ = false;  // guarded by health_mutex_: last_error is of Maintain
};

// Numbers by name, table `sums`.
absl::Status AddSum(Db* db, std::string_view name, int64_t value);
absl::Status SetSum(Db* db, std::string_view name, int64_t value);
absl::StatusOr<int64_t> GetSum(Db* db, std::string_view name);

}  // namespace culprit
