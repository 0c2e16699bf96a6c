#include "engine/match/gram_context.h"

#include <cstring>

namespace culprit {
namespace {

constexpr size_t kWordBytes = 8;
constexpr uint64_t kFoldWord = 0x2020202020202020u;
constexpr size_t kPlacesPerMember = 16;  // of the hashed sets
constexpr size_t kPlacesPerTag = 8;

using WordSet = GramContext::WordSet;
using TagMap = GramContext::TagMap;

uint64_t WordAt(const char* p) {
  uint64_t word;
  std::memcpy(&word, p, kWordBytes);
  return word | kFoldWord;
}

// The least power of two that is at least `size`, as its exponent.
int BitsFor(size_t size, int least) {
  int bits = least;
  while ((size_t{1} << bits) < size) ++bits;
  return bits;
}

// The tag of a gram whose neighbours are the literal's bytes at `one` and `other`.
uint32_t TagOf(const Literal& literal, int one, int other) {
  const auto bits = [&](int at) {
    const bool known = at >= 0 && at < static_cast<int>(literal.size());
    return known ? 1u << (literal.text[static_cast<size_t>(at)] & 7) : 0xFFu;
  };
  return bits(one) | bits(other) << 8;
}

__attribute__((always_inline)) inline size_t Behind(const WordSet& words, const TagMap& tags,
                                                    const char* from, uint16_t* places,
                                                    size_t count) {
  size_t kept = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint16_t place = places[i];
    const uint64_t word = WordAt(from + place * kGramBytes);
    places[kept] = place;
    kept += words.Has(word) | tags.Has(static_cast<uint32_t>(word), word >> 40, word >> 48);
  }
  return kept;
}

__attribute__((always_inline)) inline size_t Before(const WordSet& words, const TagMap& tags,
                                                    const char* begin, const char* from,
                                                    uint16_t* places, size_t count) {
  size_t kept = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint16_t place = places[i];
    const char* const p = from + place * kGramBytes;
    places[kept] = place;
    if (p == begin) {  // nothing is known before the block
      ++kept;
      continue;
    }
    const uint64_t word = WordAt(p - kGramBytes);
    kept += words.Has(word) | tags.Has(static_cast<uint32_t>(word >> 32), word >> 24, word >> 16);
  }
  return kept;
}

#if defined(__x86_64__)
// The same with shifts that need no fixed register.
__attribute__((target("bmi,bmi2"))) size_t BehindBmi(const WordSet& words, const TagMap& tags,
                                                     const char* from, uint16_t* places,
                                                     size_t count) {
  return Behind(words, tags, from, places, count);
}
__attribute__((target("bmi,bmi2"))) size_t BeforeBmi(const WordSet& words, const TagMap& tags,
                                                     const char* begin, const char* from,
                                                     uint16_t* places, size_t count) {
  return Before(words, tags, begin, from, places, count);
}
const bool kBmi = __builtin_cpu_supports("bmi2") != 0;
#endif

}  // namespace

void GramContext::WordSet::Build() {
  const int bits = BitsFor(filling.size() * kPlacesPerMember, 10);
  shift = 64 - bits;
  bytes.assign(size_t{1} << bits, 0);
  for (const uint64_t word : filling) bytes[(word * 0x9E3779B97F4A7C15u) >> shift] = 1;
  filling = {};
}

void GramContext::TagMap::Build() {
  const int bits = BitsFor(filling.size() * kPlacesPerTag, 10);
  shift = 32 - bits;
  tags.assign(size_t{1} << bits, 0);
  for (const auto& [gram, tag] : filling) {
    tags[(gram * 0x85EBCA6Bu) >> shift] |= static_cast<uint16_t>(tag);
  }
  filling = {};
}

void GramContext::Add(uint32_t gram, int offset, const Literal& literal) {
  const int size = static_cast<int>(literal.size());
  const int end = offset + static_cast<int>(kGramBytes);
  if (offset >= 0 && offset + static_cast<int>(kWordBytes) <= size) {
    behind_.filling.push_back(WordAt(literal.text.data() + offset));
  } else {
    tags_behind_.filling.emplace_back(gram, TagOf(literal, end + 1, end + 2));
  }
  if (offset >= static_cast<int>(kGramBytes) && end <= size) {
    before_.filling.push_back(WordAt(literal.text.data() + offset - kGramBytes));
  } else {
    tags_before_.filling.emplace_back(gram, TagOf(literal, offset - 1, offset - 2));
  }
}

void GramContext::Build() {
  behind_.Build();
  before_.Build();
  tags_behind_.Build();
  tags_before_.Build();
}

size_t GramContext::KeepBehind(const char* from, uint16_t* places, size_t count) const {
#if defined(__x86_64__)
  if (kBmi) return BehindBmi(behind_, tags_behind_, from, places, count);
#endif
  return Behind(behind_, tags_behind_, from, places, count);
}

size_t GramContext::KeepBefore(const char* begin, const char* from, uint16_t* places,
                               size_t count) const {
#if defined(__x86_64__)
  if (kBmi) return BeforeBmi(before_, tags_before_, begin, from, places, count);
#endif
  return Before(before_, tags_before_, begin, from, places, count);
}

}  // namespace culprit
