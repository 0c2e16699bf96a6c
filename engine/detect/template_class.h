// What the words of an unknown error template say about the component that logs it.
#pragma once
#include <optional>
#include <string_view>

#include "engine/core/symptom.h"

namespace culprit {

// Case-insensitive (ASCII); nullopt when no word of the table occurs. Any thread.
std::optional<SymptomClass> ClassFromText(std::string_view text);

}  // namespace culprit
