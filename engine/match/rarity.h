// How often four bytes stand in ordinary log text: which literal makes a cheap trigger. Only speed
// depends on it, never what matches. Immutable after first use; any thread may call.
#pragma once
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

namespace culprit {

constexpr size_t kGramBytes = 4;

// The gram at p.
inline uint32_t GramAt(const char* p) {
  uint32_t gram;
  std::memcpy(&gram, p, kGramBytes);
  return gram;
}

class RarityModel {
 public:
  // Learns from lines and, with less weight, from words they are made of. Digits stand for any
  // digits.
  RarityModel(std::string_view lines, std::string_view words);

  // The model of the log lines in rarity_text.cc.
  static const RarityModel& Builtin();
  // The same lines with the case bit set in all bytes: for grams that do not tell case.
  static const RarityModel& Folded();

  // Estimated occurrences of a gram per byte of text.
  double GramRate(uint32_t gram) const;
  // The sum of GramRate over all grams that are like this one but for the byte at `open` (0 or 3,
  // where it has 0), which may be any with the case bit.
  double OpenGramRate(uint32_t gram, int open) const;
  // Estimated occurrences per byte of two adjacent bytes, in any case.
  double PairRate(unsigned char first, unsigned char second) const;
  // Weighted bytes learned from.
  double size() const { return total_; }
  // The most common grams with their counts, in a fixed order: what a hash should not collide with.
  const std::vector<std::pair<uint32_t, double>>& common() const { return common_; }

 private:
  using Counted = std::pair<uint32_t, uint32_t>;  // a gram with merged digits, and its count

  void Learn(std::string_view text, uint32_t weight);
  void SetCommon();
  void MakeRoom(size_t grams);
  size_t PlaceOf(uint32_t merged) const;  // in grams_: of its count, or where that belongs
  double Single(unsigned char c) const;
  double Bigram(unsigned char a, unsigned char b) const;

  double total_ = 0;
  std::vector<uint32_t> singles_;  // by byte, digits merged
  std::vector<uint32_t> pairs_;    // by two of them
  std::vector<Counted> grams_;     // a hash table with open addressing; count 0: free
  int grams_shift_ = 0;
  std::vector<std::pair<uint32_t, double>> common_;
};

// Log lines as many systems print them, and words of such lines; written for this model.
std::string_view RarityLines();
std::string_view RarityWords();

}  // namespace culprit
