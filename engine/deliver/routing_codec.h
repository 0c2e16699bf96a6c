// Who is told of what, as bytes and back: how it stands in the signal log, so that reasoning over
// the log again tells the same people. Pure functions. Format: engine/doc/formats.md.
#pragma once
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/deliver/deliver_config.h"

namespace culprit {

// All but Route::where. Equal routing has equal bytes.
std::string EncodeRouting(const DeliverConfig& config);
// The errors of ReadCheckpoint.
absl::StatusOr<DeliverConfig> DecodeRouting(std::string_view bytes);

}  // namespace culprit
