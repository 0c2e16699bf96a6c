#include "engine/match/signature_set.h"

#include "engine/base/status.h"
#include "engine/match/compiled_set.h"
#include "engine/match/set_builder.h"
#include "engine/match/subject.h"

namespace culprit {

MatchScratch::MatchScratch() : state_(std::make_unique<MatchState>()) {}
MatchScratch::~MatchScratch() = default;
MatchScratch::MatchScratch(MatchScratch&&) noexcept = default;
MatchScratch& MatchScratch::operator=(MatchScratch&&) noexcept = default;

SignatureSet::SignatureSet(std::unique_ptr<const CompiledSet> set) : set_(std::move(set)) {}
SignatureSet::~SignatureSet() = default;

absl::StatusOr<std::unique_ptr<const SignatureSet>> SignatureSet::Build(
    const std::vector<SignatureSpec>& specs) {
  auto set = std::make_unique<CompiledSet>();
  set->signatures = std::vector<CompiledSignature>(specs.size());
  for (size_t i = 0; i < specs.size(); ++i)
    CULPRIT_RETURN_IF_ERROR(set->signatures[i].Set(specs[i]));
  BuildFilters(specs, set.get());
  return std::unique_ptr<const SignatureSet>(new SignatureSet(std::move(set)));
}

void SignatureSet::ScanSlow(std::string_view block, MatchScratch& scratch,
                            std::vector<Hit>* hits) const {
  ForEachLine(block, [&](const char* begin, const char* end) {
    const std::string_view line(begin, static_cast<size_t>(end - begin));
    const std::string_view subject = Subject(line, &scratch.state_->subject);
    for (size_t i = 0; i < set_->signatures.size(); ++i) {
      if (!set_->signatures[i].Matches(subject)) continue;
      hits->push_back({static_cast<uint32_t>(begin - block.data()),
                       static_cast<uint32_t>(end - block.data()), static_cast<SignatureIndex>(i)});
    }
  });
}

bool SignatureSet::Captures(SignatureIndex signature, std::string_view line, MatchScratch& scratch,
                            CaptureList* out) const {
  const CompiledSignature& compiled = set_->signatures[signature];
  const std::string_view subject = Subject(line, &scratch.state_->subject);
  std::vector<re2::StringPiece>& groups = scratch.state_->groups;
  if (!compiled.Captures(subject, &groups)) return false;
  out->clear();
  for (const auto& [number, name] : compiled.groups()) {
    const re2::StringPiece& group = groups[static_cast<size_t>(number)];
    if (group.data() == nullptr) continue;
    out->emplace_back(name, std::string_view(group.data(), group.size()));
  }
  return true;
}

bool SignatureSet::HasCaptures(SignatureIndex signature) const {
  return set_->signatures[signature].has_captures;
}

size_t SignatureSet::size() const { return set_->signatures.size(); }

const SignatureSet::Info& SignatureSet::info(SignatureIndex signature) const {
  return set_->signatures[signature].info;
}

}  // namespace culprit
