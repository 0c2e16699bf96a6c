// A command of the user's: the notification as JSON on its standard input. One thread at a time.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/sink.h"

namespace culprit {

struct ExecSinkConfig {
  std::string name = "exec";
  std::vector<std::string> command;  // program and arguments; no shell
  // Then the command and all that it started are killed.
  DurationUs timeout = 10 * kSecondUs;
};

// Exit code 0: delivered. 65, 77, 78 (data, permission, configuration), 126 and 127 (cannot be
// run): rejected. Others, signals, time-out: retried.
absl::StatusOr<std::unique_ptr<Sink>> MakeExecSink(const ExecSinkConfig& config);

}  // namespace culprit
