// SignalLog for replay: in memory up to a budget, beyond it in an unlinked temporary file, so that
// memory stays bounded whatever the input. Thread-safe as core/signal_log.h says.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/core/signal_log.h"

namespace culprit {

class MemorySignalLog : public SignalLog {
 public:
  // `memory_budget_bytes`: encoded entries kept in memory; later chunks go to a file in
  // `spill_directory` (empty: $TMPDIR or /tmp), which is made when first needed.
  explicit MemorySignalLog(size_t memory_budget_bytes = size_t{48} << 20,
                           std::string spill_directory = "");
  ~MemorySignalLog() override;

  std::unique_ptr<PartitionWriter> OpenWriter(PartitionId partition) override;
  std::unique_ptr<PartitionReader> OpenReader(PartitionId partition) const override;
  uint64_t spilled_bytes() const { return spilled_bytes_; }

 private:
  friend class MemoryPartitionWriter;
  friend class MemoryPartitionReader;

  // A run of whole entries. Decodes behind the chunks since the last one with fresh words.
  struct Chunk {
    std::unique_ptr<char[]> bytes;  // null: in the spill file
    uint64_t file_offset = 0;
    uint64_t size = 0;
    bool fresh = false;  // begins with a dictionary of its own
  };

  // `room`: of *bytes, which is taken if the chunk stays in memory.
  absl::Status AddChunk(PartitionId partition, Chunk chunk, size_t room,
                        std::unique_ptr<char[]>* bytes);

  const size_t memory_budget_bytes_;
  const std::string spill_directory_;
  mutable std::mutex mutex_;
  std::map<PartitionId, std::vector<Chunk>> partitions_;  // guarded by mutex_
  size_t memory_bytes_ = 0;                               // guarded by mutex_
  int spill_fd_ = -1;                                     // guarded by mutex_
  uint64_t spill_end_ = 0;                                // guarded by mutex_
  std::atomic<uint64_t> spilled_bytes_{0};
};

}  // namespace culprit
