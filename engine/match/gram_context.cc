#include "engine/match/gram_context.h"

#include <algorithm>
#include <cstring>

namespace culprit {
namespace {

constexpr size_t kWordBytes = 8;
constexpr uint64_t kFoldWord = 0x2020202020202020u;
constexpr size_t kBitsPerMember = 64;  // of the hashed sets
constexpr size_t kPlacesPerTag = 8;

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

// Which low bits the literal's byte at `at` may have: one bit each.
uint32_t Neighbour(const Literal& literal, int at) {
  if (at < 0 || at >= static_cast<int>(literal.size())) return 0xFF;
  return 1u << (literal.text[static_cast<size_t>(at)] & 7);
}

}  // namespace

void GramContext::WordSet::Build() {
  std::vector<uint64_t> members = std::move(words);
  const int bits = BitsFor(members.size() * kBitsPerMember, 10);
  shift = 64 - bits;
  words.assign((size_t{1} << bits) / 64, 0);
  for (const uint64_t word : members) {
    const uint64_t at = (word * kFactor) >> shift;
    words[at / 64] |= uint64_t{1} << (at % 64);
  }
}

void GramContext::TagMap::Add(uint32_t gram, uint32_t nearest, uint32_t second) {
  filling_.emplace_back(gram, nearest | second << 8);
}

void GramContext::TagMap::Build() {
  const int bits = BitsFor(filling_.size() * kPlacesPerTag, 10);
  shift_ = 32 - bits;
  tags_.assign(size_t{1} << bits, 0);
  for (const auto& [gram, tag] : filling_) {
    tags_[(gram * 0x85EBCA6Bu) >> shift_] |= static_cast<uint16_t>(tag);
  }
  filling_.clear();
}

void GramContext::Add(uint32_t gram, int offset, const Literal& literal) {
  const int size = static_cast<int>(literal.size());
  const int end = offset + static_cast<int>(kGramBytes);
  if (offset >= 0 && offset + static_cast<int>(kWordBytes) <= size) {
    behind_.words.push_back(WordAt(literal.text.data() + offset));
  } else {
    tags_behind_.Add(gram, Neighbour(literal, end), Neighbour(literal, end + 1));
  }
  if (offset >= static_cast<int>(kGramBytes) && end <= size) {
    before_.words.push_back(WordAt(literal.text.data() + offset - kGramBytes));
  } else {
    tags_before_.Add(gram, Neighbour(literal, offset - 1), Neighbour(literal, offset - 2));
  }
}

void GramContext::Build() {
  behind_.Build();
  before_.Build();
  tags_behind_.Build();
  tags_before_.Build();
}

size_t GramContext::KeepBehind(const char* from, uint16_t* places, size_t count) const {
  size_t kept = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint16_t place = places[i];
    const uint64_t word = WordAt(from + place * kGramBytes);
    places[kept] = place;
    kept +=
        static_cast<size_t>(behind_.Has(word)) |
        static_cast<size_t>(tags_behind_.Has(static_cast<uint32_t>(word), word >> 32, word >> 40));
  }
  return kept;
}

size_t GramContext::KeepBefore(const char* begin, const char* from, uint16_t* places,
                               size_t count) const {
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
    kept += static_cast<size_t>(before_.Has(word)) |
            static_cast<size_t>(
                tags_before_.Has(static_cast<uint32_t>(word >> 32), word >> 24, word >> 16));
  }
  return kept;
}

}  // namespace culprit
