// An action of a person as bytes and back: how it stands in the signal log. Pure functions.
// Format: engine/doc/formats.md.
#pragma once
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/deliver/planner.h"

namespace culprit {

std::string EncodeAction(const OperatorAction& action);
// The errors of ReadCheckpoint.
absl::StatusOr<OperatorAction> DecodeAction(std::string_view bytes);

}  // namespace culprit
