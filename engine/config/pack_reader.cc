#include "engine/config/pack_reader.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "absl/strings/str_cat.h"
#include "engine/base/views.h"

namespace culprit {
namespace {

constexpr std::array<std::string_view, 2> kStrengths = {"hard", "soft"};
constexpr std::array<std::string_view, 2> kTopologies = {"when_seen", "always"};
constexpr std::array<std::string_view, 4> kModeKinds = {"down", "slow", "faulty", "link"};
constexpr std::array<std::string_view, 3> kPriors = {"normal", "common", "rare"};
constexpr std::array<double, 3> kPriorOffsets = {0.0, 0.7, -1.5};  // nats, ROOT_CAUSE 4

// "always often sometimes rarely" of ROOT_CAUSE 4, or a number in (0, 1).
double Likelihood(YamlMap* map) {
  const YAML::Node node = map->Get("likelihood");
  if (!node.IsDefined()) return 0.8;
  const std::string word = node.IsScalar() ? node.Scalar() : "";
  if (word == "always") return 0.95;
  if (word == "often") return 0.8;
  if (word == "sometimes") return 0.5;
  if (word == "rarely") return 0.2;
  double value = 0;
  const auto [stop, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error == std::errc() && stop == word.data() + word.size() && value > 0 && value < 1)
    return value;
  map->Error(node, absl::StrCat(map->what(), ": 'likelihood' must be always, often, sometimes, ",
                                "rarely or a number between 0 and 1"));
  return 0.8;
}

BurstRule ReadBurst(YamlMap* signature) {
  BurstRule rule;
  if (!signature->Has("burst")) return rule;
  YamlMap map = signature->Map("burst", absl::StrCat(signature->what(), ": burst"));
  const int kinds = (map.Has("count") ? 1 : 0) + (map.Has("rate") ? 1 : 0) +
                    (map.Has("new") ? 1 : 0) + (map.Has("absent") ? 1 : 0);
  if (kinds != 1)
    map.Error(signature->Get("burst"),
              absl::StrCat(map.what(), ": expected exactly one of { count: N, within: 30s }, ",
                           "{ rate: auto }, { new: true }, { absent: 5m }"));
  if (map.Has("rate")) {
    rule.kind = BurstRule::Kind::kRate;
    map.OneOf("rate", std::array<std::string_view, 1>{"auto"}, 0);
  } else if (map.Has("new")) {
    rule.kind = BurstRule::Kind::kNew;
    rule.count = 1;
    if (!map.Bool("new", true))
      map.Error(map.Get("new"), absl::StrCat(map.what(), ": 'new' can only be true"));
  } else if (map.Has("absent")) {
    rule.kind = BurstRule::Kind::kAbsent;
    rule.within = map.Duration("absent", 5 * kMinuteUs);
  } else {
    rule.count = map.Int("count", 5, 1, 1'000'000);
    rule.within = map.Duration("within", 30 * kSecondUs);
  }
  map.Finish();
  return rule;
}

void CheckId(const YamlMap& map, const YAML::Node& node, const ParsedPack& pack,
             const std::string& id) {
  const std::string prefix = pack.info.name + "/";
  const bool shaped = id.size() > prefix.size() && id.compare(0, prefix.size(), prefix) == 0 &&
                      id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-",
                                           prefix.size()) == std::string::npos;
  if (!id.empty() && !shaped)
    map.Error(node, absl::StrCat(map.what(), ": id must be '", prefix,
                                 "<name>' with name of a-z, 0-9 and '-'"));
}

void ReadSignature(YamlMap map, ParsedPack* pack) {
  SignatureSpec spec;
  spec.where = map.where();
  spec.id = map.RequiredString("id");
  map.set_what(absl::StrCat("signature ", spec.id));
  CheckId(map, map.Get("id"), *pack, spec.id);
  spec.title = map.RequiredString("title");
  spec.regex = map.RequiredString("regex");
  spec.cls = static_cast<SymptomClass>(
      map.OneOf("class", kSymptomClassNames, static_cast<size_t>(SymptomClass::kOther)));
  if (spec.cls == SymptomClass::kSilence)
    map.Error(map.Get("class"), absl::StrCat(map.what(), ": class silence is made by culprit ",
                                             "itself; use burst: { absent: 5m }"));
  spec.severity = static_cast<Severity>(
      map.OneOf("severity", kSeverityNames, static_cast<size_t>(Severity::kError)));
  if (map.Has("where")) {
    YamlMap where = map.Map("where", absl::StrCat(map.what(), ": where"));
    spec.where_services = where.Strings("service");
    for (const std::string& word : where.Strings("level")) {
      const auto* found = std::find(kLevelNames.begin(), kLevelNames.end(), word);
      if (found == kLevelNames.end())
        where.Error(where.Get("level"), absl::StrCat(where.what(), ": no level '", word,
                                                     "'; expected unknown, trace, debug, info, ",
                                                     "notice, warn, error or fatal"));
      else
        spec.where_levels.push_back(static_cast<Level>(found - kLevelNames.begin()));
    }
    where.Finish();
  }
  spec.component = map.String("component", "{service}");
  spec.target = map.String("target");
  if (!spec.target.empty() && !IsDependencyClass(spec.cls))
    map.Error(map.Get("target"), absl::StrCat(map.what(), ": 'target' only goes with class ",
                                              "refused, timeout or dep_error"));
  spec.burst = ReadBurst(&map);
  spec.weak = map.Bool("weak", false);
  spec.by_template = map.Bool("by_template", false);
  spec.always_verify = map.Bool("always_verify", false);
  spec.match = map.Strings("match");
  spec.no_match = map.Strings("no_match");
  if (spec.match.empty() || spec.no_match.empty())
    map.Error(YAML::Node(), absl::StrCat(map.what(), ": needs at least one line under 'match' and ",
                                         "one near miss under 'no_match'"));
  map.Finish();
  pack->signatures.push_back(std::move(spec));
}

std::vector<RunbookStep> ReadSteps(YamlMap* runbook, std::string_view key) {
  std::vector<RunbookStep> steps;
  for (const YAML::Node& node : runbook->Sequence(key)) {
    YamlMap map = runbook->Child(node, absl::StrCat(runbook->what(), ".", ToAbsl(key)));
    RunbookStep step;
    step.say = map.RequiredString("say");
    step.run = map.String("run");
    map.Finish();
    steps.push_back(std::move(step));
  }
  return steps;
}

Runbook ReadRunbook(YamlMap* mode) {
  Runbook out;
  if (!mode->Has("runbook")) return out;
  YamlMap map = mode->Map("runbook", absl::StrCat(mode->what(), ": runbook"));
  out.immediate = ReadSteps(&map, "immediate");
  out.diagnose = ReadSteps(&map, "diagnose");
  out.resolve = ReadSteps(&map, "resolve");
  for (const YAML::Node& node : map.Sequence("links")) {
    YamlMap link = map.Child(node, absl::StrCat(map.what(), ".links"));
    out.links.push_back({link.RequiredString("title"), link.RequiredString("url")});
    link.Finish();
  }
  map.Finish();
  return out;
}

void ReadFailureMode(YamlMap map, ParsedPack* pack) {
  FailureModeSpec spec;
  spec.where = map.where();
  spec.id = map.RequiredString("id");
  map.set_what(absl::StrCat("failure mode ", spec.id));
  CheckId(map, map.Get("id"), *pack, spec.id);
  spec.component = map.RequiredString("component");
  pack->component_references.push_back(
      {map.At(map.Get("component")), absl::StrCat(map.what(), ": component"), spec.component});
  spec.kind = static_cast<ModeKind>(map.OneOf("kind", kModeKinds, 0));
  spec.from = map.String("from");
  if ((spec.kind == ModeKind::kLink) != !spec.from.empty())
    map.Error(map.Get("from"), absl::StrCat(map.what(), ": 'from' (the dependent end) goes with ",
                                            "kind: link, and link needs it"));
  if (!spec.from.empty())
    pack->component_references.push_back(
        {map.At(map.Get("from")), absl::StrCat(map.what(), ": from"), spec.from});
  spec.title = map.RequiredString("title");
  spec.prior_offset = kPriorOffsets[map.OneOf("prior", kPriors, 0)];
  for (const YAML::Node& node : map.Sequence("explains")) {
    YamlMap item = map.Child(node, absl::StrCat(map.what(), ": explains"));
    ExplainSpec explain;
    explain.signature = item.RequiredString("signature");
    explain.at = item.String("at");
    explain.likelihood = Likelihood(&item);
    explain.within = item.Duration("within", 2 * kMinuteUs);
    item.Finish();
    pack->signature_references.push_back(
        {item.At(item.Get("signature")), item.what(), explain.signature});
    if (!explain.at.empty() && explain.at != "*")
      pack->component_references.push_back(
          {item.At(item.Get("at")), absl::StrCat(item.what(), ": at"), explain.at});
    spec.explains.push_back(std::move(explain));
  }
  spec.spares = map.Strings("spares");
  for (const std::string& id : spec.spares)
    pack->signature_references.push_back(
        {map.At(map.Get("spares")), absl::StrCat(map.what(), ": spares"), id});
  spec.impact = map.String("impact");
  spec.users_say = map.Strings("users_say");
  spec.runbook = ReadRunbook(&map);
  map.Finish();
  pack->failure_modes.push_back(std::move(spec));
}

void ReadEdges(YamlMap* component, const std::string& name, ParsedPack* pack) {
  for (const YAML::Node& node : component->Sequence("depends_on")) {
    EdgeSpec edge;
    edge.from = name;
    if (node.IsMap()) {
      YamlMap map = component->Child(node, absl::StrCat(component->what(), ": depends_on"));
      edge.to = map.RequiredString("to");
      edge.hard = map.OneOf("strength", kStrengths, 0) == 0;
      map.Finish();
    } else {
      edge.to = node.IsScalar() ? node.Scalar() : "";
    }
    if (edge.to.empty() || edge.to == name) {
      component->Error(node, absl::StrCat(component->what(), ": 'depends_on' must name another ",
                                          "component, or be { to: name, strength: soft }"));
      continue;
    }
    pack->component_references.push_back(
        {component->At(node), absl::StrCat(component->what(), ": depends_on"), edge.to});
    pack->edges.push_back(std::move(edge));
  }
}

}  // namespace

