// Re-reads a piece of a stream by the name and offset that reports cite: `file` or
// `archive!member`, and a byte of the decoded stream (after decompression and unwrapping).
// Blocking; any thread.
#pragma once
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace culprit {

// Bytes [offset, offset + length), fewer at the end of the stream. NotFound if there is no such
// stream.
absl::StatusOr<std::string> ReadStreamRange(const std::string& name, uint64_t offset,
                                            uint64_t length);

}  // namespace culprit
