// Any bytes as a block, against a fixed set of signatures: the prefilter neither loses nor invents
// a hit.
#include <cstdint>

#include "tests/fuzz/match/same_hits.h"
#include "tests/unit/match/sample_signatures.h"

namespace culprit {
namespace {

std::unique_ptr<const SignatureSet> BuildSamples() {
  std::vector<SignatureSpec> specs;
  for (const std::string& regex : SampleSignatures()) {
    specs.emplace_back();
    specs.back().regex = regex;
  }
  auto set = SignatureSet::Build(specs);
  if (!set.ok()) std::abort();
  return *std::move(set);
}

}  // namespace
}  // namespace culprit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto* set = culprit::BuildSamples().release();
  static auto* scratch = new culprit::MatchScratch;
  culprit::RequireSameHits(*set, {reinterpret_cast<const char*>(data), size}, *scratch);
  return 0;
}
