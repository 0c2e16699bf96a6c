// What systemd wants to hear of a service of Type=notify (sd_notify(3)); nothing where it did not
// start the program. Any thread.
#pragma once
#include <string_view>

#include "engine/core/time.h"

namespace culprit {

// "READY=1", "WATCHDOG=1", "STATUS=...", "RELOADING=1", "STOPPING=1"; several by newlines.
void NotifySystemd(std::string_view state);
// How often WATCHDOG=1 is due: half of what systemd allows. 0: never.
DurationUs WatchdogPeriod();

}  // namespace culprit
