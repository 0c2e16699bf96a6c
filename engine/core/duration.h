// Lengths of time as people write them. Pure; any thread.
#pragma once
#include <optional>
#include <string_view>

#include "engine/core/time.h"

namespace culprit {

// "90s", "1m30s", "500ms", "2h", "7d": a number without a unit is an error.
std::optional<DurationUs> ParseDuration(std::string_view text);

}  // namespace culprit
