// The page at "/": how the program is, and the list of incidents. No scripts; loads itself again.
// Pure functions.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/serve/backend.h"
#include "engine/serve/desk_incident.h"
#include "engine/serve/status_json.h"

namespace culprit {

std::string DeskPage(const PipelineStats& stats, const std::vector<Trouble>& troubles,
                     const std::vector<IncidentRow>& incidents,
                     const std::map<std::string, DeskLife>& lives);  // by id, of open ones
std::string DeskError(std::string_view title, std::string_view text);

}  // namespace culprit
