// The state of a live run in one directory: signal log, stream positions, checkpoints, incidents,
// outbox, dead letters. SQLite (WAL, synchronous=FULL is an option), one file `state.db`.
//
// Every Commit is one transaction: all of it is on disk, or nothing. Thread-safe: the committing
// thread, the reason thread and command-line readers may use it at the same time; a reader never
// waits for a writer. Errors: ResourceExhausted disk full, FailedPrecondition read-only or locked
// by another process, DataLoss damaged file, Unavailable anything that may pass (slow disk, busy).
// After any of them nothing of that commit is stored and it may be tried again; after DataLoss
// trying is of no use: end the process, the next Open sets the damaged file aside.
//
// Wall-clock times come in as arguments; the store itself has no clock but for latencies.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/counters.h"
#include "engine/core/live.h"
#include "engine/core/record.h"

namespace culprit {

// Number 0 is the control partition: marks about time, partitions, reloads, people's actions.
inline constexpr PartitionId kControlPartition = 0;

struct StoredPartition {
  PartitionId id = 0;
  LiveStream stream;
  std::string resume;      // of the source
  std::string scan_state;  // of the pipeline: parser carry, sample schedule, pending record
  bool ended = false;
};

struct LogChunk {
  PartitionId partition = 0;
  uint32_t generation = 0;  // of the signature table its entries were encoded with
  std::string entries;      // entry_codec.h; decodes on its own
  uint32_t signals = 0;
};

struct StoredChunk {
  uint64_t seq = 0;  // place in the log, ascending without gaps in what is kept
  LogChunk chunk;
};

struct ScanCommit {
  std::vector<LogChunk> chunks;
  std::vector<StoredPartition> partitions;                    // new ones and changed ones
  std::vector<std::pair<std::string, std::string>> receipts;  // source, id
  std::vector<DeadLetter> dead_letters;
  std::map<std::string, uint64_t> signature_totals;  // to be added, by signature id
  Counters counters;                                 // to be added
  TimeUs now = kNoTime;                              // wall clock: age of receipts and letters
};

struct IncidentRow {
  std::string id;
  uint64_t revision = 0;
  std::string state;
  TimeUs onset = kNoTime;
  TimeUs updated = kNoTime;
  std::string json;  // as in the report's schema
};

// What is to be told to the outside. (incident, event, revision) is its identity: writing it again
// after a crash changes nothing.
struct OutboxRow {
  std::string incident;
  std::string event;  // opened, updated, resolved, reopened, merged, ...
  uint64_t revision = 0;
  TimeUs time = kNoTime;  // event time
  std::string json;
};

// One notification for one destination. `notification` is its identity: writing it again after a
// crash changes nothing.
struct DeliveryRow {
  std::string notification;  // Notification::id
  std::string destination;   // name of a sink
  std::string incident;
  std::string event;
  uint64_t revision = 0;
  TimeUs time = kNoTime;  // event time
  std::string json;       // culprit/notification/1
};

// An event in the life of an incident; (incident, number) is its identity.
struct JournalRow {
  std::string incident;
  uint64_t number = 0;
  TimeUs time = kNoTime;
  std::string event;
  std::string before;  // state
  std::string after;
  std::string author;
  std::string text;
};

struct ReasonCommit {
  uint64_t log_seq = 0;                   // everything up to here was reasoned about
  std::optional<std::string> checkpoint;  // state behind log_seq; else only progress is noted
  std::vector<IncidentRow> incidents;
  std::vector<OutboxRow> outbox;
  std::vector<DeliveryRow> deliveries;
  std::vector<JournalRow> journal;
  Counters counters;  // absolute, of the reason half
};

struct Checkpoint {
  uint64_t log_seq = 0;
  std::string bytes;
};

// A signature table that entries of the log were encoded with: SignatureIndex i is `signatures[i]`.
struct Generation {
  uint32_t id = 0;          // given by the store, from 1
  std::string fingerprint;  // of packs and topology
  std::vector<std::string> signatures;
};

// What the log holds. first_seq > last_seq: nothing.
struct LogRange {
  uint64_t first_seq = 1;
  uint64_t last_seq = 0;  // the last one ever given, also if it was cut since
  uint64_t bytes = 0;     // of entries
  uint64_t progress = 0;  // ReasonCommit::log_seq of the furthest commit
};

struct StoredLetter {
  int64_t id = 0;
  TimeUs time = kNoTime;      // when it was committed
  TimeUs replayed = kNoTime;  // when it was last given out again
  DeadLetter letter;
};

struct LetterQuery {
  std::string source;  // empty: any
  std::string reason;
  bool replayed = true;  // those already given out again too
  int64_t after_id = 0;  // ascending by id
  size_t limit = 1000;
};

enum class DeliveryState : uint8_t { kPending = 0, kDelivered = 1, kFailed = 2, kSkipped = 3 };

struct StoredOutboxRow {
  int64_t id = 0;  // ascending in the order of commits
  DeliveryState state = DeliveryState::kPending;
  OutboxRow row;
};

struct StoredDelivery {
  int64_t id = 0;  // ascending in the order of commits
  DeliveryRow row;
  uint32_t attempts = 0;  // that failed
  TimeUs first_attempt = 0;
  TimeUs not_before = 0;
  bool superseded = false;  // something newer about the same incident waits behind it
  std::string receipt;      // of the incident at the destination
};

// What came of an attempt.
struct DeliverySettlement {
  int64_t id = 0;
  DeliveryState state = DeliveryState::kPending;  // kPending: to be tried again
  uint32_t attempts = 0;
  TimeUs first_attempt = 0;
  TimeUs not_before = 0;
  std::string reason;
  std::string error;
  std::string receipt;                    // kDelivered
  bool over = false;                      // kDelivered: nothing is to be sent again
  std::optional<DeadLetter> dead_letter;  // kFailed
  TimeUs now = kNoTime;
};

struct DeliveryTotals {
  uint64_t pending = 0;
  uint64_t failed = 0;              // that are kept
  TimeUs oldest_pending = kNoTime;  // event time
};

// Sums since the state was made. What went out by a bound is counted here.
struct StoreTotals {
  std::map<std::string, uint64_t> signatures;  // hits by signature id
  Counters scan;
  Counters reason;  // as of LogRange::progress
  uint64_t signals = 0;
  uint64_t dead_letters = 0;
  uint64_t dead_letters_evicted = 0;
  uint64_t receipts_evicted = 0;
  uint64_t outbox_evicted = 0;  // pending rows only; delivered ones are just forgotten
  uint64_t incidents_evicted = 0;
};

struct StoreHealth {
  absl::Status last_error;        // of the last failed write; OK again after a write that succeeded
  int64_t commit_us = 0;          // how long the last commit took
  int64_t slowest_commit_us = 0;  // since Open
  uint64_t commits = 0;           // since Open
  uint64_t failed_commits = 0;    // since Open
  uint64_t damaged_checkpoints = 0;  // passed over by LoadCheckpoint
  int64_t disk_bytes = 0;            // all files of the state
};

class LiveStore {
 public:
  virtual ~LiveStore() = default;

