// How often four bytes stand in ordinary log text: which literal makes a cheap trigger. Only speed
// depends on it, never what matches. Immutable after first use; any thread may call.
#pragma once
#include <cstdint>
#include <cstring>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace culprit {

constexpr size_t kGramBytes = 4;
constexpr uint32_t kGramFold = 0x20202020u;  // letters lose their case, other bytes merge in pairs

// The folded gram at p.
inline uint32_t GramAt(const char* p) {
  uint32_t gram;
  std::memcpy(&gram, p, kGramBytes);
  return gram | kGramFold;
}

class RarityModel {
 public:
  // Learns from `text`, whose digits stand for any digits.
  explicit RarityModel(std::string_view text);

  // The model of the log lines in rarity_text.cc.
  static const RarityModel& Builtin();

  // Estimated occurrences of a folded gram per byte of text.
  double GramRate(uint32_t gram) const;
  // Estimated occurrences per byte of two adjacent folded bytes.
  double PairRate(unsigned char first, unsigned char second) const;
  // Common grams with their rates, in a fixed order: what a hash should not collide with.
  const std::vector<std::pair<uint32_t, double>>& common() const { return common_; }

 private:
  double Bigram(unsigned char a, unsigned char b) const;

  double total_ = 0;
  std::vector<uint32_t> singles_;                 // by folded byte, digits merged
  std::vector<uint32_t> pairs_;                   // by two of them
  std::unordered_map<uint32_t, uint32_t> grams_;  // digits merged
  std::vector<std::pair<uint32_t, double>> common_;
};

// Log lines as many systems print them, written for this model.
std::string_view RarityText();

}  // namespace culprit
