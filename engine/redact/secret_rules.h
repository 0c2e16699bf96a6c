// The built-in rules: what a secret looks like. Internal to engine/redact.
#pragma once
#include <string_view>
#include <vector>

namespace culprit {

struct SecretRule {
  std::string_view name;
  std::string_view regex;  // RE2; the first group is taken out
  // Judges a match further; null: every match counts.
  bool (*accept)(std::string_view match) = nullptr;
};

const std::vector<SecretRule>& SecretRules();
const SecretRule& EmailRule();
const SecretRule& Ipv4Rule();
const SecretRule& Ipv6Rule();

// Luhn's check over the digits of `text`, 13 to 19 of them, and an issuer's first digit.
bool IsCardNumber(std::string_view text);

}  // namespace culprit
