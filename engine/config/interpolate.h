// Variables in configuration values: ${VAR}, ${VAR:-default}, ${VAR:?message}; $$ is a dollar sign.
// Internal to engine/config. Pure but for the environment it is given.
#pragma once
#include <yaml-cpp/yaml.h>

#include <string>

#include "engine/config/live_config.h"
#include "engine/config/yaml_reader.h"

namespace culprit {

// Replaces the variables in one value. False: *error says what is wrong; values of variables are
// not repeated in it.
bool Interpolate(const std::string& text, const Environment& environment, std::string* out,
                 std::string* error);

// The same in every scalar of a document but keys; mistakes go to *errors with their lines. Values
// that come from variables are texts: what YAML would make of them does not matter.
void InterpolateAll(const YAML::Node& node, const std::string& file, const Environment& environment,
                    ConfigErrors* errors);

}  // namespace culprit
