#include "engine/match/signature_set.h"

#include <re2/re2.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "engine/match/subject.h"

namespace culprit {
namespace {

struct Signature {
  std::unique_ptr<RE2> regex;
  std::vector<std::pair<int, std::string>> groups;  // number and name of the named groups
  SignatureSet::Info info;
};

re2::StringPiece Piece(std::string_view v) { return {v.data(), v.size()}; }

}  // namespace

struct MatchScratch::State {
  std::string subject;
  std::vector<re2::StringPiece> groups;
};

MatchScratch::MatchScratch() : state_(std::make_unique<State>()) {}
MatchScratch::~MatchScratch() = default;
MatchScratch::MatchScratch(MatchScratch&&) noexcept = default;
MatchScratch& MatchScratch::operator=(MatchScratch&&) noexcept = default;

struct SignatureSet::Impl {
  std::vector<Signature> signatures;
};

SignatureSet::SignatureSet(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SignatureSet::~SignatureSet() = default;

absl::StatusOr<std::unique_ptr<const SignatureSet>> SignatureSet::Build(
    const std::vector<SignatureSpec>& specs) {
  auto impl = std::make_unique<Impl>();
  RE2::Options options;
  options.set_log_errors(false);
  for (const SignatureSpec& spec : specs) {
    Signature signature;
    signature.regex = std::make_unique<RE2>(spec.regex, options);
    if (!signature.regex->ok()) {
      return absl::InvalidArgumentError(absl::StrCat(
          spec.where.file, ":", spec.where.line, ": signature ", spec.id, ": bad regex: ",
          signature.regex->error(), "; expected RE2 syntax, named groups as (?P<name>...)"));
    }
    for (const auto& [number, name] : signature.regex->CapturingGroupNames()) {
      signature.groups.emplace_back(number, name);
    }
    signature.info.always_verify = true;
    impl->signatures.push_back(std::move(signature));
  }
  return std::unique_ptr<const SignatureSet>(new SignatureSet(std::move(impl)));
}

void SignatureSet::Scan(std::string_view block, MatchScratch& scratch,
                        std::vector<Hit>* hits) const {
  ScanSlow(block, scratch, hits);
}

void SignatureSet::ScanSlow(std::string_view block, MatchScratch& scratch,
                            std::vector<Hit>* hits) const {
  ForEachLine(block, [&](const char* begin, const char* end) {
    const std::string_view line(begin, end - begin);
    const re2::StringPiece subject = Piece(Subject(line, &scratch.state_->subject));
    for (size_t i = 0; i < impl_->signatures.size(); ++i) {
      if (!impl_->signatures[i].regex->Match(subject, 0, subject.size(), RE2::UNANCHORED, nullptr,
                                             0))
        continue;
      hits->push_back({static_cast<uint32_t>(begin - block.data()),
                       static_cast<uint32_t>(end - block.data()), static_cast<SignatureIndex>(i)});
    }
  });
}

bool SignatureSet::Captures(SignatureIndex signature, std::string_view line, MatchScratch& scratch,
                            CaptureList* out) const {
  const Signature& s = impl_->signatures[signature];
  const re2::StringPiece subject = Piece(Subject(line, &scratch.state_->subject));
  std::vector<re2::StringPiece>& groups = scratch.state_->groups;
  const int count = s.groups.empty() ? 0 : s.groups.back().first + 1;
  groups.resize(count);
  if (!s.regex->Match(subject, 0, subject.size(), RE2::UNANCHORED, groups.data(), count))
    return false;
  out->clear();
  for (const auto& [number, name] : s.groups) {
    const re2::StringPiece& group = groups[number];
    if (group.data() == nullptr) continue;
    out->emplace_back(name, std::string_view(group.data(), group.size()));
  }
  return true;
}

size_t SignatureSet::size() const { return impl_->signatures.size(); }

const SignatureSet::Info& SignatureSet::info(SignatureIndex signature) const {
  return impl_->signatures[signature].info;
}

}  // namespace culprit
