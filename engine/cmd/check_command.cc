#include <cstdio>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "engine/cmd/commands.h"
#include "engine/config/live_config.h"
#include "engine/config/pack_loader.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

// A trigger this common in ordinary logs costs time on every line that has it.
constexpr double kWeakTrigger = 0.01;

}  // namespace

int RunCheck(const CheckFlags& flags) {
  KnowledgeFlags knowledge = flags.knowledge;
  std::string sources;
  if (!flags.config.empty()) {
    const absl::StatusOr<LiveConfig> config = LoadLiveConfig(flags.config, ProcessEnvironment());
    if (!config.ok()) {
      PrintError(std::string(config.status().message()));
      return kExitConfig;
    }
    for (const SourceConfig& source : config->sources) {
      const absl::StatusOr<ParseOptions> parse =
          ToParseOptions({source.lines.format, source.lines.timezone, source.lines.service,
                          source.lines.service_from});
      if (parse.ok()) continue;
      PrintError(absl::StrCat(source.where.file, ":", source.where.line, ": source ",
                              SourceName(source), ": ", parse.status().message()));
      return kExitConfig;
    }
    AddKnowledge(*config, &knowledge);
    sources = absl::StrCat(flags.config, ": ", Counted(config->sources.size(), "source"), ", ",
                           Counted(config->sinks.size(), "sink"), ", ",
                           Counted(config->deliver.routes.size(), "route"), ": fine\n");
  }
  const absl::StatusOr<Engine> engine = BuildEngine(knowledge);
  if (!engine.ok()) {
    PrintError(std::string(engine.status().message()));
    return ExitCodeFor(engine.status());
  }
  const Knowledge& all = *engine->knowledge;
  nlohmann::ordered_json slow = nlohmann::ordered_json::array();
  std::string text;
  for (SignatureIndex i = 0; i < all.signatures.size(); ++i) {
    const SignatureSet::Info& info = engine->signatures->info(i);
    const SignatureSpec& spec = all.signatures[i];
    if (!info.always_verify && info.line_share < kWeakTrigger) continue;
    // Nobody can act on the built-in ones but whoever checks them alone.
    if (!flags.all && !all.packs[spec.pack].user) continue;
    const std::string why =
        info.always_verify
            ? "no literal that every match holds: RE2 looks at every line"
            : absl::StrCat("weak trigger: fires on about ",
                           static_cast<int>(info.line_share * 1000) / 10.0, " % of lines");
    slow.push_back({{"signature", spec.id}, {"why", why}, {"triggers", info.triggers}});
    absl::StrAppend(&text, spec.where.file, ":", spec.where.line, ": slow: signature ", spec.id,
                    ": ", why, "\n");
  }
  if (flags.format == "json") {
    const nlohmann::ordered_json out = {{"packs", all.packs.size()},
                                        {"signatures", all.signatures.size()},
                                        {"failure_modes", all.failure_modes.size()},
                                        {"components", all.components.size()},
                                        {"edges", all.edges.size()},
                                        {"slow", slow}};
    printf("%s\n", out.dump(2).c_str());
    return kExitFine;
  }
  text = sources + text;
  absl::StrAppend(
      &text, Counted(all.packs.size(), "pack"), ", ", Counted(all.signatures.size(), "signature"),
      ", ", Counted(all.failure_modes.size(), "failure mode"), ", ",
      Counted(all.components.size(), "component"), ", ", all.edges.size(), " dependencies: fine\n");
  printf("%s", text.c_str());
  return kExitFine;
}

int RunSchema(const std::string& name) {
  std::string known;
  for (const auto& [schema, text] : Schemas()) {
    if (schema == name) {
      printf("%s\n", text.c_str());
      return kExitFine;
    }
    absl::StrAppend(&known, known.empty() ? "" : ", ", schema);
  }
  PrintError(absl::StrCat("no schema '", name, "'; there are: ", known));
  return kExitUsage;
}

}  // namespace culprit
