// From patterns to the filters of a CompiledSet: plans each signature's triggers and lays them out.
// Stateless; private to match/.
#pragma once
#include <vector>

#include "engine/core/knowledge.h"
#include "engine/match/compiled_set.h"

namespace culprit {

// `set` has a signature for each of `specs`, and nothing else yet.
void BuildFilters(const std::vector<SignatureSpec>& specs, CompiledSet* set);

}  // namespace culprit
