// Source over paths: files, directories, globs, archives, compressed files, standard input. Owned
// by ingest. A PathSource is made by one thread; its units may be read by several, one thread each;
// skipped() and problems() may be called by any thread at any time.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/core/source.h"

namespace culprit {

struct IngestOptions {
  // Leave out files that are one JSON document, not log lines (README.md has the rule).
  bool skip_json_documents = true;
  // Archives in archives, compression in compression: deeper ones are skipped and reported.
  int max_depth = 5;
};

// An input that was left out on purpose.
struct SkippedInput {
  std::string path;     // DisplayName of the stream, or the path of a file or directory
  std::string reason;   // complete sentence part: "binary file (ELF)", "hidden file", ...
  bool binary = false;  // count as Reason::kBinaryInput
};

class PathSource : public Source {
 public:
  // Sorted by path, bytewise. StreamInfo::partition is the stream's place within its unit (0, 1,
  // ...): how many streams an archive has is known only once it is read, so whoever numbers
  // partitions over all units does it from (unit, place).
  std::vector<std::unique_ptr<SourceUnit>> Units() override = 0;

  // What was left out so far; complete once every unit was read (archive members are looked at
  // then). Sorted by path.
  virtual std::vector<SkippedInput> skipped() const = 0;

  // Inputs that cannot be read: missing, forbidden, a directory or glob without logs. The others
  // are read all the same. What fails later is the status of ForEachStream or Read.
  virtual std::vector<absl::Status> problems() const = 0;
};

// An error (the first problem, with the number of others) only if nothing at all can be read.
absl::StatusOr<std::unique_ptr<PathSource>> MakePathSource(const std::vector<std::string>& inputs,
                                                           const IngestOptions& options);

}  // namespace culprit
