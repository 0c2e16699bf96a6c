// The generators' random numbers: SplitMix64, the same on every machine for the same seed.
// Not thread-safe.
#pragma once
#include <cstdint>
#include <iterator>
#include <string_view>

namespace culprit::bench {

class Rng {
 public:
  explicit Rng(uint64_t seed) : state_(seed) {}
  uint64_t Next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
  }
  // 0 <= result < n.
  uint32_t Below(uint32_t n) { return static_cast<uint32_t>(((Next() >> 32) * n) >> 32); }
  double Unit() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  template <typename List>
  auto& Pick(List& list) {
    return list[Below(static_cast<uint32_t>(std::size(list)))];
  }

 private:
  uint64_t state_;
};

}  // namespace culprit::bench
