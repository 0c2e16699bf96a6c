#include "engine/match/rarity.h"

#include <algorithm>
#include <bit>
#include <string>

#include "engine/match/literal.h"

namespace culprit {
namespace {

constexpr double kGramWeight = 0.8;  // trust in counted grams; the rest in the chain of pairs
constexpr uint32_t kLineWeight = 8;  // of a byte of lines, to one of words
constexpr uint32_t kGramFactor = 0x9E3779B1u;  // of the hash of a gram
constexpr size_t kMaxCommon = 4096;
constexpr int kCommonVariants = 4;  // digit variants of a common gram offered to the hash choice

unsigned char Merge(unsigned char c) { return c >= '0' && c <= '9' ? '0' : c; }

// The high bit of each byte that is a digit.
uint32_t DigitsOf(uint32_t gram) {
  constexpr uint32_t kHigh = 0x80808080u;
  const uint32_t from_zero = gram ^ 0x30303030u;
  return ~(((from_zero & ~kHigh) + 0x76767676u) | from_zero) & kHigh;
}

uint32_t MergeDigits(uint32_t gram, uint32_t digits) {
  const uint32_t bytes = (digits >> 7) * 0xFF;
  return (gram & ~bytes) | (0x30303030u & bytes);
}

uint32_t MergeGram(uint32_t gram) { return MergeDigits(gram, DigitsOf(gram)); }

constexpr double kLowDigit = 0.17;  // of all digits one of 0, 1, 2
constexpr double kHighDigit = 0.08;

double DigitShare(uint32_t gram, uint32_t digits) {
  double share = 1;
  for (; digits != 0; digits &= digits - 1) {
    const uint32_t c = (gram >> (__builtin_ctz(digits) - 7)) & 0xFF;
    share *= c <= '2' ? kLowDigit : kHighDigit;
  }
  return share;
}

unsigned char ByteOf(uint32_t gram, int i) {
  return static_cast<unsigned char>((gram >> (8 * i)) & 0xFF);
}

}  // namespace

RarityModel::RarityModel(std::string_view lines, std::string_view words)
    : singles_(256), pairs_(65536) {
  MakeRoom(lines.size() + words.size());
  Learn(lines, kLineWeight);
  Learn(words, 1);
  // No larger than it must be: it is looked up often.
  std::vector<Counted> counted;
  for (const Counted& one : grams_)
    if (one.second != 0) counted.push_back(one);
  MakeRoom(counted.size());
  for (const Counted& one : counted) grams_[PlaceOf(one.first)] = one;
  SetCommon();
}

void RarityModel::MakeRoom(size_t grams) {
  grams_shift_ = 32 - std::bit_width(2 * grams + 1);
  grams_.assign(size_t{1} << (32 - grams_shift_), {});
}

size_t RarityModel::PlaceOf(uint32_t merged) const {
  size_t at = (merged * kGramFactor) >> grams_shift_;
  while (grams_[at].second != 0 && grams_[at].first != merged) at = (at + 1) & (grams_.size() - 1);
  return at;
}

void RarityModel::SetCommon() {
  std::vector<Counted> counted;
  for (const Counted& one : grams_)
    if (one.second != 0) counted.push_back(one);
  std::sort(counted.begin(), counted.end());
  uint32_t state = 1;
  for (const auto& [merged, count] : counted) {
    bool digits = false;
    for (int shift = 0; shift < 32; shift += 8) digits |= ((merged >> shift) & 0xFF) == '0';
    for (int i = 0; i < (digits ? kCommonVariants : 1); ++i) {
      uint32_t gram = merged;
      for (int shift = 0; shift < 32; shift += 8) {
        if (((merged >> shift) & 0xFF) != '0') continue;
        state = state * 1664525u + 1013904223u;
        gram += ((state >> 16) % 10) << shift;
      }
      common_.emplace_back(gram, static_cast<double>(count) / (digits ? kCommonVariants : 1));
    }
  }
  std::sort(common_.begin(), common_.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (common_.size() > kMaxCommon) common_.resize(kMaxCommon);
}

void RarityModel::Learn(std::string_view text, uint32_t weight) {
  total_ += static_cast<double>(text.size()) * weight;
  for (size_t i = 0; i < text.size(); ++i) {
    const unsigned char a = Merge(static_cast<unsigned char>(text[i]));
    singles_[a] += weight;
    if (i + 1 < text.size())
      pairs_[a << 8 | Merge(static_cast<unsigned char>(text[i + 1]))] += weight;
    if (i + kGramBytes > text.size()) continue;
    const uint32_t merged = MergeGram(GramAt(text.data() + i));
    Counted& place = grams_[PlaceOf(merged)];
    place = {merged, place.second + weight};
  }
}

const RarityModel& RarityModel::Builtin() {
  static const RarityModel* model = new RarityModel(RarityLines(), RarityWords());
  return *model;
}

const RarityModel& RarityModel::Folded() {
  const auto fold = [](std::string_view text) {
    std::string folded(text);
    for (char& c : folded) c = static_cast<char>(c | kCaseBit);
    return folded;
  };
  static const RarityModel* model = new RarityModel(fold(RarityLines()), fold(RarityWords()));
  return *model;
}

double RarityModel::Single(unsigned char c) const { return (singles_[c] + 0.05) / (total_ + 1); }

double RarityModel::Bigram(unsigned char a, unsigned char b) const {
  // Unseen successors share what a quarter of a count would give.
  return (pairs_[a << 8 | b] + 0.25 / 96) / (singles_[a] + 0.25);
}

double RarityModel::GramRate(uint32_t gram) const {
  const uint32_t digits = DigitsOf(gram);
  const uint32_t merged = MergeDigits(gram, digits);
  const auto byte = [&](int i) { return ByteOf(merged, i); };
  const double chain = Single(byte(0)) * Bigram(byte(0), byte(1)) * Bigram(byte(1), byte(2)) *
                       Bigram(byte(2), byte(3));
  const double counted = grams_[PlaceOf(merged)].second / (total_ + 1);
  return (kGramWeight * counted + (1 - kGramWeight) * chain) * DigitShare(gram, digits);
}

double RarityModel::OpenGramRate(uint32_t gram, int open) const {
  const uint32_t digits = DigitsOf(gram);
  const uint32_t merged = MergeDigits(gram, digits);
  const auto byte = [&](int i) { return ByteOf(merged, i); };
  double chains = 0;
  double counted = 0;
  for (uint32_t c = 0; c < 256; ++c) {
    const auto self = static_cast<unsigned char>(c);
    if ((c & static_cast<uint32_t>(kCaseBit)) == 0 || Merge(self) != (c & 0xFF)) continue;
    const double share = c == '0' ? 3 * kLowDigit + 7 * kHighDigit : 1;  // stands for all ten
    const uint32_t count = grams_[PlaceOf(merged | c << (8 * open))].second;
    counted += share * count;
    chains += share * (open == 0 ? Single(self) * Bigram(self, byte(1)) : Bigram(byte(2), self));
  }
  const double known =
      open == 0 ? Bigram(byte(2), byte(3)) : Single(byte(0)) * Bigram(byte(0), byte(1));
  chains *= known * Bigram(byte(1), byte(2));
  return (kGramWeight * counted / (total_ + 1) + (1 - kGramWeight) * chains) *
         DigitShare(gram, digits);
}

double RarityModel::PairRate(unsigned char first, unsigned char second) const {
  const auto other_case = [](unsigned char c) {
    return IsAsciiLetter(static_cast<char>(c)) ? static_cast<unsigned char>(c ^ kCaseBit) : c;
  };
  const unsigned char a = Merge(first);
  const unsigned char b = Merge(second);
  double count = 0.05;
  for (const unsigned char x : {a, other_case(a)}) {
    for (const unsigned char y : {b, other_case(b)}) {
      count += pairs_[x << 8 | y];
      if (other_case(b) == b) break;
    }
    if (other_case(a) == a) break;
  }
  return count / (total_ + 1);
}

}  // namespace culprit
