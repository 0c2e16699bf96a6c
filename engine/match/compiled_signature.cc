#include "engine/match/compiled_signature.h"

#include <memory>

#include "absl/strings/str_cat.h"

namespace culprit {
namespace {

constexpr int kMaxStarts = 8;  // tried one by one, before one search replaces them

}  // namespace

CompiledSignature::Compiled::Compiled(const std::string& pattern) : regex(pattern, RE2::Quiet) {
  for (const auto& [number, name] : regex.CapturingGroupNames()) groups.emplace_back(number, name);
}

CompiledSignature::~CompiledSignature() { delete compiled_.load(); }

absl::Status CompiledSignature::Set(const SignatureSpec& spec) {
  pattern_ = spec.regex;
  if (spec.regex_checked || regex().ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      spec.where.file, ":", spec.where.line, ": signature ", spec.id,
      ": bad regex: ", regex().error(), "; expected RE2 syntax, named groups as (?P<name>...)"));
}

// Threads that come at once compile it each; the first one's stays.
const CompiledSignature::Compiled& CompiledSignature::Compile() const {
  auto mine = std::make_unique<const Compiled>(pattern_);
  const Compiled* theirs = nullptr;
  return compiled_.compare_exchange_strong(theirs, mine.get()) ? *mine.release() : *theirs;
}

bool CompiledSignature::Captures(std::string_view subject,
                                 std::vector<re2::StringPiece>* out) const {
  const Compiled& compiled = Get();
  out->resize(compiled.groups.empty() ? 0 : static_cast<size_t>(compiled.groups.back().first) + 1);
  const auto match = [&](size_t start, RE2::Anchor anchor) {
    return compiled.regex.Match(ToRe2(subject), start, subject.size(), anchor, out->data(),
                                static_cast<int>(out->size()));
  };
  if (starts.known()) {
    size_t at = starts.Next(subject, 0);
    for (int i = 0; i < kMaxStarts && at != MatchStarts::kNone; ++i) {
      if (match(at, RE2::ANCHOR_START)) return true;
      at = starts.Next(subject, at + 1);
    }
  }
  return match(0, RE2::UNANCHORED);
}

}  // namespace culprit
