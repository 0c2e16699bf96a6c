// 64-bit hash that is the same in every process and on every machine: template ids, which keys stay
// when a bound is hit. Not for security. Stateless, any thread.
#pragma once
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace culprit {

constexpr uint64_t MixHash(uint64_t h, uint64_t v) {
  h = (h ^ v) * 0x9E3779B97F4A7C15ull;
  h ^= h >> 32;
  h *= 0xD6E8FEB86659FD93ull;
  return h ^ (h >> 29);
}

inline uint64_t StableHash(std::string_view text, uint64_t seed = 0) {
  static_assert(std::endian::native == std::endian::little);
  uint64_t h = MixHash(seed, text.size());
  const char* p = text.data();
  size_t n = text.size();
  for (; n >= 8; p += 8, n -= 8) {
    uint64_t v;
    std::memcpy(&v, p, 8);
    h = MixHash(h, v);
  }
  if (n > 0) {
    uint64_t v = 0;
    std::memcpy(&v, p, n);
    h = MixHash(h, v);
  }
  return h;
}

}  // namespace culprit
