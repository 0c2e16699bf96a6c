#include "engine/redact/byte_threes.h"

#include <algorithm>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace culprit {
namespace {

// How often a byte stands in a log, in per mille, roughly: decides speed alone.
int Frequency(unsigned char c) {
  constexpr std::string_view kLetters = "etaoinsrhldcumfpgwybvkxjqz";  // the most frequent first
  constexpr std::string_view kMarks = ".:-/_=[]()\",";
  if (c >= '0' && c <= '9') return 20;
  if (c == ' ') return 120;
  if (kMarks.find(static_cast<char>(c)) != std::string_view::npos) return 8;
  const size_t rank = kLetters.find(static_cast<char>(c | 0x20));
  if (rank == std::string_view::npos || c < 'A') return c < 0x80 ? 1 : 0;
  const int lower = static_cast<int>(2 * (kLetters.size() - rank));
  return c >= 'a' ? lower : 1 + lower / 10;
}

const std::array<int, 256>& Frequencies() {
  static const std::array<int, 256> table = [] {
    std::array<int, 256> out = {};
    for (size_t c = 0; c < out.size(); ++c) out[c] = Frequency(static_cast<unsigned char>(c));
    return out;
  }();
  return table;
}

}  // namespace

void ByteThrees::Halves::Add(int set, std::string_view bytes) {
  for (const char c : bytes) {
    low[Index(c) & 15] |= static_cast<uint8_t>(1 << set);
    high[Index(c) >> 4] |= static_cast<uint8_t>(1 << set);
  }
}

double ByteThrees::Halves::Share(int set) const {
  int sum = 0;
  for (size_t h = 0; h < high.size(); ++h) {
    if ((high[h] >> set & 1) == 0) continue;
    for (size_t l = 0; l < low.size(); ++l)
      if ((low[l] >> set & 1) != 0) sum += Frequencies()[h << 4 | l];
  }
  return sum / 1000.0;
}

void ByteThrees::Add(int set, std::string_view first, std::string_view second,
                     std::string_view third) {
  const std::string_view bytes[] = {first, second, third};
  for (size_t i = 0; i < 3; ++i) {
    for (const char c : bytes[i]) classes_[i][Index(c)] |= static_cast<uint8_t>(1 << set);
    halves_[i].Add(set, bytes[i]);
  }
}

double ByteThrees::CostOf(int set, std::string_view first, std::string_view second,
                          std::string_view third) const {
  std::array<Halves, 3> then = halves_;
  then[0].Add(set, first);
  then[1].Add(set, second);
  then[2].Add(set, third);
  const auto share = [&](const std::array<Halves, 3>& h) {
    return h[0].Share(set) * h[1].Share(set) * h[2].Share(set);
  };
  return share(then) - share(halves_);
}

bool ByteThrees::LookPlain(const ByteThrees& threes, std::string_view text, Block* blocks) {
  unsigned seen = 0;
  for (size_t begin = 0; begin < text.size(); begin += kBlock) {
    Block block = {};
    const size_t end = std::min(text.size(), begin + kBlock);
    for (size_t i = begin; i < end; ++i) {
      const uint32_t bit = uint32_t{1} << (i - begin);
      seen |= static_cast<unsigned char>(text[i]);
      if (text[i] >= '0' && text[i] <= '9') block.digits |= bit;
      if (i + 3 <= text.size() && threes.SetsAt(text.data() + i) != 0) block.places |= bit;
    }
    *blocks++ = block;
  }
  return seen < 0x80;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) bool ByteThrees::LookAvx2(const ByteThrees& threes,
                                                          std::string_view text, Block* blocks) {
  __m256i low[3], high[3];
#pragma GCC unroll 3
  for (size_t i = 0; i < 3; ++i) {
    const Halves& halves = threes.halves_[i];
    low[i] = _mm256_broadcastsi128_si256(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(halves.low.data())));
    high[i] = _mm256_broadcastsi128_si256(
        _mm_loadu_si128(reinterpret_cast<const __m128i*>(halves.high.data())));
  }
  constexpr size_t kRead = kBlock + 2;  // bytes for a block's places
  const size_t size = text.size();
  const __m256i half = _mm256_set1_epi8(15);
  const __m256i to_top = _mm256_set1_epi8(INT8_MAX - '9');  // digits become the ten largest
  const __m256i below = _mm256_set1_epi8(INT8_MAX - 10);
  __m256i seen = _mm256_setzero_si256();
  char padded[2 * kBlock] = {};
  if (text.size() < kRead) {
    std::memcpy(padded, text.data(), text.size());
    text = {padded, kRead};
  }
  for (size_t begin = 0; begin < size; begin += kBlock) {
    // The last block is read so that it ends with the text: its bytes come too late.
    const size_t rest = text.size() - begin;
    const size_t late = rest < kRead ? kRead - rest : 0;
    const size_t digits_late = rest < kBlock ? kBlock - rest : 0;
    const char* from = text.data() + begin - late;
    __m256i sets = _mm256_set1_epi8(-1);
#pragma GCC unroll 3
    for (size_t i = 0; i < 3; ++i) {
      const __m256i bytes = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from + i));
      // pshufb makes zero of a byte beyond ASCII: it is in no class.
      const __m256i by_low = _mm256_shuffle_epi8(low[i], bytes);
      const __m256i by_high =
          _mm256_shuffle_epi8(high[i], _mm256_and_si256(_mm256_srli_epi16(bytes, 4), half));
      sets = _mm256_and_si256(sets, _mm256_and_si256(by_low, by_high));
    }
    const __m256i bytes =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text.data() + begin - digits_late));
    seen = _mm256_or_si256(seen, bytes);
    const __m256i none = _mm256_cmpeq_epi8(sets, _mm256_setzero_si256());
    const __m256i digits = _mm256_cmpgt_epi8(_mm256_add_epi8(bytes, to_top), below);
    const uint64_t places = ~static_cast<uint32_t>(_mm256_movemask_epi8(none));
    *blocks++ = {.places = static_cast<uint32_t>(places >> late),
                 .digits = static_cast<uint32_t>(_mm256_movemask_epi8(digits)) >> digits_late};
  }
  return _mm256_movemask_epi8(seen) == 0;
}
#endif

std::vector<ByteThrees::Look> ByteThrees::Looks() {
  std::vector<Look> looks = {LookPlain};
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2")) looks.push_back(LookAvx2);
#endif
  return looks;
}

ByteThrees::Look ByteThrees::BestLook() {
  static const Look best = Looks().back();
  return best;
}

}  // namespace culprit
