// What tests of the live run start from: the built-in packs compiled once, and the scenarios' logs.
#pragma once
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/config/pack_loader.h"
#include "engine/config/scenario.h"
#include "engine/pipeline/live_knowledge.h"
#include "engine/pipeline/scenario_run.h"

namespace culprit {

// Of the packs named, or of all. Aborts the test program if they do not load.
inline std::shared_ptr<const LiveKnowledge> MakeLiveKnowledge(
    const std::vector<std::string>& packs) {
  std::vector<PackText> texts = DefaultPacks();
  if (!packs.empty())
    std::erase_if(texts, [&](const PackText& text) {
      return std::none_of(packs.begin(), packs.end(), [&](const std::string& pack) {
        return text.file == "builtin:" + pack + "/pack.yaml";
      });
    });
  return std::make_shared<LiveKnowledge>(*Engine::Build(*LoadKnowledge(texts)));
}

inline std::shared_ptr<const LiveKnowledge> BuiltInLiveKnowledge() {
  static const std::shared_ptr<const LiveKnowledge> knowledge = MakeLiveKnowledge({});
  return knowledge;
}

struct ScenarioCase {
  Scenario scenario;
  ScenarioLogs logs;
};

inline const std::vector<ScenarioCase>& AllScenarios() {
  static const std::vector<ScenarioCase> all = [] {
    std::vector<ScenarioCase> cases;
    for (const std::string& file :
         FindScenarios(std::string(CULPRIT_SOURCE_DIR) + "/patterns/packs")) {
      ScenarioCase c;
      c.scenario = *LoadScenario(file);
      c.logs = *ReadScenarioLogs(c.scenario);
      cases.push_back(std::move(c));
    }
    return cases;
  }();
  return all;
}

// (name, bytes) of each log of each scenario.
inline std::vector<std::pair<std::string, std::string>> ScenarioStreams() {
  std::vector<std::pair<std::string, std::string>> streams;
  for (const ScenarioCase& c : AllScenarios())
    streams.insert(streams.end(), c.logs.streams.begin(), c.logs.streams.end());
  return streams;
}

}  // namespace culprit
