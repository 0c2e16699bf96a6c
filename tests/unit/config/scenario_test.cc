#include "engine/config/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace culprit {
namespace {

std::string Written(const std::string& yaml) {
  const std::filesystem::path folder =
      std::filesystem::path(testing::TempDir()) / "packs" / "shop" / "scenarios" / "outage";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "scenario.yaml") << yaml;
  return (folder / "scenario.yaml").string();
}

TEST(LoadScenario, ReadsExpectationAndOverrides) {
  const auto loaded = LoadScenario(Written(R"(title: db dies
expect:
  incidents:
    - root: db
      failure_mode: shop/db-down
      confidence: [CONFIRMED, LIKELY]
      explains: [ { signature: shop/refused, at: api } ]
  others: 1
perturb:
  missing_root: { root: db, confidence: [LIKELY] }
)"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->pack, "shop");
  EXPECT_EQ(loaded->name, "outage");
  ASSERT_EQ(loaded->incidents.size(), 1u);
  EXPECT_EQ(loaded->incidents[0].explains[0].at, "api");
  EXPECT_EQ(loaded->others, 1);
  EXPECT_TRUE(loaded->overrides.at("missing_root").set);
}

TEST(LoadScenario, PerturbAndPacksMayBeLeftOut) {
  const auto loaded = LoadScenario(Written("title: quiet\nexpect:\n  incidents: []\n"));
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_TRUE(loaded->incidents.empty());
  EXPECT_TRUE(LoadScenario(Written("title: nothing\n")).ok());
}

TEST(LoadScenario, NamesFileAndLineOfAMistake) {
  const auto loaded = LoadScenario(Written("title: x\nexpect:\n  incidents:\n    - rot: db\n"));
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(std::string(loaded.status().message()),
              testing::HasSubstr(
                  "scenario.yaml:4: expected incident: unknown key 'rot'; did you mean 'root'?"));
}

}  // namespace
}  // namespace culprit
