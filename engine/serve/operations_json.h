// What the API says of silences, journals, drills and destinations. Pure functions; the fields are
// described in openapi.json.
#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "engine/serve/backend.h"
#include "engine/serve/message.h"

namespace culprit {

ServeResponse JsonAnswer(const nlohmann::ordered_json& body);

nlohmann::ordered_json SilenceJson(const SilenceSpec& silence, TimeUs now);
nlohmann::ordered_json SilencesJson(const std::vector<SilenceSpec>& silences, TimeUs now);
nlohmann::ordered_json JournalJson(const std::vector<JournalRow>& rows);
nlohmann::ordered_json ReceiptsJson(const std::vector<DrillReceipt>& receipts);
nlohmann::ordered_json DestinationsJson(const std::vector<DestinationStatus>& destinations);
// What a silence would mute; `incident`: as it is stored, may be empty.
nlohmann::ordered_json PreviewJson(const std::string& id, const std::string& incident);

}  // namespace culprit
