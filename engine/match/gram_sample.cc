#include "engine/match/gram_sample.h"

#include <cstdlib>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace culprit {
namespace {

// Text is prefetched over the next page's border, where processors stop on their own.
constexpr size_t kPrefetch = 4096;

Sampled SamplePlain(const GramTable& table, const char* begin, const char* end, uint16_t* places) {
  const uint8_t* const bytes = table.bytes.data();
  const uint32_t factor = table.factor;
  const int shift = table.shift;
  uint16_t* out = places;
  uint32_t seen = 0;
  uint32_t gram = GramAt(begin);
  uint16_t place = 0;
  for (const char* p = begin; p < end; p += kGroupBytes) {
    __builtin_prefetch(p + kPrefetch);
    for (size_t i = 0; i < kGroupGrams; ++i, ++place) {
      const uint32_t next = GramAt(p + (i + 1) * kGramBytes);
      const uint32_t hash = ((gram | kFold) * factor) ^ (next << (32 - GramTable::kFollowerBits));
      seen |= gram;
      // No branch: where it fires is hard to foresee, and writing costs less than a wrong guess.
      *out = place;
      out += bytes[hash >> shift];
      gram = next;
    }
  }
  return {static_cast<size_t>(out - places), (seen & 0x80808080u) != 0};
}

#if defined(__x86_64__)
// For each mask of eight grams the numbers of those that are set.
struct Unpacked {
  uint8_t numbers[256][8];
};
constexpr Unpacked Unpack() {
  Unpacked unpacked = {};
  for (unsigned mask = 0; mask < 256; ++mask) {
    size_t count = 0;
    for (uint8_t i = 0; i < 8; ++i) {
      if ((mask >> i & 1) != 0) unpacked.numbers[mask][count++] = i;
    }
  }
  return unpacked;
}
constexpr Unpacked kUnpacked = Unpack();

// Hashes eight grams at a time; the table is looked up by plain loads, which no processor does much
// slower than a gather, and most do faster. Indices leave the vector two by two.
__attribute__((target("avx2,popcnt"))) Sampled SampleAvx2(const GramTable& table, const char* begin,
                                                          const char* end, uint16_t* places) {
  const uint8_t* const bytes = table.bytes.data();
  const __m256i factor = _mm256_set1_epi32(static_cast<int>(table.factor));
  const __m256i fold = _mm256_set1_epi32(static_cast<int>(kFold));
  const __m128i shift = _mm_cvtsi32_si128(table.shift);
  const __m128i eight = _mm_set1_epi16(8);
  __m256i seen = _mm256_setzero_si256();
  __m128i place = _mm_setzero_si128();
  uint16_t* out = places;
  for (const char* p = begin; p < end; p += kGroupBytes) {
    __builtin_prefetch(p + kPrefetch);
    alignas(32) uint64_t pairs[kGroupGrams / 2];
    for (size_t half = 0; half < 2; ++half) {
      const char* from = p + half * 32;
      const __m256i grams = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
      const __m256i next = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + kGramBytes));
      seen = _mm256_or_si256(seen, grams);
      const __m256i hash =
          _mm256_xor_si256(_mm256_mullo_epi32(_mm256_or_si256(grams, fold), factor),
                           _mm256_slli_epi32(next, 32 - GramTable::kFollowerBits));
      _mm256_store_si256(reinterpret_cast<__m256i*>(pairs + half * 4),
                         _mm256_srl_epi32(hash, shift));
    }
    uint32_t masks[2] = {0, 0};
#pragma GCC unroll 4
    for (int i = 3; i >= 0; --i) {
      const uint64_t a = pairs[i];
      const uint64_t b = pairs[4 + i];
      masks[0] = masks[0] * 2 + bytes[a >> 32];
      masks[0] = masks[0] * 2 + bytes[static_cast<uint32_t>(a)];
      masks[1] = masks[1] * 2 + bytes[b >> 32];
      masks[1] = masks[1] * 2 + bytes[static_cast<uint32_t>(b)];
    }
    for (const uint32_t mask : masks) {
      const __m128i numbers = _mm_cvtepu8_epi16(
          _mm_loadl_epi64(reinterpret_cast<const __m128i*>(kUnpacked.numbers[mask])));
      _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm_add_epi16(numbers, place));
      out += __builtin_popcount(mask);
      place = _mm_add_epi16(place, eight);
    }
  }
  return {static_cast<size_t>(out - places), _mm256_movemask_epi8(seen) != 0};
}
#endif

}  // namespace

std::vector<SampleFunction> Samplers() {
  std::vector<SampleFunction> samplers = {SamplePlain};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) samplers.push_back(SampleAvx2);
#endif
  return samplers;
}

SampleFunction BestSampler() {
  static const SampleFunction best = Samplers().back();
  return best;
}

}  // namespace culprit
