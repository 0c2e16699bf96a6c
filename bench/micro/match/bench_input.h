// What the match benches run on. Text: the file named by CULPRIT_BENCH_TEXT (at most 64 MiB), else
// lines made from a seed. Signatures: column 2 of the tab-separated file named by
// CULPRIT_BENCH_SIGNATURES, else the sample signatures of the tests.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/knowledge.h"

namespace culprit {

struct BenchInput {
  std::string bytes;                     // the text and its padding
  std::vector<std::string_view> blocks;  // of about 256 KiB, whole lines
  size_t size = 0;
  std::vector<SignatureSpec> specs;
};

const BenchInput& Input();

}  // namespace culprit
