// Vectorscan over whole blocks for the literals that culprit's own scan looks for.
#pragma once
#include <memory>
#include <vector>

#include "bench/macro/yardsticks.h"

namespace culprit::bench {

// Raw (hits are counted, nothing else), or with RE2's verdict on the lines that hold a literal.
// Null if Vectorscan is not built in.
std::unique_ptr<Yardstick> MakeVectorscan(const std::vector<SignatureSpec>& specs, bool verify);

}  // namespace culprit::bench
