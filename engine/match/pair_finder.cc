#include "engine/match/pair_finder.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace culprit {

void PairFinder::Add(char first, char second, uint32_t tag) {
  const Pair pair = {static_cast<uint8_t>(first | kCase), static_cast<uint8_t>(second | kCase),
                     tag};
  pairs_.push_back(pair);
  const bool known = std::any_of(needles_.begin(), needles_.end(), [&](const Needle& needle) {
    return needle.first == pair.first && needle.second == pair.second;
  });
  if (!known) needles_.push_back({pair.first, pair.second});
}

#if defined(__x86_64__)
namespace {

template <typename Needle>
__attribute__((target("avx2"))) uint32_t NextAvx2(const std::vector<Needle>& needles,
                                                  const char** p, const char* end) {
  const __m256i fold = _mm256_set1_epi8(0x20);
  for (; *p < end; *p += 32) {
    const auto* at = reinterpret_cast<const __m256i*>(*p);
    const auto* next = reinterpret_cast<const __m256i*>(*p + 1);
    const __m256i first = _mm256_or_si256(_mm256_loadu_si256(at), fold);
    const __m256i second = _mm256_or_si256(_mm256_loadu_si256(next), fold);
    __m256i any = _mm256_setzero_si256();
    for (const Needle& needle : needles) {
      const __m256i a = _mm256_cmpeq_epi8(first, _mm256_set1_epi8(static_cast<char>(needle.first)));
      const __m256i b =
          _mm256_cmpeq_epi8(second, _mm256_set1_epi8(static_cast<char>(needle.second)));
      any = _mm256_or_si256(any, _mm256_and_si256(a, b));
    }
    const auto mask = static_cast<uint32_t>(_mm256_movemask_epi8(any));
    if (mask != 0) return mask;
  }
  return 0;
}

}  // namespace
#endif

uint32_t PairFinder::NextChunk(const char** p, const char* end) const {
#if defined(__x86_64__)
  static const bool kAvx2 = __builtin_cpu_supports("avx2");
  if (kAvx2 && !plain_) return NextAvx2(needles_, p, end);
#endif
  for (; *p < end; *p += kChunk) {
    uint32_t mask = 0;
    for (size_t i = 0; i < kChunk; ++i) {
      const auto first = static_cast<uint8_t>((*p)[i] | kCase);
      const auto second = static_cast<uint8_t>((*p)[i + 1] | kCase);
      for (const Needle& needle : needles_) {
        if (needle.first == first && needle.second == second) mask |= 1u << i;
      }
    }
    if (mask != 0) return mask;
  }
  return 0;
}

}  // namespace culprit
