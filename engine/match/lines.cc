#include "engine/match/lines.h"

#include <algorithm>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace culprit {
namespace {

size_t CountPlain(const char* p, const char* end) { return std::count(p, end, '\n'); }

#if defined(__x86_64__)
__attribute__((target("avx2"))) size_t CountAvx2(const char* p, const char* end) {
  const __m256i newline = _mm256_set1_epi8('\n');
  const __m256i zero = _mm256_setzero_si256();
  __m256i sums = zero;
  size_t total = 0;
  while (end - p >= 32) {
    // A byte counter holds 255 rounds.
    const size_t rounds = std::min<size_t>((end - p) / 32, 255);
    __m256i counts = zero;
    for (size_t i = 0; i < rounds; ++i, p += 32) {
      const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
      counts = _mm256_sub_epi8(counts, _mm256_cmpeq_epi8(v, newline));
    }
    sums = _mm256_add_epi64(sums, _mm256_sad_epu8(counts, zero));
  }
  alignas(32) long long lanes[4];
  _mm256_store_si256(reinterpret_cast<__m256i*>(lanes), sums);
  for (long long lane : lanes) total += static_cast<size_t>(lane);
  return total + CountPlain(p, end);
}
#endif

}  // namespace

size_t CountLines(std::string_view block) {
  const char* p = block.data();
#if defined(__x86_64__)
  static const bool kAvx2 = __builtin_cpu_supports("avx2");
  if (kAvx2) return CountAvx2(p, p + block.size());
#endif
  return CountPlain(p, p + block.size());
}

}  // namespace culprit
