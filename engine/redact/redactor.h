// Secrets in log text: found and taken out before anything is kept, sent or shown.
//
// Immutable once built; share by const&, any thread. Text goes through here where the scan half
// decides to keep it (lines, captures, messages to mine), so state, sinks, reports and API never
// hold the original. The files that culprit reads are not touched.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace culprit {

struct RedactRule {
  std::string name;   // shown in the text: [REDACTED:name]
  std::string regex;  // RE2; its first group, if it has one, is what is taken out, else all of it
};

struct RedactOptions {
  bool secrets = true;  // keys, tokens, passwords, JWTs, private keys, card numbers
  bool emails = false;
  bool ips = false;               // addresses; their ports stay
  std::vector<RedactRule> rules;  // besides
};

class Redactor {
 public:
  // InvalidArgument: a rule's regex or name.
  static absl::StatusOr<std::unique_ptr<const Redactor>> Make(const RedactOptions& options);
  virtual ~Redactor() = default;

  struct Span {
    size_t begin = 0;
    size_t end = 0;
    std::string_view name;  // of the rule
  };
  // Sets *spans to what is secret in `text`, ascending, without overlaps. Text without any costs
  // a pass over its bytes (rule_filter.h), and one of a DFA if there are rules besides the
  // secrets'.
  virtual void Find(std::string_view text, std::vector<Span>* spans) const = 0;
  // The same, slowly: every rule looks for itself. The oracle of Find.
  virtual void FindSlow(std::string_view text, std::vector<Span>* spans) const = 0;

  // `text` with each secret replaced by [REDACTED:name]. Doing it again changes nothing.
  std::string Clean(std::string_view text) const;

  // Overwrites each secret in *text with asterisks: for bytes whose places matter (the rest of a
  // stream that is kept from block to block).
  void Mask(std::string* text) const;
};

// Replaces the spans of `text`.
std::string ReplaceSpans(std::string_view text, const std::vector<Redactor::Span>& spans);

}  // namespace culprit
