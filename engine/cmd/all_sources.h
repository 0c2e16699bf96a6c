// Every kind of live source, by its configuration: the one place that knows them all.
#pragma once
#include <memory>

#include "absl/status/statusor.h"
#include "engine/config/live_config.h"
#include "engine/core/live.h"

namespace culprit {

absl::StatusOr<std::unique_ptr<LiveSource>> MakeSource(const SourceConfig& config);

}  // namespace culprit
