#include "bench/gen/signature_file.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <utility>

namespace culprit::bench {

std::vector<BenchSignature> ReadSignatures(const std::string& path) {
  std::ifstream in(path);
  std::vector<BenchSignature> signatures;
  std::string line;
  while (std::getline(in, line)) {
    std::vector<std::string> columns;
    for (size_t at = 0; at <= line.size();) {
      const size_t tab = std::min(line.find('\t', at), line.size());
      columns.push_back(line.substr(at, tab - at));
      at = tab + 1;
    }
    if (columns.size() < 3) {
      std::fprintf(stderr, "%s:%zu: expected id, regex and samples, tab-separated\n", path.c_str(),
                   signatures.size() + 1);
      std::exit(2);
    }
    BenchSignature signature{columns[0], columns[1], {}};
    signature.samples.assign(columns.begin() + 2, columns.end());
    signatures.push_back(std::move(signature));
  }
  if (signatures.empty()) {
    std::fprintf(stderr, "%s: no signatures\n", path.c_str());
    std::exit(2);
  }
  return signatures;
}

std::vector<SignatureSpec> ToSpecs(const std::vector<BenchSignature>& signatures) {
  std::vector<SignatureSpec> specs(signatures.size());
  for (size_t i = 0; i < specs.size(); ++i) {
    specs[i].id = signatures[i].id;
    specs[i].regex = signatures[i].regex;
  }
  return specs;
}

}  // namespace culprit::bench
