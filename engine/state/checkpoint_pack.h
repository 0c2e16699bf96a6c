// Checkpoints as they are stored: one zstd frame. They are mostly log lines and names, so a fifth
// is left, and packing takes less time than writing the rest would. Pure.
#pragma once
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace culprit {

// Empty stays empty.
std::string PackCheckpoint(std::string_view bytes);
// What was stored before checkpoints were packed comes back as it is. DataLoss: damaged, or longer
// than any checkpoint (4 GiB).
absl::StatusOr<std::string> UnpackCheckpoint(std::string_view stored);

}  // namespace culprit
