// Adapters between std::string_view, used everywhere here, and the view types of packaged libraries
// (Abseil of Debian 12 has its own absl::string_view; RE2 has StringPiece).
#pragma once
#include <string_view>

#include "absl/strings/string_view.h"

namespace culprit {

inline absl::string_view ToAbsl(std::string_view v) { return {v.data(), v.size()}; }
inline std::string_view FromAbsl(absl::string_view v) { return {v.data(), v.size()}; }

}  // namespace culprit
