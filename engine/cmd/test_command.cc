#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "engine/cmd/commands.h"
#include "engine/config/pack_loader.h"
#include "engine/pipeline/scenario_run.h"
#include "sinks/render/render.h"

namespace culprit {
namespace {

class Tester {
 public:
  explicit Tester(const TestFlags& flags) : flags_(flags) {}

  void Samples(const Engine& engine) {
    const Differences differences = CheckSamples(engine);
    size_t lines = 0;
    for (const SignatureSpec& spec : engine.knowledge->signatures)
      lines += spec.match.size() + spec.no_match.size();
    Report(absl::StrCat("samples: ", engine.knowledge->signatures.size(), " signatures, ", lines,
                        " lines"),
           differences);
  }

  // The engine a scenario asks for: all packs, or the ones it names.
  const Engine* EngineFor(const Scenario& scenario, const std::vector<PackText>& texts) {
    const std::string key = absl::StrJoin(scenario.packs, ",");
    const auto found = engines_.find(key);
    if (found != engines_.end()) return &found->second;
    std::vector<PackText> chosen;
    for (const PackText& text : texts)
      if (scenario.packs.empty() ||
          std::any_of(scenario.packs.begin(), scenario.packs.end(), [&](const auto& p) {
            return text.file.find("/" + p + "/pack.yaml") != std::string::npos ||
                   text.file.find(":" + p + "/pack.yaml") != std::string::npos;
          }))
        chosen.push_back(text);
    absl::StatusOr<Engine> engine = [&]() -> absl::StatusOr<Engine> {
      absl::StatusOr<std::shared_ptr<const Knowledge>> knowledge = LoadKnowledge(chosen);
      if (!knowledge.ok()) return knowledge.status();
      return Engine::Build(*std::move(knowledge));
    }();
    if (!engine.ok()) {
      Report(scenario.file, {std::string(engine.status().message())});
      return nullptr;
    }
    return &engines_.emplace(key, *std::move(engine)).first->second;
  }

  void Scenarios(const std::vector<std::string>& files, const std::vector<PackText>& texts) {
    std::vector<Scenario> all;
    std::vector<ScenarioLogs> logs;
    for (const std::string& file : files) {
      absl::StatusOr<Scenario> scenario = LoadScenario(file);
      absl::StatusOr<ScenarioLogs> text = scenario.ok()
                                              ? ReadScenarioLogs(*scenario)
                                              : absl::StatusOr<ScenarioLogs>(scenario.status());
      if (!text.ok()) {
        Report(file, {std::string(text.status().message())});
        continue;
      }
      all.push_back(*std::move(scenario));
      logs.push_back(*std::move(text));
    }
    for (size_t i = 0; i < all.size(); ++i) {
      if (all[i].name.find(flags_.scenario) == std::string::npos) continue;
      const Engine* engine = EngineFor(all[i], texts);
      if (engine == nullptr) continue;
      std::vector<std::string_view> runs = {""};
      runs.insert(runs.end(), std::begin(kPerturbations), std::end(kPerturbations));
      for (std::string_view run : runs) {
        // Who is told when is a matter of seconds: only as it is.
        if (all[i].story.told && !run.empty()) continue;
        if (!flags_.perturbation.empty() && flags_.perturbation != (run.empty() ? "none" : run))
          continue;
        const Scenario* partner = run == "overlap" ? OverlapPartner(all, logs, i) : nullptr;
        if (run == "overlap" && partner == nullptr) continue;
        const absl::StatusOr<ScenarioOutcome> outcome = RunScenario(
            all[i], logs[i], run, partner,
            partner == nullptr ? nullptr : &logs[static_cast<size_t>(partner - all.data())],
            *engine);
        std::string name = absl::StrCat(all[i].pack, "/", all[i].name);
        if (!run.empty()) absl::StrAppend(&name, " ", std::string(run));
        if (partner != nullptr) absl::StrAppend(&name, " with ", partner->pack, "/", partner->name);
        if (!outcome.ok()) {
          Report(name, {std::string(outcome.status().message())});
          continue;
        }
        Report(name, outcome->differences);
        if (flags_.verbose) {
          TextOptions options;
          options.all = true;
          printf("%s", RenderText(outcome->report, options).c_str());
        }
      }
    }
  }

  int Finish() const {
    printf("%zu passed, %zu failed\n", passed_, failed_);
    return failed_ == 0 ? kExitFine : kExitFinding;
  }

 private:
  void Report(const std::string& name, const Differences& differences) {
    (differences.empty() ? passed_ : failed_) += 1;
    printf("%s  %s\n", differences.empty() ? "ok    " : "FAILED", name.c_str());
    for (const std::string& difference : differences) printf("  %s\n", difference.c_str());
    fflush(stdout);
  }

  const TestFlags& flags_;
  std::map<std::string, Engine> engines_;
  size_t passed_ = 0;
  size_t failed_ = 0;
};

}  // namespace

int RunTest(const TestFlags& flags) {
  std::vector<std::string> paths = flags.paths;
  std::error_code error;
  if (paths.empty() && std::filesystem::is_directory("patterns/packs", error))
    paths.push_back("patterns/packs");
  std::vector<PackText> own;
  std::vector<std::string> scenarios;
  for (const std::string& path : paths) {
    const size_t known = scenarios.size();
    for (std::string& file : FindScenarios(path)) scenarios.push_back(std::move(file));
    absl::StatusOr<std::vector<PackText>> texts = ReadPacks(path);
    // Scenarios of how people are told need no pack of their own.
    if (absl::IsNotFound(texts.status()) && scenarios.size() > known) continue;
    if (!texts.ok()) {
      PrintError(std::string(texts.status().message()));
      return kExitUsage;
    }
    for (PackText& text : *texts) own.push_back(std::move(text));
  }
  // Packs given replace built-in ones of the same name; the others stay, as in replay.
  std::vector<PackText> texts;
  for (const PackText& builtin : DefaultPacks()) {
    const auto found = std::find_if(
        own.begin(), own.end(), [&](const PackText& mine) { return TakesPlaceOf(mine, builtin); });
    if (found == own.end()) {
      texts.push_back(builtin);
      continue;
    }
    found->user = false;  // a pack under test counts as what it will be: a default
    texts.push_back(std::move(*found));
    own.erase(found);
  }
  for (PackText& text : own) texts.push_back(std::move(text));

  Tester tester(flags);
  Scenario any;
  const Engine* engine = tester.EngineFor(any, texts);
  if (engine == nullptr) return kExitConfig;
  if (flags.scenario.empty()) tester.Samples(*engine);
  tester.Scenarios(scenarios, texts);
  if (scenarios.empty() && paths.empty())
    PrintError(
        "no scenarios: name a pack folder with scenarios/ to run them (built-in packs carry "
        "samples only)");
  return tester.Finish();
}

}  // namespace culprit
