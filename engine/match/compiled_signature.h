// A signature's regex, and what is known of it. Thread-safe once set. Private to match/.
#pragma once
#include <re2/re2.h>

#include <atomic>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "engine/match/match_starts.h"
#include "engine/match/signature_set.h"

namespace culprit {

inline re2::StringPiece ToRe2(std::string_view v) { return {v.data(), v.size()}; }

class CompiledSignature {
 public:
  using Groups = std::vector<std::pair<int, std::string>>;

  CompiledSignature() = default;
  CompiledSignature(const CompiledSignature&) = delete;
  CompiledSignature& operator=(const CompiledSignature&) = delete;
  ~CompiledSignature();

  // To be called once, first. InvalidArgument: "file:line: signature id: bad regex: ...". A regex
  // that was checked before is compiled when it is first asked: most are never.
  absl::Status Set(const SignatureSpec& spec);

  bool Matches(std::string_view subject) const {
    return regex().Match(ToRe2(subject), 0, subject.size(), RE2::UNANCHORED, nullptr, 0);
  }
  bool MatchesAt(std::string_view subject, size_t start) const {
    return regex().Match(ToRe2(subject), start, subject.size(), RE2::ANCHOR_START, nullptr, 0);
  }
  // Matches, and fills *out: the leftmost match, then its groups up to the last named one.
  bool Captures(std::string_view subject, std::vector<re2::StringPiece>* out) const;
  // Number and name of the named ones, ascending.
  const Groups& groups() const { return Get().groups; }

  bool has_captures = false;
  SignatureSet::Info info;
  MatchStarts starts;  // if it has groups

 private:
  struct Compiled {
    explicit Compiled(const std::string& pattern);
    RE2 regex;
    Groups groups;
  };

  const RE2& regex() const { return Get().regex; }
  const Compiled& Get() const {
    const Compiled* const compiled = compiled_.load(std::memory_order_acquire);
    return compiled != nullptr ? *compiled : Compile();
  }
  const Compiled& Compile() const;

  std::string pattern_;
  mutable std::atomic<const Compiled*> compiled_ = nullptr;  // owned; set once
};

}  // namespace culprit
