// The seam between the halves: an append-only log of signals and marks, one sequence per partition.
// Implementations: engine/state (memory with a spill file; SQLite and Kafka are to come).
#pragma once
#include <memory>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/signal.h"

namespace culprit {

// Appends one partition's entries in stream order. Used by one thread at a time; writers of
// different partitions may work at the same time. What the views point to may go once a call
// returns. Word numbers are not looked at.
class PartitionWriter {
 public:
  virtual ~PartitionWriter() = default;
  virtual absl::Status Append(const SignalView& signal) = 0;
  virtual absl::Status Append(const MarkView& mark) = 0;
  virtual absl::Status Close() = 0;
};

using LogEntry = std::variant<Signal, Mark>;
using EntryView = std::variant<SignalView, MarkView>;

inline LogEntry CopyOf(const EntryView& entry) {
  return std::visit([](const auto& e) { return LogEntry(CopyOf(e)); }, entry);
}

class PartitionReader {
 public:
  virtual ~PartitionReader() = default;
  // The next entry, in order; false at the end. Its views are good until the next call.
  virtual absl::StatusOr<bool> Next(EntryView* entry) = 0;
};

class SignalLog {
 public:
  virtual ~SignalLog() = default;
  // `partition` was not opened before. Thread-safe.
  virtual std::unique_ptr<PartitionWriter> OpenWriter(PartitionId partition) = 0;
  // Only after the partition's writer was closed. Thread-safe.
  virtual std::unique_ptr<PartitionReader> OpenReader(PartitionId partition) const = 0;
};

}  // namespace culprit
