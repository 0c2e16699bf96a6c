// How much compressed bytes from a network may unpack to: what protects against zip bombs. Pure.
#pragma once
#include <algorithm>
#include <cstdint>

namespace culprit {

// Bytes. Small inputs compress best, so the ratio does not bind below 1 MiB.
inline uint64_t UnpackLimit(uint64_t packed, uint64_t max_ratio, uint64_t max_bytes) {
  constexpr uint64_t kRatioFloor = 1 << 20;
  return std::min(max_bytes, std::max(kRatioFloor, packed * max_ratio));
}

}  // namespace culprit
