// A whole replay: inputs -> scan -> reason -> Report.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/report.h"
#include "engine/core/source.h"
#include "engine/pipeline/reason.h"
#include "engine/pipeline/scan.h"

namespace culprit {

// Knowledge and its compiled signatures: built once, shared by any number of replays.
struct Engine {
  std::shared_ptr<const Knowledge> knowledge;
  std::unique_ptr<const SignatureSet> signatures;
  std::unique_ptr<const NameResolver> names;
  std::unique_ptr<const Redactor> redactor;  // null: nothing is taken out

  static absl::StatusOr<Engine> Build(std::shared_ptr<const Knowledge> knowledge,
                                      const RedactOptions& redact = RedactOptions());
};

struct ReplayOptions {
  ScanOptions scan;
  ReasonOptions reason;
  size_t log_memory_bytes = size_t{48} << 20;
  // Tests: added to all times of the stream of that name.
  std::map<std::string, DurationUs> skew_by_stream;
};

enum class ReplayPhase { kScan, kReason };

// `units` are read to their end. Inputs that fail are in Report::streams with their error.
absl::StatusOr<Report> Replay(std::vector<std::unique_ptr<SourceUnit>> units, const Engine& engine,
                              const ReplayOptions& options, ScanProgress* progress,
                              const std::function<void(ReplayPhase, double)>& on_phase);

// Texts as a source: (name, bytes) pairs, one stream each. For scenarios and tests.
std::vector<std::unique_ptr<SourceUnit>> MemoryUnits(
    std::vector<std::pair<std::string, std::string>> streams);

}  // namespace culprit
