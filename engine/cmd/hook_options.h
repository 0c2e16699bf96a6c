// Which secrets let Slack and PagerDuty act here, out of the sinks of a configuration. Pure.
#pragma once
#include <vector>

#include "engine/config/live_config.h"
#include "engine/serve/hooks.h"

namespace culprit {

HookOptions HookOptionsOf(const std::vector<SinkConfig>& sinks);

}  // namespace culprit
