#include "engine/match/rarity.h"

#include <algorithm>
#include <map>
#include <string>

#include "engine/match/literal.h"

namespace culprit {
namespace {

constexpr double kGramWeight = 0.8;  // trust in counted grams; the rest in the chain of pairs
constexpr uint32_t kLineWeight = 8;  // of a byte of lines, to one of words
constexpr size_t kMaxCommon = 4096;
constexpr int kCommonVariants = 4;  // digit variants of a common gram offered to the hash choice

unsigned char Merge(unsigned char c) { return c >= '0' && c <= '9' ? '0' : c; }

uint32_t MergeGram(uint32_t gram) {
  uint32_t merged = 0;
  for (int shift = 0; shift < 32; shift += 8) {
    merged |= static_cast<uint32_t>(Merge((gram >> shift) & 0xFF)) << shift;
  }
  return merged;
}

double DigitShare(uint32_t gram) {
  double share = 1;
  for (int shift = 0; shift < 32; shift += 8) {
    const uint32_t c = (gram >> shift) & 0xFF;
    if (c >= '0' && c <= '9') share *= c <= '2' ? 0.17 : 0.08;
  }
  return share;
}

}  // namespace

RarityModel::RarityModel(std::string_view lines, std::string_view words)
    : singles_(256), pairs_(65536) {
  Learn(lines, kLineWeight);
  Learn(words, 1);
  uint32_t state = 1;
  for (const auto& [merged, count] : std::map<uint32_t, uint32_t>(grams_.begin(), grams_.end())) {
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
    if (i + kGramBytes <= text.size()) grams_[MergeGram(GramAt(text.data() + i))] += weight;
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

double RarityModel::Bigram(unsigned char a, unsigned char b) const {
  // Unseen successors share what a quarter of a count would give.
  return (pairs_[a << 8 | b] + 0.25 / 96) / (singles_[a] + 0.25);
}

double RarityModel::GramRate(uint32_t gram) const {
  const uint32_t merged = MergeGram(gram);
  const auto byte = [&](int i) { return static_cast<unsigned char>((merged >> (8 * i)) & 0xFF); };
  const double chain = (singles_[byte(0)] + 0.05) / (total_ + 1) * Bigram(byte(0), byte(1)) *
                       Bigram(byte(1), byte(2)) * Bigram(byte(2), byte(3));
  const auto it = grams_.find(merged);
  const double counted = it == grams_.end() ? 0 : it->second / (total_ + 1);
  return (kGramWeight * counted + (1 - kGramWeight) * chain) * DigitShare(gram);
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
