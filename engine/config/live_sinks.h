// The `sinks:` of culprit.yaml: one element each, one reader per kind. Used by live_config.cc.
#pragma once
#include <optional>

#include "engine/config/live_config.h"
#include "engine/config/yaml_reader.h"

namespace culprit {

// One element of `sinks:`; mistakes go to the errors of `parent`, also those of templates, with
// their line. Nothing: the kind is not known.
std::optional<SinkConfig> ReadSink(const YAML::Node& node, YamlMap* parent);

}  // namespace culprit
