// Topology files: the same `components:` mapping as in a pack, or a JSON list of calls.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/str_cat.h"
#include "engine/config/pack_reader.h"

namespace culprit {
namespace {

using Json = nlohmann::json;

constexpr int kMaxJsonDepth = 64;

// 1-based line of byte `offset`.
int LineOf(const std::string& text, size_t offset) {
  offset = std::min(offset, text.size());
  return 1 + static_cast<int>(std::count(text.begin(), text.begin() + offset, '\n'));
}

std::string FirstString(const Json& object, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    const auto found = object.find(key);
    if (found != object.end() && found->is_string()) return found->get<std::string>();
  }
  return "";
}

void ReadEdgeList(const Json& list, const TopologyText& text, ParsedPack* pack,
                  ConfigErrors* errors) {
  std::set<std::string> names;
  size_t index = 0;
  for (const Json& item : list) {
    ++index;
    EdgeSpec edge;
    if (item.is_object()) {
      edge.from = FirstString(item, {"caller", "from", "source", "parent"});
      edge.to = FirstString(item, {"callee", "to", "target", "child"});
    } else if (item.is_array() && item.size() >= 2 && item[0].is_string() && item[1].is_string()) {
      edge.from = item[0].get<std::string>();
      edge.to = item[1].get<std::string>();
    }
    if (edge.from.empty() || edge.to.empty()) {
      errors->Add({text.file, 1},
                  absl::StrCat("edge ", index, ": expected {\"caller\": \"api\", ",
                               "\"callee\": \"db\"}, got ", item.dump().substr(0, 80)));
      continue;
    }
    names.insert(edge.from);
    names.insert(edge.to);
    if (edge.from != edge.to) pack->edges.push_back(std::move(edge));
  }
  for (const std::string& name : names) {
    ComponentSpec spec;
    spec.name = name;
    spec.kind = "service";
    spec.where = {text.file, 1};
    pack->components.push_back(std::move(spec));
  }
}

}  // namespace

ParsedPack ReadTopologyText(const TopologyText& text, ConfigErrors* errors) {
  ParsedPack pack;
  pack.info.name = "topology";
  pack.info.title = "the given topology";
  pack.info.always = true;
  pack.info.user = true;
  pack.info.where = {text.file, 1};
  const size_t first = text.text.find_first_not_of(" \t\r\n");
  const bool json =
      first != std::string::npos && (text.text[first] == '[' || text.text[first] == '{');
  if (!json) {
    YamlMap map(ParseYaml(text.text, text.file, errors), text.file, "topology", errors);
    if (!map.Has("components"))
      errors->Add({text.file, 1},
                  "no 'components:'; expected components: { api: { depends_on: [db] } }");
    ReadComponents(&map, &pack);
    map.Finish();
    // Whoever is only depended on need not be declared apart.
    std::set<std::string> known;
    for (const ComponentSpec& spec : pack.components) known.insert(spec.name);
    for (const EdgeSpec& edge : pack.edges) {
      if (!known.insert(edge.to).second) continue;
      ComponentSpec spec;
      spec.name = edge.to;
      spec.kind = "service";
      spec.where = {text.file, 1};
      pack.components.push_back(std::move(spec));
    }
    return pack;
  }
  Json document;
  bool deep = false;
  try {
    // What is nested deeper is left out of the document: printing it would recurse as deep.
    document = Json::parse(text.text, [&](int depth, Json::parse_event_t, Json&) {
      deep |= depth > kMaxJsonDepth;
      return depth <= kMaxJsonDepth;
    });
  } catch (const Json::parse_error& e) {
    errors->Add({text.file, LineOf(text.text, e.byte)}, absl::StrCat("not valid JSON: ", e.what()));
    return pack;
  } catch (const Json::exception& e) {  // a number out of range
    errors->Add({text.file, 1}, absl::StrCat("not valid JSON: ", e.what()));
    return pack;
  }
  if (deep) {
    errors->Add({text.file, 1}, absl::StrCat("nested deeper than ", kMaxJsonDepth, " levels"));
    return pack;
  }
  const Json* list = document.is_array() ? &document : nullptr;
  for (const char* key : {"edges", "links", "dependencies", "topology"})
    if (list == nullptr && document.is_object() && document.contains(key) &&
        document[key].is_array())
      list = &document[key];
  if (list == nullptr) {
    errors->Add({text.file, 1},
                "expected a JSON list of {\"caller\": ..., \"callee\": ...}, or an "
                "object that holds one under \"edges\"");
    return pack;
  }
  ReadEdgeList(*list, text, &pack, errors);
  return pack;
}

}  // namespace culprit
