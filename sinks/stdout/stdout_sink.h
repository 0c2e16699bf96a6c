// Standard output: what a person reads, or JSON Lines. One thread at a time.
#pragma once
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "engine/core/sink.h"

namespace culprit {

struct StdoutSinkConfig {
  std::string name = "stdout";
  std::string format = "text";  // or jsonl
  std::string text;             // template, plain text; empty: built in
};

absl::StatusOr<std::unique_ptr<Sink>> MakeStdoutSink(const StdoutSinkConfig& config);

}  // namespace culprit