void ReadComponents(YamlMap* parent, ParsedPack* pack) {
  const YAML::Node all = parent->Get("components");
  if (!all.IsDefined() || all.IsNull()) return;
  YamlMap names = parent->Child(all, "components");
  if (!all.IsMap()) return;
  std::set<std::string> declared;
  for (const auto& entry : all) {
    ComponentSpec spec;
    spec.name = entry.first.Scalar();
    YamlMap map = parent->Child(entry.second, absl::StrCat("component ", spec.name));
    spec.where = parent->At(entry.first);
    spec.kind = map.String("kind", "service");
    for (const std::string& port : map.Strings("ports")) {
      uint16_t number = 0;
      const auto [stop, error] = std::from_chars(port.data(), port.data() + port.size(), number);
      if (error != std::errc() || stop != port.data() + port.size() || number == 0)
        map.Error(map.Get("ports"), absl::StrCat(map.what(), ": '", port, "' is not a port"));
      else
        spec.ports.push_back(number);
    }
    spec.aliases = map.Strings("aliases");
    ReadEdges(&map, spec.name, pack);
    map.Finish();
    if (!declared.insert(spec.name).second)
      parent->Error(entry.first, absl::StrCat("component ", spec.name, " is declared twice"));
    pack->components.push_back(std::move(spec));
  }
}

ParsedPack ReadPack(const PackText& text, ConfigErrors* errors) {
  ParsedPack pack;
  YamlMap map(ParseYaml(text.yaml, text.file, errors), text.file, "pack", errors);
  pack.info.where = {text.file, 1};
  pack.info.user = text.user;
  pack.info.name = map.RequiredString("pack");
  map.set_what(absl::StrCat("pack ", pack.info.name));
  pack.info.title = map.String("title", pack.info.name);
  pack.info.description = map.String("description");
  pack.info.always = map.OneOf("topology", kTopologies, 0) == 1;
  ReadComponents(&map, &pack);
  for (const YAML::Node& node : map.Sequence("signatures"))
    ReadSignature(map.Child(node, "signature"), &pack);
  for (const YAML::Node& node : map.Sequence("failure_modes"))
    ReadFailureMode(map.Child(node, "failure mode"), &pack);
  map.Finish();
  return pack;
}

}  // namespace culprit
