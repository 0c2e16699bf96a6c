// Which bytes of a literal the sampled-gram filter looks for. Stateless; private to match/.
#pragma once
#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/match/rarity.h"

namespace culprit {

constexpr int kGramStride = 4;  // one gram is looked at every so many bytes

// A gram of the window, and where it stands from the literal's start. May begin one byte before the
// literal or end one byte behind it: then `wild` is the index of the byte not known, else -1.
struct WindowGram {
  uint32_t gram = 0;  // folded; the wild byte is 0
  int offset = 0;
  int wild = -1;
};

// Four grams at consecutive offsets, so that one of them is looked at wherever the literal stands.
struct GramWindow {
  WindowGram grams[kGramStride];
  double cost = 0;  // probes that fire, per byte of text
};

// The distinct folded grams a window gram stands for: 1, or 128 if it has a wild byte.
std::vector<uint32_t> ExpandGram(const WindowGram& gram);

// Number of windows a literal has; 0 below 5 bytes.
size_t CountWindows(size_t literal_size);
// The i-th of them, cost not set.
GramWindow WindowAt(std::string_view literal, size_t i);

// The window whose grams are rarest by the model.
GramWindow BestWindow(std::string_view literal, const RarityModel& model);

}  // namespace culprit
