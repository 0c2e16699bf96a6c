// Incidents as they are told: with the names of the streams that their evidence stands in instead
// of this run's numbers, as JSON, and back. Pure functions.
#pragma once
#include <functional>
#include <string>

#include "engine/core/record.h"
#include "engine/deliver/planner.h"

namespace culprit {

// Evidence is numbered anew, in the order in which it stands there.
TellableIncident MakeTellable(Incident incident,
                              const std::function<std::string(PartitionId)>& name_of);

// As in the report's schema.
std::string TellableJson(const TellableIncident& tellable);
// Through TellableJson.
IncidentCodec TellableCodec();

}  // namespace culprit
