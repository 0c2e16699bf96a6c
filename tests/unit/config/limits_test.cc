// Files nobody wrote by hand: they end in a Status, in bounded time and memory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "engine/config/pack_loader.h"
#include "engine/config/yaml_reader.h"

namespace culprit {
namespace {

using ::testing::HasSubstr;

std::string PackError(const std::string& yaml, bool user = true) {
  const auto loaded = LoadKnowledge({{"p.yaml", yaml, user}});
  return loaded.ok() ? "" : std::string(loaded.status().message());
}

std::string TopologyError(const std::string& text) {
  const auto loaded = LoadKnowledge({}, {{"t.json", text}});
  return loaded.ok() ? "" : std::string(loaded.status().message());
}

TEST(ConfigLimits, AliasesMayNotGrowWithoutBound) {
  std::string yaml = "pack: d\nl0: &l0 [a, a, a, a, a, a, a, a, a, a]\n";
  for (int i = 1; i < 12; ++i) {
    absl::StrAppend(&yaml, "l", i, ": &l", i, " [");
    for (int k = 0; k < 10; ++k) absl::StrAppend(&yaml, k == 0 ? "" : ", ", "*l", i - 1);
    absl::StrAppend(&yaml, "]\n");
  }
  EXPECT_THAT(PackError(yaml), HasSubstr("p.yaml:1: nested deeper than 64 levels or, with its"));
}

TEST(ConfigLimits, AnAliasMayNotPointAtItself) {
  EXPECT_THAT(PackError("pack: d\nsignatures: &a [*a]\n"), HasSubstr("nested deeper than 64"));
}

TEST(ConfigLimits, DepthIsBounded) {
  EXPECT_NE(PackError("pack: " + std::string(100'000, '[')), "");
  EXPECT_THAT(TopologyError(std::string(100'000, '[') + std::string(100'000, ']')),
              HasSubstr("t.json:1: nested deeper than 64 levels"));
}

TEST(ConfigLimits, ANumberOutOfRangeIsAMistakeNotACrash) {
  EXPECT_THAT(TopologyError("[1e999]"), HasSubstr("t.json:1: not valid JSON"));
}

TEST(ConfigLimits, AFileMayNotBeHuge) {
  EXPECT_THAT(PackError(std::string(kMaxYamlBytes + 1, '\n')), HasSubstr("larger than 2 MiB"));
}

TEST(ConfigLimits, ADurationIsAtMostAYear) {
  const std::string yaml =
      "pack: d\n"
      "signatures:\n"
      "  - { id: d/x, title: t, regex: r, burst: { absent: 1e300h }, match: x, no_match: y }\n";
  EXPECT_THAT(PackError(yaml), HasSubstr("30s, 5m or 1h30m, at most 366d, not '1e300h'"));
}

TEST(ConfigLimits, AChainOfDependenciesMayBeLong) {
  std::string yaml = "pack: d\ncomponents:\n  c20000: {}\n";
  for (int i = 0; i < 20000; ++i)
    absl::StrAppend(&yaml, "  c", i, ": { depends_on: [c", i + 1, "] }\n");
  EXPECT_EQ(PackError(yaml, false), "");
  const size_t end = yaml.find("c20000: {}");
  yaml.replace(end, 10, "c20000: { depends_on: [c19999] }");
  EXPECT_THAT(PackError(yaml, false), HasSubstr("dependencies c19999 -> c20000 -> c19999;"));
}

TEST(ConfigLimits, ManyMistakesAreCountedAndTheirTextIsBounded) {
  const std::string name(100'000, 'x');
  std::string yaml = absl::StrCat("pack: d\nsignatures:\n  - id: ", name, "\n");
  for (int i = 0; i < 5000; ++i) absl::StrAppend(&yaml, "    key", i, ": 1\n");
  const std::string error = PackError(yaml);
  EXPECT_LT(error.size(), 50'000u);
  EXPECT_THAT(error, HasSubstr("further errors)"));
}

}  // namespace
}  // namespace culprit