  // --- the scan half ---
  // A number that no partition had before. One that never comes in a commit may be given again
  // after a restart.
  virtual PartitionId NewPartitionId() = 0;
  // Those that have not ended; `with_ended`: also those whose entries may still be in the log.
  // Ascending by id.
  virtual absl::StatusOr<std::vector<StoredPartition>> Partitions(bool with_ended) = 0;
  // Appends the chunks in order and stores the rest of it. Returns the log's last seq (of an
  // earlier commit if there are no chunks).
  virtual absl::StatusOr<uint64_t> Commit(const ScanCommit& commit) = 0;
  virtual bool HasReceipt(std::string_view source, std::string_view receipt) = 0;

  // --- generations ---
  // Stores the table and returns its number; of the newest if that is the same. From the committing
  // thread.
  virtual absl::StatusOr<uint32_t> AddGeneration(const std::string& fingerprint,
                                                 const std::vector<std::string>& signatures) = 0;
  // All that the log may still need, ascending.
  virtual absl::StatusOr<std::vector<Generation>> Generations() = 0;

  // --- the reason half ---
  // Chunks behind `after_seq`: at least one if there is one, else up to about `max_bytes` of
  // entries. OutOfRange: the log was cut behind that place; DataLoss: a chunk is damaged or
  // missing.
  virtual absl::StatusOr<std::vector<StoredChunk>> ReadChunks(uint64_t after_seq,
                                                              size_t max_bytes) = 0;
  // What chunk `seq` holds makes no sense to its reader, though its checksum is right. From now on
  // it is damage like any other: ReadChunks says so, and the next Open sets the state aside and
  // saves what it can without that chunk.
  virtual absl::Status CondemnChunk(uint64_t seq, std::string_view why) = 0;
  virtual absl::Status Commit(const ReasonCommit& commit) = 0;
  // The newest undamaged checkpoint (an older one only leads to more work, not to other results).
  // None: begin with nothing, at seq 0. One with empty bytes: begin with nothing behind its log_seq
  // (the log before it was lost; OpenReport said so). DataLoss: the log's head was cut and no
  // checkpoint is left.
  virtual absl::StatusOr<std::optional<Checkpoint>> LoadCheckpoint() = 0;
  // The oldest one that the kept log continues: where `replay --signal-log` starts.
  virtual absl::StatusOr<std::optional<Checkpoint>> OldestCheckpoint() = 0;
  virtual absl::StatusOr<LogRange> Log() = 0;

