// Helpers of the match tests: building sets, padded blocks, fast against slow.
#pragma once
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/match/signature_set.h"

namespace culprit {

inline std::vector<SignatureSpec> SpecsOf(const std::vector<std::string>& regexes) {
  std::vector<SignatureSpec> specs;
  for (const std::string& regex : regexes) {
    SignatureSpec spec;
    spec.id = "test/s" + std::to_string(specs.size());
    spec.regex = regex;
    spec.where = {"pack.yaml", static_cast<int>(specs.size()) + 10};
    specs.push_back(spec);
  }
  return specs;
}

inline std::unique_ptr<const SignatureSet> BuildSet(const std::vector<std::string>& regexes) {
  auto set = SignatureSet::Build(SpecsOf(regexes));
  EXPECT_TRUE(set.ok()) << set.status();
  return set.ok() ? *std::move(set) : nullptr;
}

// The block in memory of its own, at an odd address, with exactly the promised padding, which holds
// `filler`: sanitizers see a read too far, and what lies behind must not matter.
class PaddedBlock {
 public:
  explicit PaddedBlock(std::string_view text, char filler = '\xA5')
      : bytes_(static_cast<char*>(std::malloc(1 + text.size() + kBlockPadding))),
        size_(text.size()) {
    text.copy(bytes_ + 1, size_);
    std::fill_n(bytes_ + 1 + size_, kBlockPadding, filler);
  }
  ~PaddedBlock() { std::free(bytes_); }
  PaddedBlock(const PaddedBlock&) = delete;
  PaddedBlock& operator=(const PaddedBlock&) = delete;
  std::string_view view() const { return {bytes_ + 1, size_}; }

 private:
  char* bytes_;
  size_t size_;
};

inline std::string Show(std::string_view block, const std::vector<Hit>& hits) {
  std::string out;
  for (const Hit& hit : hits) {
    out += std::to_string(hit.line_begin) + "+" + std::to_string(hit.line_end - hit.line_begin) +
           " s" + std::to_string(hit.signature) + " |" +
           std::string(
               block.substr(hit.line_begin, std::min<size_t>(hit.line_end - hit.line_begin, 200))) +
           "|\n";
  }
  return out;
}

// Scan and ScanSlow agree on `text`; returns the number of hits.
inline size_t ExpectSameHits(const SignatureSet& set, std::string_view text,
                             MatchScratch& scratch) {
  const PaddedBlock block(text);
  std::vector<Hit> fast;
  std::vector<Hit> slow;
  set.Scan(block.view(), scratch, &fast);
  set.ScanSlow(block.view(), scratch, &slow);
  bool same = fast.size() == slow.size();
  for (size_t i = 0; same && i < fast.size(); ++i) {
    same = fast[i].line_begin == slow[i].line_begin && fast[i].line_end == slow[i].line_end &&
           fast[i].signature == slow[i].signature;
  }
  if (!same) {
    // Only the difference, else nobody can read it.
    const auto differs = [](std::vector<Hit> a, const std::vector<Hit>& b) {
      std::erase_if(a, [&](const Hit& hit) {
        for (const Hit& other : b) {
          if (hit.line_begin == other.line_begin && hit.line_end == other.line_end &&
              hit.signature == other.signature) {
            return true;
          }
        }
        return false;
      });
      if (a.size() > 5) a.resize(5);
      return a;
    };
    ADD_FAILURE() << "lost:\n"
                  << Show(block.view(), differs(slow, fast)) << "invented:\n"
                  << Show(block.view(), differs(fast, slow)) << "fast " << fast.size() << ", slow "
                  << slow.size();
  }
  return slow.size();
}

}  // namespace culprit
