#include "engine/match/gram_window.h"

#include <limits>

namespace culprit {
namespace {

// Both per byte of text: a quarter of the places is looked at, and a 64 Ki table is assumed.
constexpr double kSampled = 1.0 / kGramStride;
constexpr double kPollution = kSampled / 65536;  // collisions with one more gram in the table

double WildRate(const WindowGram& gram, const RarityModel& model) {
  double rate = 0;
  for (const uint32_t one : ExpandGram(gram)) rate += model.GramRate(one) * kSampled + kPollution;
  return rate;
}

}  // namespace

std::vector<uint32_t> ExpandGram(const WindowGram& gram) {
  if (gram.wild < 0) return {gram.gram};
  std::vector<uint32_t> grams;
  for (uint32_t c = 0; c < 256; ++c) {
    if ((c & 0x20) == 0) continue;
    const uint32_t mask = 0xFFu << (8 * gram.wild);
    grams.push_back((gram.gram & ~mask) | c << (8 * gram.wild));
  }
  return grams;
}

size_t CountWindows(size_t literal_size) {
  if (literal_size >= 7) return literal_size - 6;
  if (literal_size == 6) return 2;  // the odd byte before it, or behind it
  return literal_size == 5 ? 1 : 0;
}

GramWindow WindowAt(std::string_view literal, size_t i) {
  GramWindow window;
  const int size = static_cast<int>(literal.size());
  // 5 bytes: offsets -1..2 are the only way in which no gram lacks more than one byte.
  int first = static_cast<int>(i);
  if (size == 6) first = static_cast<int>(i) - 1;
  if (size == 5) first = -1;
  for (int k = 0; k < kGramStride; ++k) {
    WindowGram& gram = window.grams[k];
    gram.offset = first + k;
    char bytes[kGramBytes];
    for (int j = 0; j < static_cast<int>(kGramBytes); ++j) {
      const int at = gram.offset + j;
      const bool inside = at >= 0 && at < size;
      bytes[j] = inside ? literal[at] : '\0';
      if (!inside) gram.wild = j;
    }
    gram.gram = GramAt(bytes);
  }
  return window;
}

GramWindow BestWindow(std::string_view literal, const RarityModel& model) {
  GramWindow best;
  best.cost = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < CountWindows(literal.size()); ++i) {
    GramWindow window = WindowAt(literal, i);
    for (const WindowGram& gram : window.grams) {
      window.cost +=
          gram.wild < 0 ? model.GramRate(gram.gram) * kSampled + kPollution : WildRate(gram, model);
    }
    if (window.cost < best.cost) best = window;
  }
  return best;
}

}  // namespace culprit
