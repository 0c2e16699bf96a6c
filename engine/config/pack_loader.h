// Packs: YAML text in, validated Knowledge out. The format: patterns/README.md.
// Pure functions of their input but for reading files; any thread may call them.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/knowledge.h"

namespace culprit {

// One pack's text and where it came from (the name used in error messages).
struct PackText {
  std::string file;
  std::string yaml;
  bool user = false;  // given by the user: always active (PackInfo::user)
  // Of a built-in pack instead of `yaml`: as it was read when the program was built (ready_pack.h).
  std::string_view ready = {};
};

// A component map given by the user: --topology FILE.
//   YAML: components: { api: { depends_on: [db] } }  (component fields as in a pack)
//   JSON: [ {"caller": "api", "callee": "db"}, ... ]  (also "source"/"target", "from"/"to"), or an
//   object
//         that holds such a list under "edges", "links" or "dependencies".
struct TopologyText {
  std::string file;
  std::string text;
};

// Loads, merges and checks everything. InvalidArgument: one "file:line: what, expected what" per
// mistake: unknown keys, dangling references, a cycle of hard dependencies inside one pack, ids
// given twice. All mistakes are reported, not just the first. Regular expressions are checked by
// match/ (SignatureSet).
absl::StatusOr<std::shared_ptr<const Knowledge>> LoadKnowledge(
    const std::vector<PackText>& packs, const std::vector<TopologyText>& topologies = {});

// `path`: a pack.yaml, any .yaml file, or a folder (its pack.yaml, else every <sub>/pack.yaml).
absl::StatusOr<std::vector<PackText>> ReadPacks(const std::string& path);
absl::StatusOr<TopologyText> ReadTopology(const std::string& path);

// The packs compiled into the program, by name, ready; their file is "builtin:<name>/pack.yaml".
const std::vector<PackText>& DefaultPacks();
// `given` takes the place of the built-in pack: it lies in a folder of that name.
bool TakesPlaceOf(const PackText& given, const PackText& builtin);

// What is compiled into the program besides, (name, text), sorted. JSON Schemas: config, pack,
// report, scenario, topology. Starter configurations: files, fluentd, kafka, kubernetes.
using NamedTexts = std::vector<std::pair<std::string, std::string>>;
const NamedTexts& Schemas();
const NamedTexts& Starters();

}  // namespace culprit
