// The state of a live run in one directory: signal log, stream positions, checkpoints, incidents,
// outbox, dead letters. SQLite (WAL, synchronous=FULL is an option), one file `state.db`.
//
// Every Commit is one transaction: all of it is on disk, or nothing. Thread-safe: the committing
// thread, the reason thread and command-line readers may use it at the same time; a reader never
// waits for a writer. Errors: ResourceExhausted disk full, FailedPrecondition read-only or locked
// by another process, DataLoss damaged file, Unavailable anything that may pass (slow disk, busy).
// After any of them nothing of that commit is stored and it may be tried again.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
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

struct ReasonCommit {
  uint64_t log_seq = 0;                   // everything up to here was reasoned about
  std::optional<std::string> checkpoint;  // state behind log_seq; else only progress is noted
  std::vector<IncidentRow> incidents;
  std::vector<OutboxRow> outbox;
  Counters counters;  // absolute, of the reason half
};

struct Checkpoint {
  uint64_t log_seq = 0;
  std::string bytes;
};

}  // namespace culprit
