#include "engine/match/gram_sample.h"

#include <algorithm>
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
  const auto groups = static_cast<size_t>(end - begin + kGroupBytes - 1) / kGroupBytes;
  return {.places = static_cast<size_t>(out - places),
          .newlines = static_cast<size_t>(std::count(begin, begin + groups * kGroupBytes, '\n')),
          .non_ascii = (seen & 0x80808080u) != 0};
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
  const __m256i newline = _mm256_set1_epi8('\n');
  __m256i seen = _mm256_setzero_si256();
  __m256i newlines = _mm256_setzero_si256();  // by byte: two in each group, 128 groups at most
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
      newlines = _mm256_sub_epi8(newlines, _mm256_cmpeq_epi8(grams, newline));
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
  const __m256i sums = _mm256_sad_epu8(newlines, _mm256_setzero_si256());
  return {.places = static_cast<size_t>(out - places),
          .newlines = static_cast<size_t>(_mm256_extract_epi64(sums, 0)) +
                      static_cast<size_t>(_mm256_extract_epi64(sums, 1)) +
                      static_cast<size_t>(_mm256_extract_epi64(sums, 2)) +
                      static_cast<size_t>(_mm256_extract_epi64(sums, 3)),
          .non_ascii = _mm256_movemask_epi8(seen) != 0};
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"  // of GCC's own header
// Sixteen at a time, and for the same money the classes of the second followers.
__attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi2,popcnt"))) Sampled SampleAvx512(
    const GramTable& table, const char* begin, const char* end, uint16_t* places) {
  const uint8_t* const classes = table.classes.data();
  const __m512i factor = _mm512_set1_epi32(static_cast<int>(table.factor));
  const __m512i fold = _mm512_set1_epi32(static_cast<int>(kFold));
  const __m512i one = _mm512_set1_epi32(1);
  const __m512i seven = _mm512_set1_epi32(7);
  const __m512i newline = _mm512_set1_epi8('\n');
  const __m256i sixteen = _mm256_set1_epi16(kGroupGrams);
  const __m128i shift = _mm_cvtsi32_si128(table.shift);
  __m512i seen = _mm512_setzero_si512();
  __m256i place = _mm256_setr_epi16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  size_t newlines = 0;
  uint16_t* out = places;
  for (const char* p = begin; p < end; p += kGroupBytes) {
    __builtin_prefetch(p + kPrefetch);
    const __m512i grams = _mm512_loadu_si512(p);
    const __m512i next = _mm512_loadu_si512(p + kGramBytes);
    seen = _mm512_or_si512(seen, grams);
    newlines += static_cast<size_t>(__builtin_popcountll(_mm512_cmpeq_epi8_mask(grams, newline)));
    const __m512i hash = _mm512_xor_si512(_mm512_mullo_epi32(_mm512_or_si512(grams, fold), factor),
                                          _mm512_slli_epi32(next, 32 - GramTable::kFollowerBits));
    const __m512i found = _mm512_i32gather_epi32(_mm512_srl_epi32(hash, shift), classes, 1);
    const __m512i second = _mm512_and_si512(_mm512_srli_epi32(next, 8), seven);
    const __mmask16 mask = _mm512_test_epi32_mask(found, _mm512_sllv_epi32(one, second));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(out), _mm256_maskz_compress_epi16(mask, place));
    out += __builtin_popcount(mask);
    place = _mm256_add_epi16(place, sixteen);
  }
  return {.places = static_cast<size_t>(out - places),
          .newlines = newlines,
          .non_ascii = _mm512_movepi8_mask(seen) != 0};
}

#pragma GCC diagnostic pop

// Gathers of Intel's processors pay for what was found to leak in them; AMD's do not.
bool GathersAreCheap() {
  return __builtin_cpu_is("amd") && __builtin_cpu_supports("avx512vbmi2") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
}
#endif

}  // namespace

std::vector<Sampler> Samplers() {
  std::vector<Sampler> samplers = {{.run = SamplePlain}};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) samplers.push_back({.run = SampleAvx2});
  if (GathersAreCheap()) samplers.push_back({.run = SampleAvx512, .asks_classes = true});
#endif
  return samplers;
}

SampleFunction BestSampler() {
  static const SampleFunction best = Samplers().back().run;
  return best;
}

}  // namespace culprit
