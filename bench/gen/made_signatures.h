// Signatures beyond the shipped ones, for sets of up to thousands: literals with captures, such as
// people write for an application's own messages. Distinct and the same for the same seed.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "bench/gen/signature_file.h"

namespace culprit::bench {

std::vector<BenchSignature> MakeSignatures(size_t count, uint64_t seed);

}  // namespace culprit::bench
