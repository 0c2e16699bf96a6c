// The benches' signature file: one signature per line, tab-separated: id, regex, sample texts. Each
// sample matches its regex, bare and in the middle of a line. Reading ends the process on a bad
// file: these are command line tools.
#pragma once
#include <string>
#include <vector>

#include "engine/core/knowledge.h"

namespace culprit::bench {

struct BenchSignature {
  std::string id;
  std::string regex;
  std::vector<std::string> samples;
};

std::vector<BenchSignature> ReadSignatures(const std::string& path);
std::vector<SignatureSpec> ToSpecs(const std::vector<BenchSignature>& signatures);

}  // namespace culprit::bench
