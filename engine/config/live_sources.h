// The `sources:` list of culprit.yaml: one reader per kind. Internal to engine/config.
#pragma once
#include <optional>

#include "engine/config/live_config.h"
#include "engine/config/yaml_reader.h"

namespace culprit {

// One element of the list: a mapping with the kind as its only key. `time`: what holds for all.
// Nothing: mistakes are in *errors.
std::optional<SourceConfig> ReadSource(const YAML::Node& node, const TimeConfig& time,
                                       YamlMap* parent);

}  // namespace culprit
