#include "engine/config/pack_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/config/yaml_reader.h"

namespace culprit {
namespace {

using ::testing::HasSubstr;

constexpr char kGood[] = R"(pack: demo
components:
  db: { kind: store, ports: [5432], aliases: [pg] }
  api: { kind: service, depends_on: [db, { to: cache, strength: soft }] }
  cache: { kind: store }
signatures:
  - id: demo/db-refused
    title: the database refuses connections
    regex: 'db: connection refused'
    class: refused
    target: '{host}:{port}'
    where: { service: [api], level: [error, unknown] }
    burst: { count: 3, within: 1m }
    match: ['db: connection refused']
    no_match: ['db: connected']
failure_modes:
  - id: demo/db-down
    component: db
    title: the database is down
    prior: common
    explains:
      - { signature: demo/db-refused, at: api, likelihood: often, within: 90s }
    impact: Nothing works.
    runbook:
      immediate: [ { say: Look., run: 'systemctl status db' } ]
)";

std::string ErrorOf(const std::string& yaml) {
  const auto loaded = LoadKnowledge({{"p.yaml", yaml, true}});
  return loaded.ok() ? "" : std::string(loaded.status().message());
}

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(LoadKnowledge, ReadsEveryField) {
  const auto loaded = LoadKnowledge({{"p.yaml", kGood, true}});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  const Knowledge& all = **loaded;
  ASSERT_EQ(all.signatures.size(), 1u);
  const SignatureSpec& sig = all.signatures[0];
  EXPECT_EQ(sig.cls, SymptomClass::kRefused);
  EXPECT_EQ(sig.target, "{host}:{port}");
  EXPECT_EQ(sig.burst.count, 3);
  EXPECT_EQ(sig.burst.within, kMinuteUs);
  EXPECT_EQ(sig.where.line, 7);
  EXPECT_THAT(sig.where_levels, testing::ElementsAre(Level::kError, Level::kUnknown));
  ASSERT_EQ(all.components.size(), 3u);
  EXPECT_EQ(all.components[2].ports, std::vector<uint16_t>{5432});
  ASSERT_EQ(all.edges.size(), 2u);
  EXPECT_FALSE(all.edges[0].hard) << all.edges[0].to;
  EXPECT_TRUE(all.edges[1].hard);
  ASSERT_EQ(all.failure_modes.size(), 1u);
  EXPECT_DOUBLE_EQ(all.failure_modes[0].prior_offset, 0.7);
  EXPECT_DOUBLE_EQ(all.failure_modes[0].explains[0].likelihood, 0.8);
  EXPECT_EQ(all.failure_modes[0].explains[0].within, 90 * kSecondUs);
  EXPECT_EQ(all.failure_modes[0].runbook.immediate[0].run, "systemctl status db");
}

TEST(LoadKnowledge, NamesFileLineAndNearestKey) {
  EXPECT_EQ(ErrorOf(Replaced(kGood, "    title: the database refuses",
                             "    titel: the database refuses")),
            "p.yaml:7: signature demo/db-refused: 'title' is required\n"
            "p.yaml:8: signature demo/db-refused: unknown key 'titel'; did you mean 'title'?");
}

TEST(LoadKnowledge, RejectsEachMistakeWithOneClearError) {
  const std::pair<std::pair<const char*, const char*>, const char*> cases[] = {
      {{"class: refused", "class: refusd"},
       "p.yaml:10: signature demo/db-refused: 'class' is 'refusd'; expected"},
      {{"within: 1m", "within: 60"},
       "p.yaml:13: signature demo/db-refused: burst: 'within' must be a duration"},
      {{"count: 3", "count: none"}, "'count' must be a whole number"},
      {{"{ count: 3, within: 1m }", "{ count: 3, new: true }"}, "expected exactly one of"},
      {{"signature: demo/db-refused, at", "signature: demo/db-refuse, at"},
       "p.yaml:22: failure mode demo/db-down: explains: no signature 'demo/db-refuse'; did you "
       "mean 'demo/db-refused'?"},
      {{"at: api", "at: apo"}, "no component 'apo'"},
      {{"component: db\n", "component: dbb\n"},
       "p.yaml:18: failure mode demo/db-down: component: no component 'dbb'"},
      {{"depends_on: [db,", "depends_on: [api,"}, "'depends_on' must name another"},
      {{"    match: ['db: connection refused']\n", ""}, "needs at least one line under 'match'"},
      {{"likelihood: often", "likelihood: mostly"}, "'likelihood' must be always, often"},
      {{"ports: [5432]", "ports: [99999]"}, "'99999' is not a port"},
      {{"id: demo/db-refused", "id: other/db-refused"}, "id must be 'demo/<name>'"},
      {{"level: [error, unknown]", "level: [eror]"}, "no level 'eror'"},
      {{"    title: the database is down", "    title: x\n    title: y"},
       "key 'title' is given twice"},
      {{"components:", "components: ["}, "not valid YAML"},
      {{"class: refused", "class: crash"}, "'target' only goes with class"},
  };
  for (const auto& [change, expected] : cases) {
    const std::string error = ErrorOf(Replaced(kGood, change.first, change.second));
    EXPECT_THAT(error, HasSubstr(expected)) << change.second;
    EXPECT_THAT(error, HasSubstr("p.yaml:")) << change.second;
  }
}

TEST(LoadKnowledge, RejectsACycleOfHardDependenciesInABuiltInPack) {
  const std::string yaml =
      "pack: loop\ncomponents:\n  a: { depends_on: [b] }\n  b: { depends_on: [a] }\n";
  const auto loaded = LoadKnowledge({{"loop.yaml", yaml, false}});
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(std::string(loaded.status().message()),
              HasSubstr("loop.yaml:1: pack loop: cycle of hard dependencies a -> b -> a"));
}

TEST(LoadKnowledge, RejectsTheSameSignatureTwice) {
  const std::string again = Replaced(kGood, "pack: demo", "pack: demo");
  const auto loaded = LoadKnowledge({{"one.yaml", kGood, true}, {"two.yaml", again, true}});
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(std::string(loaded.status().message()),
              HasSubstr("two.yaml:7: signature demo/db-refused is already defined at one.yaml:7"));
}

TEST(LoadKnowledge, ReadsTopologiesInBothShapes) {
  const auto yaml = LoadKnowledge({}, {{"t.yaml", "components: { api: { depends_on: [db] } }"}});
  ASSERT_TRUE(yaml.ok()) << yaml.status();
  const auto json =
      LoadKnowledge({}, {{"t.json", R"([{"caller":"api","callee":"db","count":3}])"}});
  ASSERT_TRUE(json.ok()) << json.status();
  for (const auto& all : {*yaml, *json}) {
    ASSERT_EQ(all->edges.size(), 1u);
    EXPECT_EQ(all->edges[0].from + ">" + all->edges[0].to, "api>db");
    EXPECT_EQ(all->components.size(), 2u);
    EXPECT_TRUE(all->packs[0].always);
  }
}

TEST(LoadKnowledge, ExplainsABrokenTopology) {
  const auto loaded = LoadKnowledge({}, {{"t.json", "[\n{\"caller\": \"api\"}\n]"}});
  ASSERT_FALSE(loaded.ok());
  EXPECT_THAT(std::string(loaded.status().message()), HasSubstr("edge 1: expected {\"caller\""));
}

TEST(LoadKnowledge, DefaultPacksLoadTogether) {
  const auto loaded = LoadKnowledge(DefaultPacks());
  EXPECT_TRUE(loaded.ok()) << loaded.status();
}

TEST(ParseDuration, NeedsAUnit) {
  EXPECT_EQ(ParseDuration("1h30m"), 90 * kMinuteUs);
  EXPECT_EQ(ParseDuration("7d"), 7 * kDayUs);
  EXPECT_EQ(ParseDuration("500ms"), 500'000);
  EXPECT_FALSE(ParseDuration("30").has_value());
  EXPECT_FALSE(ParseDuration("").has_value());
  EXPECT_FALSE(ParseDuration("d").has_value());
}

}  // namespace
}  // namespace culprit
