// Agreement with the Python prototype of the causal model, scenario by scenario: same roots, same
// ranking, same members, scores within rounding. tests/tools/export_scenarios.py made the file.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "engine/correlate/inference.h"

namespace culprit {
namespace {

constexpr TimeUs kBase = 1'767'225'600'000'000;
constexpr std::array<SymptomClass, 9> kPrototypeClasses = {
    SymptomClass::kCrash,      SymptomClass::kResource,    SymptomClass::kSelfError,
    SymptomClass::kSaturation, SymptomClass::kRefused,     SymptomClass::kTimeout,
    SymptomClass::kDepError,   SymptomClass::kServerError, SymptomClass::kSilence};

struct Expected {
  int64_t score = 0;
  int mode = 0, root = 0, from = -1;
  TimeUs onset = 0;
  std::vector<std::pair<int, double>> ranking;
  std::vector<uint64_t> members;
};

struct Scenario {
  int seed = 0, components = 0;
  TimeUs now = 0;
  std::string logs;
  std::vector<std::array<int, 3>> edges;
  std::vector<std::array<int64_t, 4>> bursts;
  std::vector<Expected> incidents;
  std::vector<uint64_t> unattributed;
};

std::vector<uint64_t> Numbers(const std::string& text) {
  std::istringstream in(text);
  std::vector<uint64_t> result;
  for (uint64_t v; in >> v;) result.push_back(v);
  return result;
}

std::vector<Scenario> Load() {
  std::ifstream file(std::string(CULPRIT_SOURCE_DIR) + "/tests/golden/correlate/scenarios.txt");
  std::vector<Scenario> all;
  for (std::string line; std::getline(file, line);) {
    std::istringstream in(line.substr(1));
    if (line[0] == 'S') {
      Scenario& s = all.emplace_back();
      in >> s.seed >> s.components >> s.now;
      continue;
    }
    Scenario& s = all.back();
    if (line[0] == 'L') in >> s.logs;
    if (line[0] == 'E') {
      auto& e = s.edges.emplace_back();
      in >> e[0] >> e[1] >> e[2];
    }
    if (line[0] == 'B') {
      auto& b = s.bursts.emplace_back();
      in >> b[0] >> b[1] >> b[2] >> b[3];
    }
    if (line[0] == 'I') {
      std::string head, ranking, members;
      std::getline(in, head, ';');
      std::getline(in, ranking, ';');
      std::getline(in, members);
      Expected& e = s.incidents.emplace_back();
      std::istringstream h(head), r(ranking);
      h >> e.score >> e.mode >> e.root >> e.from >> e.onset;
      int component;
      for (double p; r >> component >> p;) e.ranking.emplace_back(component, p / 1e9);
      e.members = Numbers(members);
    }
    if (line[0] == 'U') s.unattributed = Numbers(line.substr(1));
  }
  return all;
}

std::string NameOf(int component) {
  std::string digits = std::to_string(component);
  return "c" + std::string(4 - digits.size(), '0') + digits;
}

std::vector<uint64_t> BurstsOf(const EvidenceSet& evidence, const std::vector<uint32_t>& items) {
  std::vector<uint64_t> result;
  for (uint32_t i : items) result.push_back(evidence.items()[i].burst);
  std::sort(result.begin(), result.end());
  return result;
}

TEST(Prototype, RootsRankingScoresAndMembersAgree) {
  const auto scenarios = Load();
  ASSERT_GT(scenarios.size(), 300u);
  CorrelatorOptions options;
  // What the prototype does not know (adr 0021).
  options.late_after_named = options.late_after;
  options.lasting_leak = 1;
  options.forced_unknown_edge = 0;
  size_t incidents = 0;
  for (const Scenario& s : scenarios) {
    SCOPED_TRACE("seed " + std::to_string(s.seed));
    const TimeUs now = kBase + s.now * 1000;
    Topology topology(options);
    // Interned backwards: ids must not matter, names do.
    for (int c = s.components; c-- > 0;) topology.Intern(NameOf(c));
    auto id = [&](int64_t c) {
      return c < 0 ? kNoComponent : topology.Find(NameOf(static_cast<int>(c)));
    };
    for (int c = 0; c < s.components; ++c) {
      if (s.logs[c] == '1') topology.SetAlive(id(c), now);
    }
    for (const auto& [from, to, hard] : s.edges) topology.Declare(id(from), id(to), hard != 0);
    std::vector<SymptomItem> items;
    for (const auto& [component, cls, target, onset] : s.bursts) {
      SymptomItem& item = items.emplace_back();
      item.component = id(component);
      item.cls = kPrototypeClasses[cls];
      item.target = id(target);
      item.onset = kBase + onset * 1000;
      item.burst = items.size() - 1;
      item.signature = static_cast<SignatureIndex>(cls);
    }
    ObserveEdges(items, now, options, &topology);
    const EvidenceSet evidence(topology, items);
    const ModeCatalog modes;
    const InferenceResult result = Infer(topology, modes, evidence, now, options);
    ASSERT_EQ(result.incidents.size(), s.incidents.size());
    for (size_t i = 0; i < s.incidents.size(); ++i) {
      const Expected& want = s.incidents[i];
      const InferredIncident& got = result.incidents[i];
      ++incidents;
      EXPECT_NEAR(static_cast<double>(got.score_micro_nats), static_cast<double>(want.score), 100);
      const RankedHypothesis& top = got.hypotheses[0];
      EXPECT_EQ(top.hypothesis.mode, want.mode);
      EXPECT_EQ(topology.Name(top.hypothesis.component), NameOf(want.root));
      EXPECT_EQ(top.hypothesis.from, id(want.from));
      EXPECT_EQ(top.onset, kBase + want.onset * 1000);
      EXPECT_EQ(BurstsOf(evidence, got.members), want.members);
      double before = 2;
      for (size_t r = 0; r < want.ranking.size(); ++r) {
        const auto& [component, posterior] = want.ranking[r];
        if (posterior < 1e-6) break;  // below, hypotheses may be pruned
        ASSERT_LT(r, got.candidates.size());
        EXPECT_NEAR(got.candidates[r].posterior, posterior, 1e-4 * posterior + 1e-6);
        const bool tied =
            before - posterior < 1e-6 ||
            (r + 1 < want.ranking.size() && posterior - want.ranking[r + 1].second < 1e-6);
        if (!tied) {
          EXPECT_EQ(topology.Name(got.candidates[r].component), NameOf(component));
        }
        before = posterior;
      }
    }
    EXPECT_EQ(BurstsOf(evidence, result.unattributed), s.unattributed);
  }
  RecordProperty("incidents", static_cast<int>(incidents));
}

}  // namespace
}  // namespace culprit
