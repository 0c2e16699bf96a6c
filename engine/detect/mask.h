// Masks the variable parts of a log message with <*>: URL, UUID, MAC, IP, dotted name, path, date,
// time, hex, number with unit, any word with a digit, in this order, each on what the one before
// left (ROOT_CAUSE 3). Hand-written scanners; stateless, any thread.
#pragma once
#include <string>
#include <string_view>

namespace culprit {

constexpr std::string_view kWildcard = "<*>";

// Overwrites *out. Adjacent wildcards become one.
void MaskVariables(std::string_view text, std::string* out);

// What the miner is fed: at most the first 512 bytes (a token cut there is left out), masked.
void MaskMessage(std::string_view message, std::string* out);

}  // namespace culprit
