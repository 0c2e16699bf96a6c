// The first lines up to an empty one are patterns, the rest is the block: no pattern may be
// misread.
#include <cstdint>

#include "tests/fuzz/match/same_hits.h"

namespace {

constexpr size_t kMaxPatterns = 4;
constexpr size_t kMaxPattern = 100;
constexpr size_t kMaxText = 4000;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<culprit::SignatureSpec> specs;
  while (specs.size() < kMaxPatterns) {
    const size_t newline = rest.find('\n');
    if (newline == std::string_view::npos) return 0;
    const std::string_view regex = rest.substr(0, newline);
    rest.remove_prefix(newline + 1);
    if (regex.empty()) break;
    if (regex.size() > kMaxPattern) return 0;
    specs.emplace_back();
    specs.back().regex = std::string(regex);
  }
  const auto set = culprit::SignatureSet::Build(specs);
  if (!set.ok()) return 0;
  culprit::MatchScratch scratch;
  culprit::RequireSameHits(**set, rest.substr(0, kMaxText), scratch);
  return 0;
}
