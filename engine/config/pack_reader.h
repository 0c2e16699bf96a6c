// Reads one pack's YAML into plain structs; references are checked later, when all packs are known.
// Internal to engine/config.
#pragma once
#include <string>
#include <vector>

#include "engine/config/pack_loader.h"
#include "engine/config/yaml_reader.h"

namespace culprit {

// A name used somewhere that must be defined somewhere.
struct PendingReference {
  FileLine where;
  std::string what;  // "failure mode etcd/down: explains"
  std::string name;
};

struct ParsedPack {
  PackInfo info;
  std::vector<ComponentSpec> components;
  std::vector<EdgeSpec> edges;
  std::vector<SignatureSpec> signatures;
  std::vector<FailureModeSpec> failure_modes;
  std::vector<PendingReference> signature_references;
  std::vector<PendingReference> component_references;
};

ParsedPack ReadPack(const PackText& text, ConfigErrors* errors);

// `components:` mapping of a pack or of a topology file.
void ReadComponents(YamlMap* parent, ParsedPack* pack);

// A topology file, YAML or JSON, as a pack named "topology" that is always active.
ParsedPack ReadTopologyText(const TopologyText& text, ConfigErrors* errors);

}  // namespace culprit
