// Who is told of what: `routes`, `teams`, `silences`, `mute_times`, `maintenance`, `labels` and
// `external_url` of culprit.yaml. Internal to engine/config.
#pragma once
#include <string>
#include <vector>

#include "engine/config/yaml_reader.h"
#include "engine/deliver/deliver_config.h"

namespace culprit {

// `sinks`: names that there are. Without `routes` everything goes to all of them. Mistakes are in
// *errors.
DeliverConfig ReadDelivery(YamlMap* root, const std::vector<std::string>& sinks,
                           ConfigErrors* errors);

}  // namespace culprit
