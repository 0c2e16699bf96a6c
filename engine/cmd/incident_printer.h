// Incidents on standard output as they open, change and end. Used by the reason thread.
#pragma once
#include <string>
#include <vector>

#include "engine/core/report.h"
#include "engine/state/live_store.h"

namespace culprit {

// `format`: text, jsonl, none. `report`: the incidents that the rows are about.
void PrintIncidents(const std::string& format, const std::vector<OutboxRow>& rows,
                    const Report& report);

}  // namespace culprit
