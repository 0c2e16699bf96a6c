#include "bench/gen/planted.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace culprit::bench {
namespace {

constexpr int kVariants = 12;   // of each sample
constexpr int kNearMisses = 6;  // of each signature

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Digits of runs of two and more are changed, but for the first of each run.
std::string Vary(std::string text, Rng& rng) {
  for (size_t i = 1; i < text.size(); ++i)
    if (IsDigit(text[i]) && IsDigit(text[i - 1])) text[i] = static_cast<char>('0' + rng.Below(10));
  return text;
}

}  // namespace

Planted::Planted(const std::vector<BenchSignature>& signatures, Rng& rng) {
  double total = 0;
  for (size_t i = 0; i < signatures.size(); ++i) {
    const BenchSignature& signature = signatures[i];
    auto regex = std::make_unique<RE2>(signature.regex, RE2::Quiet);
    if (!regex->ok()) {
      std::fprintf(stderr, "%s: %s\n", signature.id.c_str(), regex->error().c_str());
      std::exit(2);
    }
    std::vector<std::string> texts;
    for (const std::string& sample : signature.samples) {
      texts.push_back(sample);
      for (int k = 1; k < kVariants; ++k) {
        std::string varied = Vary(sample, rng);
        if (RE2::PartialMatch(varied, *regex)) texts.push_back(std::move(varied));
      }
    }
    texts_.push_back(std::move(texts));
    regexes_.push_back(std::move(regex));
    total += 1.0 / static_cast<double>(1 + (i * 7) % signatures.size());
    cumulative_.push_back(total);
  }
}

const std::string& Planted::Pick(Rng& rng) const {
  const double x = rng.Unit() * cumulative_.back();
  const auto at = std::lower_bound(cumulative_.begin(), cumulative_.end(), x) - cumulative_.begin();
  return rng.Pick(texts_[static_cast<size_t>(at)]);
}

bool Planted::MatchesAny(const std::string& line) const {
  return std::any_of(regexes_.begin(), regexes_.end(),
                     [&](const auto& regex) { return RE2::PartialMatch(line, *regex); });
}

void Planted::MakeNearMisses(Rng& rng) {
  for (size_t i = 0; i < texts_.size(); ++i) {
    int made = 0;
    for (int attempt = 0; attempt < 40 && made < kNearMisses; ++attempt) {
      std::string text = rng.Pick(texts_[i]);
      re2::StringPiece match;
      if (!regexes_[i]->Match(text, 0, text.size(), RE2::UNANCHORED, &match, 1) || match.empty())
        continue;
      char& c = text[static_cast<size_t>(match.data() - text.data()) +
                     rng.Below(static_cast<uint32_t>(match.size()))];
      if (c == ' ') continue;
      c = static_cast<char>('g' + rng.Below(16));
      if (MatchesAny(text)) continue;
      near_misses_.push_back(std::move(text));
      ++made;
    }
  }
  if (near_misses_.empty()) {
    std::fprintf(stderr, "no near misses can be made of these signatures\n");
    std::exit(2);
  }
}

const std::string& Planted::PickNearMiss(Rng& rng) const { return rng.Pick(near_misses_); }

}  // namespace culprit::bench
