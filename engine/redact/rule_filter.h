// Which of the built-in rules can match a text at all: a cheap pass over its bytes before any
// regex. A rule whose cues (secret_rules.h) are not in the text cannot match; the others may.
// Immutable once built; share by const&, any thread. Internal to engine/redact.
//
// How: of each cue the three neighbouring bytes that logs have least often, of a cue before an
// assignment those up to its = or :, which logs have less often than the letters of words. All are
// looked for at once (byte_threes.h), and the cue itself where they stand.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/redact/byte_threes.h"
#include "engine/redact/secret_rules.h"

namespace culprit {

class RuleFilter {
 public:
  static constexpr size_t kMaxRules = 64;

  // At most kMaxRules.
  explicit RuleFilter(const std::vector<SecretRule>& rules);

  // Bit i: the i-th rule may match. Allocates nothing. `look`: one of ByteThrees::Looks().
  uint64_t MayMatch(std::string_view text) const { return MayMatch(text, ByteThrees::BestLook()); }
  uint64_t MayMatch(std::string_view text, ByteThrees::Look look) const;

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
  using Buckets = std::array<std::vector<Pair>, kBuckets>;

  static size_t BucketOf(char a, char b);
  static bool EndsInAssignment(const Cue& cue);
  // Sees to it that the cue is looked for, and returns where in it the pair is that is then known.
  size_t AddAssigned(const Cue& cue);
  size_t AddRarestThree(const Cue& cue);
  // The rules of the cues that stand where the threes of `sets` at `place` may be a part of them,
  // or of which the pair at `place` is a part, added to those found.
  uint64_t AtThree(std::string_view text, size_t place, unsigned sets, uint64_t found) const;
  uint64_t AtPair(std::string_view text, size_t place, uint64_t found) const;

  uint64_t all_ = 0;    // every rule
  uint64_t cards_ = 0;  // those for card numbers
  std::vector<KnownCue> cues_;
  ByteThrees threes_;
  std::array<uint16_t, kBuckets + 1> bucket_begin_{};  // in bucket_pairs_
  std::vector<Pair> bucket_pairs_;
};

}  // namespace culprit
