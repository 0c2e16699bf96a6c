#include "engine/redact/rule_filter.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <algorithm>
#include <bit>
#include <cassert>
#include <cctype>
#include <cstring>

namespace culprit {
namespace {

static_assert(std::endian::native == std::endian::little);

// (?i) matches these too, for s and k.
constexpr std::string_view kLongS = "\xC5\xBF";
constexpr std::string_view kKelvin = "\xE2\x84\xAA";

constexpr size_t kLeastCue = 3;
constexpr size_t kLeastCardDigits = 13;

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v'); }  // \s of RE2
bool IsWord(char c) { return IsLetter(c) || IsDigit(c) || c == '_'; }               // \w

uint64_t Load64(const char* p) {
  uint64_t value = 0;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

// 16 bytes of a text. Bit i of `digits`: the i-th is a digit.
struct Sixteen {
  uint32_t digits = 0;
  bool ascii = true;
};

#if defined(__SSE2__)
Sixteen LookAt(const char* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  // Digits become the ten largest values.
  const __m128i moved = _mm_add_epi8(bytes, _mm_set1_epi8(INT8_MAX - '9'));
  const __m128i digits = _mm_cmpgt_epi8(moved, _mm_set1_epi8(INT8_MAX - 10));
  return {static_cast<uint32_t>(_mm_movemask_epi8(digits)), _mm_movemask_epi8(bytes) == 0};
}
#else
Sixteen LookAt(const char* p) {
  Sixteen out;
  for (int i = 0; i < 16; ++i) {
    out.digits |= IsDigit(p[i]) ? 1u << i : 0;
    out.ascii = out.ascii && static_cast<unsigned char>(p[i]) < 0x80;
  }
  return out;
}
#endif

// A card number's digits begin at `place`: 13 or more, single separators between them.
bool MayBeCard(std::string_view text, size_t place) {
  if (text[place] < '2' || text[place] > '6') return false;
  if (place > 0) {
    const char before = text[place - 1];
    if (IsLetter(before) || IsDigit(before) || before == '.' || before == '-') return false;
  }
  size_t digits = 0;
  bool separated = false;
  for (; place < text.size() && digits < kLeastCardDigits; ++place) {
    const char c = text[place];
    if (IsDigit(c)) {
      ++digits;
      separated = false;
    } else if ((c == ' ' || c == '-') && !separated) {
      separated = true;
    } else {
      break;
    }
  }
  return digits >= kLeastCardDigits;
}

struct Contents {
  bool ascii = true;
  bool card = false;
};

// Card numbers begin with four digits, perhaps a separator, and four more.
Contents Look(std::string_view text) {
  Contents out;
  uint32_t digits = 0;  // of the last 32 bytes; the older ones are the lower bits
  const size_t size = text.size();
  for (size_t i = 0; i < size + 16; i += 16) {
    Sixteen bytes;
    if (i + 16 <= size) {
      bytes = LookAt(text.data() + i);
    } else if (i < size) {
      char rest[16] = {};
      std::memcpy(rest, text.data() + i, size - i);
      bytes = LookAt(rest);
    }
    out.ascii = out.ascii && bytes.ascii;
    digits = digits >> 16 | bytes.digits << 16;
    const uint32_t pairs = digits & digits >> 1;
    const uint32_t fours = pairs & pairs >> 2;
    uint32_t begins = fours & (fours >> 4 | fours >> 5) & 0xFFFF;
    for (; begins != 0 && !out.card; begins &= begins - 1)
      out.card = MayBeCard(text, i - 16 + static_cast<size_t>(std::countr_zero(begins)));
  }
  return out;
}

// How often a byte stands in a log, roughly: which part of a cue is looked for decides speed alone.
int Frequency(char c) {
  constexpr std::string_view kLetters = "etaoinsrhldcumfpgwybvkxjqz";  // the most frequent first
  const size_t rank = kLetters.find(static_cast<char>(std::tolower(static_cast<unsigned char>(c))));
  return rank == std::string_view::npos ? 2 : 27 - static_cast<int>(rank);
}

size_t RarestThree(std::string_view cue) {
  size_t best = 0;
  int least = INT32_MAX;
  for (size_t i = 0; i + kLeastCue <= cue.size(); ++i) {
    const int cost = Frequency(cue[i + 1]) * (Frequency(cue[i]) + Frequency(cue[i + 2]));
    if (cost < least) best = i;
    least = std::min(least, cost);
  }
  return best;
}

bool StandsAt(const Cue& cue, std::string_view text, size_t place) {
  if (text.size() - place < cue.text.size()) return false;
  for (size_t i = 0; i < cue.text.size(); ++i) {
    const char c = text[place + i];
    if (c == cue.text[i]) continue;
    if (!cue.any_case || !IsLetter(c) || static_cast<char>(c | 0x20) != cue.text[i]) return false;
  }
  if (cue.starts_word && place > 0 && IsWord(text[place - 1])) return false;
  std::string_view rest = text.substr(place + cue.text.size());
  switch (cue.behind) {
    case Cue::Behind::kAnything:
      return true;
    case Cue::Behind::kSpace:
      return !rest.empty() && IsSpace(rest.front());
    case Cue::Behind::kAt:
      return rest.find('@') != std::string_view::npos;
    case Cue::Behind::kAssignment:
      break;
  }
  for (int i = 0; i < 3 && !rest.empty(); ++i) {
    if (rest.front() != '"' && rest.front() != '\'' && rest.front() != '\\') break;
    rest.remove_prefix(1);
  }
  while (!rest.empty() && IsSpace(rest.front())) rest.remove_prefix(1);
  return !rest.empty() && (rest.front() == '=' || rest.front() == ':');
}

}  // namespace

RuleFilter::RuleFilter(const std::vector<SecretRule>& rules) {
  assert(rules.size() <= kMaxRules);
  for (size_t i = 0; i < rules.size(); ++i) {
    const uint64_t bit = uint64_t{1} << i;
    all_ |= bit;
    if (rules[i].card) cards_ |= bit;
    for (const Cue& cue : rules[i].cues) {
      KnownCue* known = nullptr;
      for (KnownCue& other : cues_)
        if (other.cue == cue) known = &other;
      if (known == nullptr) known = &cues_.emplace_back(KnownCue{.cue = cue});
      known->rules |= bit;
    }
  }
  std::array<std::vector<Pair>, kBuckets> buckets;
  for (size_t i = 0; i < cues_.size(); ++i) {
    assert(cues_[i].cue.text.size() >= kLeastCue);
    const size_t three = RarestThree(cues_[i].cue.text);
    AddPair(i, three, &buckets);
    AddPair(i, three + 1, &buckets);
  }
  for (size_t i = 0; i < kBuckets; ++i) {
    bucket_begin_[i] = static_cast<uint16_t>(bucket_pairs_.size());
    bucket_pairs_.insert(bucket_pairs_.end(), buckets[i].begin(), buckets[i].end());
  }
  bucket_begin_[kBuckets] = static_cast<uint16_t>(bucket_pairs_.size());
}

// The same for a letter in either case.
size_t RuleFilter::BucketOf(char a, char b) {
  return static_cast<size_t>((a & 31) << 5 | (b & 31));
}

void RuleFilter::AddPair(size_t cue, size_t offset,
                         std::array<std::vector<Pair>, kBuckets>* buckets) {
  const Cue& known = cues_[cue].cue;
  const char a = known.text[offset];
  const char b = known.text[offset + 1];
  (*buckets)[BucketOf(a, b)].push_back({static_cast<uint16_t>(cue), static_cast<uint16_t>(offset)});
  const auto upper = [&](char c, bool want) {
    return static_cast<unsigned char>(want && known.any_case && IsLetter(c) ? c & ~0x20 : c);
  };
  for (int which = 0; which < 4; ++which) {
    const uint64_t pair = upper(a, (which & 1) != 0) | upper(b, (which & 2) != 0) << 8;
    pairs_[pair >> 6] |= uint64_t{1} << (pair & 63);
  }
}

// The rules of cues of which the pair at `place` is a part, added to those found.
uint64_t RuleFilter::At(std::string_view text, size_t place, uint64_t found) const {
  const size_t bucket = BucketOf(text[place], text[place + 1]);
  for (size_t i = bucket_begin_[bucket]; i < bucket_begin_[bucket + 1]; ++i) {
    const Pair& pair = bucket_pairs_[i];
    const KnownCue& known = cues_[pair.cue];
    if (place < pair.offset || (known.rules & ~found) == 0) continue;
    if (StandsAt(known.cue, text, place - pair.offset)) found |= known.rules;
  }
  return found;
}

uint64_t RuleFilter::MayMatch(std::string_view text) const {
  const Contents contents = Look(text);
  if (!contents.ascii &&
      (text.find(kLongS) != std::string_view::npos || text.find(kKelvin) != std::string_view::npos))
    return all_;
  uint64_t found = contents.card ? cards_ : 0;
  size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    const uint64_t bytes = Load64(text.data() + i);
    const bool any = HasPair(bytes & 0xFFFF) | HasPair(bytes >> 16 & 0xFFFF) |
                     HasPair(bytes >> 32 & 0xFFFF) | HasPair(bytes >> 48);
    if (!any) continue;
    for (size_t j = 0; j < 8; j += 2)
      if (HasPair(bytes >> (8 * j) & 0xFFFF)) found = At(text, i + j, found);
  }
  for (; i + 2 <= text.size(); i += 2) {
    const auto low = static_cast<unsigned char>(text[i]);
    const auto high = static_cast<unsigned char>(text[i + 1]);
    if (HasPair(low | uint64_t{high} << 8)) found = At(text, i, found);
  }
  return found;
}

}  // namespace culprit