  // --- incidents and what is to be told ---
  // Newest first by (onset, id), at most `limit`; `state` empty: any.
  virtual absl::StatusOr<std::vector<IncidentRow>> Incidents(const std::string& state,
                                                             size_t limit) = 0;
  virtual absl::StatusOr<std::optional<IncidentRow>> FindIncident(const std::string& id) = 0;
  virtual absl::StatusOr<std::vector<StoredOutboxRow>> Outbox(DeliveryState state, int64_t after_id,
                                                              size_t limit) = 0;
  virtual absl::Status MarkOutbox(const std::vector<int64_t>& ids, DeliveryState state) = 0;

  // --- deliveries ---
  // Of each incident with something pending for the destination the oldest, ascending.
  virtual absl::StatusOr<std::vector<StoredDelivery>> PendingDeliveries(
      const std::string& destination, size_t limit) = 0;
  // One transaction; the dead letter is part of it.
  virtual absl::Status SettleDelivery(const DeliverySettlement& settlement) = 0;
  // The last one delivered of each incident that is not over, if it was sent before `before`.
  virtual absl::StatusOr<std::vector<StoredDelivery>> SentDeliveries(const std::string& destination,
                                                                     TimeUs before,
                                                                     size_t limit) = 0;
  virtual absl::Status MarkSent(const std::string& destination, const std::string& incident,
                                const std::string& receipt, TimeUs now) = 0;
  virtual absl::StatusOr<std::map<std::string, DeliveryTotals>> Deliveries() = 0;  // by destination
  virtual absl::StatusOr<std::vector<JournalRow>> Journal(const std::string& incident) = 0;

  // --- dead letters ---
  virtual absl::StatusOr<std::vector<StoredLetter>> DeadLetters(const LetterQuery& query) = 0;
  virtual absl::StatusOr<std::optional<StoredLetter>> FindDeadLetter(int64_t id) = 0;
  // Return how many there were.
  virtual absl::StatusOr<int64_t> MarkReplayed(const std::vector<int64_t>& ids, TimeUs now) = 0;
  virtual absl::StatusOr<int64_t> DropDeadLetters(const std::vector<int64_t>& ids) = 0;

  // --- upkeep ---
  // Keeps the bounds of log, receipts, dead letters, incidents and outbox, and the write-ahead log
  // short. Call about every second, from any thread; each call does a bounded piece of work.
  virtual absl::Status Maintain(TimeUs now) = 0;
  virtual absl::StatusOr<StoreTotals> Totals() = 0;
  virtual StoreHealth health() const = 0;  // any thread, never waits for a commit
};

}  // namespace culprit
