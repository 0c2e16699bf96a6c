// The built-in rules: what a secret looks like. Internal to engine/redact.
#pragma once
#include <string_view>
#include <vector>

namespace culprit {

// Something that stands in a text wherever a rule matches it.
struct Cue {
  enum class Behind {
    kAnything,
    kSpace,       // a \s at once
    kAssignment,  // up to three quotes or backslashes, any \s, then = or :
    kAt,          // somewhere an @
  };
  std::string_view text;  // ASCII, 3 bytes and more; lower case if any case counts
  bool any_case = false;
  Behind behind = Behind::kAnything;
  bool starts_word = false;  // no \w before it

  bool operator==(const Cue&) const = default;
};

struct SecretRule {
  std::string_view name;
  std::string_view regex;  // RE2; the first group is taken out
  // Each match holds one of these, or is a `card` number: digits as the filter looks for them.
  std::vector<Cue> cues;
  // Judges a match further; null: every match counts.
  bool (*accept)(std::string_view match) = nullptr;
  bool card = false;
};

const std::vector<SecretRule>& SecretRules();
const SecretRule& EmailRule();
const SecretRule& Ipv4Rule();
const SecretRule& Ipv6Rule();

// Luhn's check over the digits of `text`, 13 to 19 of them, and an issuer's first digit.
bool IsCardNumber(std::string_view text);

}  // namespace culprit
