// Random RE2 patterns and random log lines that nearly match them. Seeded by the caller.
#pragma once
#include <random>
#include <string>
#include <vector>

namespace culprit {

class PatternGenerator {
 public:
  explicit PatternGenerator(uint64_t seed) : random_(seed) {}

  // A pattern of a few words and operators; RE2 may refuse it.
  std::string Pattern();
  // Text for lines: fragments of the same words, cases changed, escaped for JSON, or broken.
  std::string Text(size_t lines);

 private:
  size_t Below(size_t n) { return random_() % n; }
  std::string Word();
  std::string Piece(int depth);
  std::string Fragment();
  std::string EscapeJson(const std::string& text, bool all);

  std::mt19937_64 random_;
};

}  // namespace culprit
