// Reads the part of a scenario that is about people. Internal to engine/config.
#pragma once
#include "engine/config/scenario_story.h"
#include "engine/config/yaml_reader.h"

namespace culprit {

// `root`: the scenario, `expect`: in it. Mistakes are in *errors.
ScenarioStory ReadStory(YamlMap* root, YamlMap* expect, ConfigErrors* errors);

}  // namespace culprit
