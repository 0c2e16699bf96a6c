// JSON Lines in a file that is rotated by size: file, file.1, file.2, ... One thread at a time, one
// process per file.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/core/sink.h"

namespace culprit {

struct FileSinkConfig {
  std::string name = "file";
  std::string path;
  uint64_t max_bytes = uint64_t{64} << 20;  // of one file; reached: it is rotated
  int keep = 5;                             // rotated files that are kept; 0: none
  bool sync = true;                         // a delivered notification is on the disk
  std::string line;  // template of one line, JSON inside of strings; empty: the whole notification
};

absl::StatusOr<std::unique_ptr<Sink>> MakeFileSink(const FileSinkConfig& config);

}  // namespace culprit
