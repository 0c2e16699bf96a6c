#include "engine/match/trigger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/match/escape_variants.h"
#include "engine/match/gram_window.h"

namespace culprit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TriggerPlan Plan(std::string_view regex) {
  return PlanTriggers(ParsePattern(regex), RarityModel::Builtin());
}

std::vector<std::string> Texts(std::string_view regex) {
  std::vector<std::string> texts;
  for (const Trigger& trigger : Plan(regex).triggers) {
    if (!trigger.escaped) texts.push_back(trigger.literal.text);
  }
  return texts;
}

TEST(Triggers, PickTheRareHalf) {
  EXPECT_THAT(Texts("level=.*deadlock detected"), ElementsAre("deadlock detected"));
  EXPECT_THAT(Texts("(?:connect(?:ion)?|dial tcp).{0,80}[Cc]onnection refused"),
              ElementsAre("connection refused"));
}

TEST(Triggers, ExpandSmallClassesAndAlternatives) {
  EXPECT_THAT(Texts("etcdserver: (?:leader changed|no leader)"),
              UnorderedElementsAre("etcdserver: leader changed", "etcdserver: no leader"));
  EXPECT_THAT(Texts("leader lost|.+stepped down as leader"),
              UnorderedElementsAre("leader lost", "stepped down as leader"));
}

TEST(Triggers, AreFewWhenOneStandsInAll) {
  EXPECT_THAT(Texts("connect(?:ion)?"), ElementsAre("connect"));
}

TEST(Triggers, NoneForPatternsWithoutLiterals) {
  for (const char* regex :
       {"", ".*", "\\d{3}", "a", "[a-z]+", "(?:abcdefgh)?", "abcdefgh|", "x*"}) {
    EXPECT_THAT(Texts(regex), IsEmpty()) << regex;
  }
}

TEST(Triggers, EndsThatDecideNothingAreDropped) {
  const TriggerPlan plan = Plan(".*context deadline exceeded(?: \\((?P<why>[^)]*)\\))?");
  ASSERT_EQ(plan.triggers.size(), 1u);
  EXPECT_TRUE(plan.triggers[0].proves);
  EXPECT_EQ(plan.triggers[0].anchor, 0);
}

TEST(Triggers, ProveNothingBesideAnAssertion) {
  for (const char* regex : {"^panicking: ", "deadlock detected$", "deadlock\\b detected"}) {
    for (const Trigger& trigger : Plan(regex).triggers) EXPECT_FALSE(trigger.proves) << regex;
  }
}

TEST(Triggers, KnowWhereTheMatchBegins) {
  const TriggerPlan prefix = Plan("etcdserver: no leader .*x");
  ASSERT_EQ(prefix.triggers.size(), 1u);
  EXPECT_EQ(prefix.triggers[0].anchor, 0);
  EXPECT_FALSE(prefix.triggers[0].proves);
  EXPECT_EQ(Plan("\\w+ deadlock detected .*x").triggers[0].anchor, 1);  // one of them will do
  EXPECT_EQ(Plan("\\bdeadlock detected .*x").triggers[0].anchor, 0);
  EXPECT_EQ(Plan("\\d{3}x?deadlock detected .*x").triggers[0].anchor, -1);
  EXPECT_EQ(Plan("[^a]deadlock detected .*x").triggers[0].anchor, -1);  // of one to four bytes
}

TEST(Triggers, KnowWhatMustStandBesideThem) {
  const auto beside = [](std::string_view regex) {
    const TriggerPlan plan = Plan(regex);
    std::vector<std::string> texts;
    for (const Literal& literal : plan.triggers[0].companions) texts.push_back(literal.text);
    return texts;
  };
  EXPECT_THAT(beside("ofctl request [^\n]* (?:error|timed out)"),
              UnorderedElementsAre(" error", " timed out"));
  EXPECT_THAT(beside("deadlock detected"), IsEmpty());
  // What one alternative needs, another one does not.
  EXPECT_THAT(beside("deadlock detected|stack overflow \\d+"), IsEmpty());
}

TEST(Triggers, AvoidBytesThatJsonEscapes) {
  EXPECT_THAT(Texts("path=\"/deadlock detected/\" x\\d"), ElementsAre("deadlock detected"));
  size_t escaped = 0;
  for (const Trigger& trigger : Plan("HTTP/1\" 5\\d\\d ").triggers) escaped += trigger.escaped;
  EXPECT_GT(escaped, 0u);
}

TEST(EscapeVariants, ListEverySpelling) {
  Literal literal;
  for (const char c : std::string("a\"b")) literal.Append(c, false);
  std::vector<std::string> texts;
  for (const Literal& variant : EscapeVariants(literal)) texts.push_back(variant.text);
  EXPECT_THAT(texts, ElementsAre("a\"b", "a\\\"b", "a\\\\\\\"b"));
  EXPECT_EQ(CountEscapeVariants(literal), 3u);
}

Literal LiteralOf(std::string_view text, bool any_case) {
  Literal literal;
  for (const char c : text) literal.Append(c, any_case);
  return literal;
}

TEST(WindowGrams, StandAtConsecutiveOffsets) {
  for (const char* text : {"abcde", "abcdef", "abcdefg", "abcdefghijk"}) {
    const Literal literal = LiteralOf(text, false);
    const std::vector<WindowGram> grams = WindowGrams(literal);
    ASSERT_GE(grams.size(), static_cast<size_t>(kGramStride));
    EXPECT_EQ(grams.size(), CostsOfGrams(literal, RarityModel::Folded()).size());
    for (size_t i = 0; i < grams.size(); ++i) {
      EXPECT_EQ(grams[i].offset, grams[0].offset + static_cast<int>(i));
      EXPECT_GE(grams[i].offset, -1);
      EXPECT_LE(grams[i].offset + 3, static_cast<int>(literal.size()));
    }
  }
  EXPECT_TRUE(WindowGrams(LiteralOf("abcd", false)).empty());
  EXPECT_EQ(WindowGrams(LiteralOf("abcdefg", false)).size(), 4u);
}

TEST(WindowGrams, FoldCasesAndExpandUnknownBytes) {
  EXPECT_THAT(ExpandGram(WindowGrams(LiteralOf("1B34567", false))[0]),
              UnorderedElementsAre(GramAt("1b34")));
  const WindowGram wild = WindowGrams(LiteralOf("12345", true))[0];
  EXPECT_EQ(wild.wild, 0);
  EXPECT_EQ(ExpandGram(wild).size(), 128u);  // each byte but for its case bit
  EXPECT_EQ(CountPlaces(wild), 128u);
  const WindowGram last = WindowGrams(LiteralOf("12345", true))[3];
  EXPECT_EQ(CountPlaces(last), 128u * 32u);  // nor is known what follows
  EXPECT_EQ(WindowGrams(LiteralOf("abcde", true)).size(), 4u);
  EXPECT_EQ(WindowGrams(LiteralOf("abcdefg", true)).size(), 4u);
}

TEST(RarityModel, KnowsCommonFromRare) {
  const RarityModel& model = RarityModel::Builtin();
  EXPECT_GT(model.GramRate(GramAt("INFO")), 30 * model.GramRate(GramAt("zqxj")));
  EXPECT_GT(model.GramRate(GramAt("2026")), model.GramRate(GramAt("zdea")));
  EXPECT_GT(model.PairRate('i', 'n'), model.PairRate('q', 'z'));
}

}  // namespace
}  // namespace culprit
