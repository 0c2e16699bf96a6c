// Signatures as packs have them: about sixty regexes of many shapes, and a line for each that it
// matches.
#pragma once
#include <string>
#include <vector>

namespace culprit {

const std::vector<std::string>& SampleSignatures();
const std::vector<std::string>& SampleLines();

}  // namespace culprit
