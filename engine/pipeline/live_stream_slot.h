// One stream of a live run, and what the threads hand to each other about it.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/live.h"
#include "engine/pipeline/live_scan.h"

namespace culprit {

struct StreamSlot : std::enable_shared_from_this<StreamSlot> {
  // Never changes.
  PartitionId id = 0;
  std::shared_ptr<const LiveStream> stream;
  size_t worker = 0;     // index of the one that scans it
  bool passive = false;  // the pipeline's own: nobody waits for it

  // Any thread.
  std::atomic<int64_t> last_push{0};  // SteadyNow
  std::atomic<int> in_flight{0};      // batches taken, not committed
  std::atomic<bool> holds{false};     // lines wait for a flush
  std::atomic<bool> flush_posted{false};

  // Its worker only.
  std::unique_ptr<LiveScan> scan;  // null: in `state`
  std::string state;               // of the scan, after the newest batch
  int64_t used = 0;                // SteadyNow

  // The committing thread only.
  bool added = false;  // kAdd is in the log
  bool idle = false;
  bool ended = false;
  std::string resume;      // as committed
  std::string scan_state;  // as committed
  TimeUs newest = kNoTime;
};

// What a worker has to do.
struct ScanTask {
  std::shared_ptr<StreamSlot> slot;
  LiveBatch batch;
  bool flush = false;  // no batch: what is held back is not waited for
  size_t cost = 0;     // of the queue
};

// What it made of it: for the committing thread.
struct ScannedBatch {
  std::shared_ptr<StreamSlot> slot;  // null: dead letters alone
  LiveBatch batch;                   // without its bytes
  ScanOutput output;
  std::string state;
  Counters counters;
  std::shared_ptr<const LiveKnowledge> knowledge;  // that the entries are encoded with
  uint32_t generation = 0;
  uint64_t bytes = 0;
  TimeUs newest = kNoTime;
  size_t cost = 0;
};

}  // namespace culprit
