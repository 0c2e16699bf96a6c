// A snapshot of a live run as JSON. Pure; any thread.
#pragma once
#include <string>

#include "engine/pipeline/live_stats.h"

namespace culprit {

std::string StatsJson(const PipelineStats& stats);  // pretty, ends with a newline

}  // namespace culprit
