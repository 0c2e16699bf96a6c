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

TEST(GramWindow, HasAGramAtEveryAlignment) {
  for (const char* text : {"abcde", "abcdef", "abcdefg", "abcdefghijk"}) {
    const Literal literal = LiteralOf(text, false);
    ASSERT_FALSE(Windows(literal).empty());
    for (const GramWindow& window : Windows(literal)) {
      for (int k = 0; k < kGramStride; ++k) {
        EXPECT_EQ(window.grams[k].offset, window.grams[0].offset + k);
        EXPECT_GE(window.grams[k].offset, -1);
        EXPECT_LE(window.grams[k].offset + 3, static_cast<int>(literal.size()));
      }
    }
  }
  EXPECT_TRUE(Windows(LiteralOf("abcd", false)).empty());
  EXPECT_EQ(Windows(LiteralOf("abcdefg", false)).size(), 1u);
}

TEST(GramWindow, FoldsCasesAndExpandsUnknownBytes) {
  EXPECT_THAT(ExpandGram(Windows(LiteralOf("1B34567", false))[0].grams[0]),
              UnorderedElementsAre(GramAt("1b34")));
  const WindowGram wild = Windows(LiteralOf("12345", true))[0].grams[0];
  EXPECT_EQ(wild.wild, 0);
  EXPECT_EQ(ExpandGram(wild).size(), 128u);  // each byte but for its case bit
  EXPECT_EQ(CountPlaces(wild), 128u);
  const WindowGram last = Windows(LiteralOf("12345", true))[0].grams[3];
  EXPECT_EQ(CountPlaces(last), 128u * 32u);  // nor is known what follows
  EXPECT_EQ(Windows(LiteralOf("abcde", true)).size(), 1u);
  EXPECT_EQ(Windows(LiteralOf("abcdefg", true)).size(), 1u);
}

TEST(RarityModel, KnowsCommonFromRare) {
  const RarityModel& model = RarityModel::Builtin();
  EXPECT_GT(model.GramRate(GramAt("INFO")), 30 * model.GramRate(GramAt("zqxj")));
  EXPECT_GT(model.GramRate(GramAt("2026")), model.GramRate(GramAt("zdea")));
  EXPECT_GT(model.PairRate('i', 'n'), model.PairRate('q', 'z'));
}

}  // namespace
}  // namespace culprit
