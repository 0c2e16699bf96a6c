#include "engine/config/scenario.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/config/scenario_story_reader.h"
#include "engine/config/yaml_reader.h"

namespace culprit {
namespace {

namespace fs = std::filesystem;

std::vector<Confidence> ReadConfidence(YamlMap* map) {
  std::vector<Confidence> out;
  for (const std::string& word : map->Strings("confidence")) {
    bool known = false;
    for (Confidence c : {Confidence::kConfirmed, Confidence::kLikely, Confidence::kInconclusive}) {
      if (word != ConfidenceName(c)) continue;
      out.push_back(c);
      known = true;
    }
    if (!known)
      map->Error(map->Get("confidence"),
                 absl::StrCat(map->what(), ": no confidence '", word,
                              "'; expected CONFIRMED, LIKELY or INCONCLUSIVE"));
  }
  return out;
}

ExpectedIncident ReadIncident(YamlMap map) {
  ExpectedIncident out;
  out.where = map.where();
  out.root = map.RequiredString("root");
  out.failure_mode = map.String("failure_mode");
  out.confidence = ReadConfidence(&map);
  for (const YAML::Node& node : map.Sequence("explains")) {
    YamlMap item = map.Child(node, "explains");
    out.explains.push_back({item.RequiredString("signature"), item.String("at")});
    item.Finish();
  }
  out.spares = map.Strings("spares");
  out.impact = map.String("impact");
  out.first_step = map.String("first_step");
  map.Finish();
  return out;
}

}  // namespace

absl::StatusOr<Scenario> LoadScenario(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrCat(file, ": cannot be read"));
  return ParseScenario(std::string((std::istreambuf_iterator<char>(in)), {}), file);
}

absl::StatusOr<Scenario> ParseScenario(const std::string& text, const std::string& file) {
  ConfigErrors errors;
  YamlMap map(ParseYaml(text, file, &errors), file, "scenario", &errors);
  Scenario out;
  out.file = file;
  const fs::path folder = fs::path(file).parent_path();
  out.directory = folder.string();
  out.name = folder.filename().string();
  out.pack = folder.parent_path().parent_path().filename().string();
  out.title = map.RequiredString("title");
  out.packs = map.Strings("packs");
  YamlMap expect = map.Map("expect", "expect");
  for (const YAML::Node& node : expect.Sequence("incidents"))
    out.incidents.push_back(ReadIncident(expect.Child(node, "expected incident")));
  out.others = expect.Int("others", 0, 0, 100);
  out.story = ReadStory(&map, &expect, &errors);
  expect.Finish();
  YamlMap perturb = map.Map("perturb", "perturb");
  out.skew_host = perturb.String("skew_host");
  for (std::string_view name : kPerturbations) {
    if (!perturb.Has(name)) continue;
    YamlMap item = perturb.Map(name, absl::StrCat("perturb.", std::string(name)));
    Override& change = out.overrides[std::string(name)];
    change.set = true;
    change.root = item.String("root");
    change.failure_mode = item.String("failure_mode");
    change.confidence = ReadConfidence(&item);
    item.Finish();
  }
  perturb.Finish();
  map.Finish();
  CULPRIT_RETURN_IF_ERROR(errors.ToStatus());
  return out;
}

std::vector<std::string> FindScenarios(const std::string& path) {
  std::vector<std::string> out;
  std::error_code error;
  for (auto it = fs::recursive_directory_iterator(path, error);
       it != fs::recursive_directory_iterator(); it.increment(error))
    if (it->path().filename() == "scenario.yaml") out.push_back(it->path().string());
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace culprit
