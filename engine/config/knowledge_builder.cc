// Merges parsed packs into one Knowledge and checks what only the whole can show: references, ids
// given twice, cycles of hard dependencies.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/base/views.h"
#include "engine/config/pack_reader.h"
#include "engine/config/ready_pack.h"

namespace culprit {
namespace {

std::string PackOf(const std::string& id) { return id.substr(0, id.find('/')); }

template <typename Spec>
void RejectRepeats(std::vector<Spec>* specs, std::string_view kind, ConfigErrors* errors) {
  std::stable_sort(specs->begin(), specs->end(),
                   [](const Spec& a, const Spec& b) { return a.id < b.id; });
  for (size_t i = 1; i < specs->size(); ++i)
    if ((*specs)[i].id == (*specs)[i - 1].id)
      errors->Add((*specs)[i].where,
                  absl::StrCat(std::string(kind), " ", (*specs)[i].id, " is already defined at ",
                               (*specs)[i - 1].where.file, ":", (*specs)[i - 1].where.line));
}

// One cycle of hard edges within a pack, as "a -> b -> a"; empty if there is none. Walks with a
// stack of its own: a chain may be as long as a file can say.
std::string HardCycle(const ParsedPack& pack) {
  struct Visit {
    const std::string* name;
    size_t next = 0;  // edge to follow next
  };
  std::map<std::string, std::vector<std::string>> edges;
  for (const EdgeSpec& edge : pack.edges)
    if (edge.hard) edges[edge.from].push_back(edge.to);
  std::set<std::string_view> on_path;
  std::set<std::string_view> done;
  std::vector<Visit> path;
  for (const auto& [start, unused] : edges) {
    if (done.contains(start)) continue;
    path.push_back({&start});
    on_path.insert(start);
    while (!path.empty()) {
      const std::string& name = *path.back().name;
      const auto found = edges.find(name);
      if (found == edges.end() || path.back().next == found->second.size()) {
        on_path.erase(name);
        done.insert(name);
        path.pop_back();
        continue;
      }
      const std::string& to = found->second[path.back().next++];
      if (on_path.contains(to)) {
        const auto first = std::find_if(path.begin(), path.end(),
                                        [&](const Visit& visit) { return *visit.name == to; });
        std::string cycle;
        for (auto it = first; it != path.end(); ++it) absl::StrAppend(&cycle, *it->name, " -> ");
        return cycle + to;
      }
      if (done.contains(to)) continue;
      path.push_back({&to});
      on_path.insert(to);
    }
  }
  return "";
}

void MergeComponent(ComponentSpec spec, uint32_t pack,
                    std::map<std::string, ComponentSpec>* components) {
  spec.packs = {pack};
  auto [place, fresh] = components->try_emplace(spec.name, spec);
  if (fresh) return;
  ComponentSpec& old = place->second;
  old.packs.push_back(pack);
  for (uint16_t port : spec.ports)
    if (std::find(old.ports.begin(), old.ports.end(), port) == old.ports.end())
      old.ports.push_back(port);
  for (std::string& alias : spec.aliases)
    if (std::find(old.aliases.begin(), old.aliases.end(), alias) == old.aliases.end())
      old.aliases.push_back(std::move(alias));
}

// A default pack may speak of another default pack's signatures; where that pack is not loaded, the
// mention is left out.
bool KnownButAbsent(const std::string& id, const std::set<std::string>& loaded) {
  const std::string pack = PackOf(id);
  if (loaded.contains(pack)) return false;
  for (const PackText& text : DefaultPacks())
    if (text.file == absl::StrCat("builtin:", pack, "/pack.yaml")) return true;
  return false;
}

void CheckReferences(const std::vector<ParsedPack>& packs, Knowledge* all, ConfigErrors* errors) {
  std::vector<std::string_view> ids;
  std::vector<std::string_view> names;
  for (const SignatureSpec& spec : all->signatures) ids.push_back(spec.id);
  std::set<std::string> loaded;
  std::set<std::string> components;
  for (const PackInfo& info : all->packs) loaded.insert(info.name);
  for (const ComponentSpec& spec : all->components) components.insert(spec.name);
  names.assign(components.begin(), components.end());
  for (const ParsedPack& pack : packs) {
    for (const PendingReference& ref : pack.signature_references) {
      if (all->signature_by_id.contains(ref.name) || KnownButAbsent(ref.name, loaded)) continue;
      const std::string near = errors->full() ? "" : Nearest(ref.name, ids);
      errors->Add(ref.where,
                  absl::StrCat(ref.what, ": no signature '", ref.name, "'",
                               near.empty() ? "" : absl::StrCat("; did you mean '", near, "'?")));
    }
    for (const PendingReference& ref : pack.component_references) {
      if (components.contains(ref.name)) continue;
      const std::string near = errors->full() ? "" : Nearest(ref.name, names);
      errors->Add(ref.where,
                  absl::StrCat(ref.what, ": no component '", ref.name, "'; declare it under ",
                               "'components:'",
                               near.empty() ? "" : absl::StrCat(" or write '", near, "'")));
    }
  }
  for (FailureModeSpec& mode : all->failure_modes) {
    std::erase_if(mode.explains, [&](const ExplainSpec& e) {
      return !all->signature_by_id.contains(e.signature);
    });
    std::erase_if(mode.spares,
                  [&](const std::string& id) { return !all->signature_by_id.contains(id); });
  }
}

ParsedPack ReadAny(const PackText& text, ConfigErrors* errors) {
  if (text.ready.empty()) return ReadPack(text, errors);
  absl::StatusOr<ParsedPack> pack = ReadReadyPack(text.ready);
  if (pack.ok()) return *std::move(pack);
  errors->Add({text.file, 1}, FromAbsl(pack.status().message()));
  return {};
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  if (!in || !(out << in.rdbuf()))
    return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  return std::move(out).str();
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Knowledge>> LoadKnowledge(
    const std::vector<PackText>& texts, const std::vector<TopologyText>& topologies) {
  ConfigErrors errors;
  std::vector<ParsedPack> packs;
  packs.reserve(texts.size() + topologies.size());
  for (const PackText& text : texts) packs.push_back(ReadAny(text, &errors));
  for (const TopologyText& text : topologies) packs.push_back(ReadTopologyText(text, &errors));
  std::stable_sort(packs.begin(), packs.end(), [](const ParsedPack& a, const ParsedPack& b) {
    return a.info.name < b.info.name;
  });

  auto all = std::make_shared<Knowledge>();
  std::map<std::string, ComponentSpec> components;
  for (uint32_t index = 0; index < packs.size(); ++index) {
    ParsedPack& pack = packs[index];
    if (index > 0 && pack.info.name == packs[index - 1].info.name && pack.info.name != "topology")
      errors.Add(pack.info.where, absl::StrCat("pack ", pack.info.name, " is also loaded from ",
                                               packs[index - 1].info.where.file));
    if (!pack.info.user)
      if (const std::string cycle = HardCycle(pack); !cycle.empty())
        errors.Add(pack.info.where,
                   absl::StrCat("pack ", pack.info.name, ": cycle of hard dependencies ", cycle,
                                "; mark one of them { to: ..., strength: soft }"));
    all->packs.push_back(pack.info);
    for (ComponentSpec& spec : pack.components) MergeComponent(std::move(spec), index, &components);
    for (EdgeSpec& edge : pack.edges) {
      edge.pack = index;
      all->edges.push_back(std::move(edge));
    }
    for (SignatureSpec& spec : pack.signatures) {
      spec.pack = index;
      all->signatures.push_back(std::move(spec));
    }
    for (FailureModeSpec& spec : pack.failure_modes) {
      spec.pack = index;
      all->failure_modes.push_back(std::move(spec));
    }
  }
  for (auto& [name, spec] : components) all->components.push_back(std::move(spec));
  RejectRepeats(&all->signatures, "signature", &errors);
  RejectRepeats(&all->failure_modes, "failure mode", &errors);
  std::stable_sort(all->edges.begin(), all->edges.end(), [](const EdgeSpec& a, const EdgeSpec& b) {
    return std::tie(a.from, a.to) < std::tie(b.from, b.to);
  });
  for (SignatureIndex i = 0; i < all->signatures.size(); ++i)
    all->signature_by_id.try_emplace(all->signatures[i].id, i);
  CheckReferences(packs, all.get(), &errors);
  CULPRIT_RETURN_IF_ERROR(errors.ToStatus());
  return std::shared_ptr<const Knowledge>(std::move(all));
}

absl::StatusOr<TopologyText> ReadTopology(const std::string& path) {
  CULPRIT_ASSIGN_OR_RETURN(std::string text, ReadFile(path));
  return TopologyText{path, std::move(text)};
}

absl::StatusOr<std::vector<PackText>> ReadPacks(const std::string& path) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  std::error_code error;
  if (!fs::is_directory(path, error)) {
    files.push_back(path);
  } else if (fs::exists(fs::path(path) / "pack.yaml", error)) {
    files.push_back((fs::path(path) / "pack.yaml").string());
  } else {
    for (const auto& entry : fs::directory_iterator(path, error))
      if (fs::exists(entry.path() / "pack.yaml", error))
        files.push_back((entry.path() / "pack.yaml").string());
    std::sort(files.begin(), files.end());
    if (files.empty())
      return absl::NotFoundError(
          absl::StrCat(path, ": no pack here; expected pack.yaml or <name>/pack.yaml"));
  }
  std::vector<PackText> out;
  for (const std::string& file : files) {
    CULPRIT_ASSIGN_OR_RETURN(std::string text, ReadFile(file));
    out.push_back({file, std::move(text), true});
  }
  return out;
}

}  // namespace culprit
