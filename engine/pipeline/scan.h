// The scan half over a whole Source: N workers take units (files or archives), the largest first;
// who finds none left helps with the streams that are still being read (stream_scan.h). Every
// stream's signals and marks go to a SignalLog. The result does not depend on the number of
// workers.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/base/counters.h"
#include "engine/core/report.h"
#include "engine/core/signal_log.h"
#include "engine/core/source.h"
#include "engine/pipeline/signal_maker.h"

namespace culprit {

struct ScanOptions {
  int workers = 1;
  size_t block_bytes = 256 * 1024;  // of a stream, read and matched at a time
  ParseOptions parse;
  SignalOptions signals;
};

// Progress of a running scan; any thread may read.
struct ScanProgress {
  std::atomic<int64_t> bytes_scanned{0};  // decoded
  std::atomic<int64_t> stored_bytes{0};   // of the inputs as stored, done so far
  std::atomic<int64_t> stored_total{0};   // 0 while unknown
  std::atomic<int64_t> streams_done{0};
  std::atomic<uint64_t> signals{0};
};

struct ScannedStream {
  ReportStream report;
  std::vector<PartitionId> log_partitions;  // its pieces in the log, in order (segment_writer.h)
  TimeUs first_time = kNoTime;
  TimeUs last_time = kNoTime;
  uint64_t lines = 0;
};

struct ScanResult {
  // Sorted by name: the place in this list is the stream's PartitionId from here on.
  std::vector<ScannedStream> streams;
  Counters counters;
};

// Reads everything. A stream that cannot be read (to its end) is in the result with its error; only
// an error of the log itself ends the scan.
absl::StatusOr<ScanResult> Scan(std::vector<std::unique_ptr<SourceUnit>> units,
                                const Knowledge& knowledge, const NameResolver& names,
                                const SignatureSet& signatures, const ScanOptions& options,
                                SignalLog* log, ScanProgress* progress);

}  // namespace culprit
