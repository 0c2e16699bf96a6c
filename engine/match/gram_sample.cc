#include "engine/match/gram_sample.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>

#include "engine/match/lines.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace culprit {
namespace {

Sampled SamplePlain(const GramBitmap& bitmap, const char* begin, const char* end, GramSpot* spots) {
  const uint32_t* const words = bitmap.words.data();
  const uint32_t factor = bitmap.factor;
  const int shift = bitmap.shift;
  GramSpot* out = spots;
  uint32_t seen = 0;
  uint16_t group = 0;
  for (const char* p = begin; p < end; p += kGroupBytes, ++group) {
    uint32_t grams = 0;
    for (int i = kGroupGrams - 1; i >= 0; --i) {
      const uint32_t gram = GramAt(p + static_cast<size_t>(i) * kGramBytes);
      const uint32_t next = GramAt(p + (static_cast<size_t>(i) + 1) * kGramBytes);
      const uint32_t follower = (next & 7) | (next >> 5 & 0x18);
      seen |= gram;
      grams = grams * 2 + (words[(gram * factor) >> shift] >> follower & 1);
    }
    // No branch: where it fires is hard to foresee, and writing costs less than a wrong guess.
    *out = {group, static_cast<uint16_t>(grams)};
    out += grams != 0;
  }
  return {static_cast<size_t>(out - spots), (seen & 0x80808080u) != 0};
}

#if defined(__x86_64__)
// Eight grams at a time, and what follows each; bit i of the result: the i-th is of the set.
__attribute__((target("avx2"), always_inline)) inline uint32_t LookUp8(const int* words,
                                                                       __m256i text, __m256i next,
                                                                       __m256i factor,
                                                                       __m128i shift) {
  const __m256i hash = _mm256_srl_epi32(_mm256_mullo_epi32(text, factor), shift);
  const __m256i word = _mm256_i32gather_epi32(words, hash, 4);
  const __m256i follower =
      _mm256_or_si256(_mm256_and_si256(next, _mm256_set1_epi32(7)),
                      _mm256_and_si256(_mm256_srli_epi32(next, 5), _mm256_set1_epi32(0x18)));
  // The follower's bit goes to the sign.
  const __m256i bit = _mm256_xor_si256(follower, _mm256_set1_epi32(31));
  return static_cast<uint32_t>(
      _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_sllv_epi32(word, bit))));
}

__attribute__((target("avx2"))) Sampled SampleGather(const GramBitmap& bitmap, const char* begin,
                                                     const char* end, GramSpot* spots) {
  const auto* const words = reinterpret_cast<const int*>(bitmap.words.data());
  const __m256i factor = _mm256_set1_epi32(static_cast<int>(bitmap.factor));
  const __m128i shift = _mm_cvtsi32_si128(bitmap.shift);
  __m256i seen = _mm256_setzero_si256();
  GramSpot* out = spots;
  uint16_t group = 0;
  for (const char* p = begin; p < end; p += kGroupBytes, ++group) {
    const __m256i low = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    const __m256i high = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 32));
    seen = _mm256_or_si256(seen, _mm256_or_si256(low, high));
    const __m256i low_next = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 4));
    const __m256i high_next = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p + 36));
    const uint32_t grams = LookUp8(words, low, low_next, factor, shift) |
                           LookUp8(words, high, high_next, factor, shift) << 8;
    *out = {group, static_cast<uint16_t>(grams)};
    out += grams != 0;
  }
  return {static_cast<size_t>(out - spots), _mm256_movemask_epi8(seen) != 0};
}
#endif

SampleFunction Measure() {
  const std::vector<SampleFunction> samplers = Samplers();
  // Instruction counts need the same choice every time (bench/gate).
  const char* forced = getenv("CULPRIT_SAMPLER");
  if (samplers.size() == 1 || (forced != nullptr && strcmp(forced, "plain") == 0))
    return samplers[0];
  GramBitmap bitmap;
  bitmap.factor = 0x9E3779B1u;
  bitmap.words.resize(size_t{1} << (32 - bitmap.shift));
  std::string text;
  for (uint32_t i = 0; text.size() < 8192; ++i) {
    text += static_cast<char>((i * 2654435761u) >> 25);
  }
  text.append(kBlockPadding, ' ');
  std::vector<GramSpot> spots(text.size() / kGroupBytes + 2);
  SampleFunction best = samplers[0];
  auto least = std::chrono::steady_clock::duration::max();
  for (int round = 0; round < 5; ++round) {
    for (const SampleFunction sampler : samplers) {
      const auto start = std::chrono::steady_clock::now();
      sampler(bitmap, text.data(), text.data() + text.size() - kBlockPadding, spots.data());
      const auto took = std::chrono::steady_clock::now() - start;
      if (took >= least) continue;
      least = took;
      best = sampler;
    }
  }
  return best;
}

}  // namespace

std::vector<SampleFunction> Samplers() {
  std::vector<SampleFunction> samplers = {SamplePlain};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) samplers.push_back(SampleGather);
#endif
  return samplers;
}

SampleFunction BestSampler() {
  static const SampleFunction best = Measure();
  return best;
}

}  // namespace culprit
