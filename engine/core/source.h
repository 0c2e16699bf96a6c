// Seam: where bytes come from. A Source lists its streams; each is read in order, by one thread.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/base/counters.h"
#include "engine/core/record.h"

namespace culprit {

// One open stream. Not thread-safe; owned by the worker that reads it.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  virtual const StreamInfo& info() const = 0;
  // Reads up to `size` decoded bytes into `buffer`; 0 at the end. An error keeps what came before
  // it (a truncated gz yields its readable part, then DataLoss).
  virtual absl::StatusOr<size_t> Read(char* buffer, size_t size) = 0;
  // Adds what was left out or repaired on the way to these bytes so far. Once, after the last Read.
  virtual void AddCounts(Counters* /*counters*/) const {}
};

// A unit of work for one worker: a plain file, or an archive whose members come one after the
// other.
class SourceUnit {
 public:
  virtual ~SourceUnit() = default;
  // Calls `use` with each stream in turn, open until `use` returns. Stops early if it returns an
  // error. Thread-safe with other units.
  virtual absl::Status ForEachStream(const std::function<absl::Status(ByteStream&)>& use) = 0;
  virtual int64_t size_bytes() const = 0;  // of the input as stored; -1 unknown (for progress)
  virtual int64_t consumed_bytes()
      const = 0;  // of the input as stored, so far; any thread may call
  virtual std::string name() const = 0;
};

class Source {
 public:
  virtual ~Source() = default;
  // All units, in a fixed order (sorted by path); partitions are numbered over their streams.
  virtual std::vector<std::unique_ptr<SourceUnit>> Units() = 0;
};

}  // namespace culprit
