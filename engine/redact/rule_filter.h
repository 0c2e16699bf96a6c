// Which of the built-in rules can match a text at all: a cheap pass over its bytes before any
// regex. A rule whose cues (secret_rules.h) are not in the text cannot match; the others may.
// Immutable once built; share by const&, any thread. Internal to engine/redact.
//
// How: of each cue three neighbouring bytes, as two pairs; one of them stands at an even place of
// the text, so every second byte is enough. The table of pairs is 8 KiB.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/redact/secret_rules.h"

namespace culprit {

class RuleFilter {
 public:
  static constexpr size_t kMaxRules = 64;

  // At most kMaxRules.
  explicit RuleFilter(const std::vector<SecretRule>& rules);

  // Bit i: the i-th rule may match. Allocates nothing.
  uint64_t MayMatch(std::string_view text) const;

 private:
  static constexpr size_t kBuckets = 1024;

  struct KnownCue {
    Cue cue;
    uint64_t rules = 0;  // bits
  };
  struct Pair {  // of a cue
    uint16_t cue = 0;
    uint16_t offset = 0;
  };

  static size_t BucketOf(char a, char b);
  bool HasPair(uint64_t pair) const { return (pairs_[pair >> 6] >> (pair & 63) & 1) != 0; }
  void AddPair(size_t cue, size_t offset, std::array<std::vector<Pair>, kBuckets>* buckets);
  uint64_t At(std::string_view text, size_t place, uint64_t found) const;

  uint64_t all_ = 0;    // every rule
  uint64_t cards_ = 0;  // those for card numbers
  std::vector<KnownCue> cues_;
  std::array<uint64_t, 1024> pairs_ = {};              // bits, by the two bytes as they are loaded
  std::array<uint16_t, kBuckets + 1> bucket_begin_{};  // in bucket_pairs_
  std::vector<Pair> bucket_pairs_;
};

}  // namespace culprit
