// Texts that match signatures (or nearly do), to be planted among ordinary lines. Built once; the
// picks are a function of the random numbers given.
#pragma once
#include <re2/re2.h>

#include <memory>
#include <string>
#include <vector>

#include "bench/gen/rng.h"
#include "bench/gen/signature_file.h"

namespace culprit::bench {

class Planted {
 public:
  // Variants of every sample: other digits where the signature still matches.
  Planted(const std::vector<BenchSignature>& signatures, Rng& rng);

  // A text that some signature matches; signatures are picked by a skewed law, as failures are.
  const std::string& Pick(Rng& rng) const;
  // A text one letter away from that, which no signature matches.
  const std::string& PickNearMiss(Rng& rng) const;
  bool MatchesAny(const std::string& line) const;

  void MakeNearMisses(Rng& rng);

 private:
  std::vector<std::unique_ptr<RE2>> regexes_;
  std::vector<std::vector<std::string>> texts_;  // by signature
  std::vector<double> cumulative_;
  std::vector<std::string> near_misses_;
};

}  // namespace culprit::bench
