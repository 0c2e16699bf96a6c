#include "engine/match/pattern.h"

#include <gtest/gtest.h>

namespace culprit {
namespace {

// A short notation: a literal is itself (folded ones in capitals), {options}, ? unknown, !
// assertion, (a b) sequence, (a|b) alternatives, x*min,max repetition.
std::string Text(const Literal& literal) {
  std::string out;
  for (size_t i = 0; i < literal.size(); ++i) {
    out += literal.free[i] != 0 ? static_cast<char>(literal.text[i] - 32) : literal.text[i];
  }
  return out;
}

std::string Show(const PatternNode& node) {
  std::string out;
  switch (node.kind) {
    case PatternNode::Kind::kEmpty:
      return "~";
    case PatternNode::Kind::kLiteral:
      return Text(node.literal);
    case PatternNode::Kind::kClass:
      for (const Literal& option : node.options) out += Text(option);
      return "{" + out + "}";
    case PatternNode::Kind::kAny:
      return "?";
    case PatternNode::Kind::kAssert:
      return "!";
    case PatternNode::Kind::kConcat:
      for (const PatternNode& child : node.children) out += Show(child);
      return "(" + out + ")";
    case PatternNode::Kind::kAlternate:
      for (const PatternNode& child : node.children) out += (out.empty() ? "" : "|") + Show(child);
      return "(" + out + ")";
    case PatternNode::Kind::kRepeat:
      return Show(node.children[0]) + "*" + std::to_string(node.min) + "," +
             std::to_string(node.max);
  }
  return out;
}

std::string Parsed(std::string_view regex) { return Show(ParsePattern(regex).root); }

TEST(Pattern, ParsesTheSyntaxOfRe2) {
  EXPECT_EQ(Parsed(""), "~");
  EXPECT_EQ(Parsed("abc"), "abc");
  EXPECT_EQ(Parsed("ab|c|"), "(ab|c|~)");
  EXPECT_EQ(Parsed("ab*c+?d??e{2}f{3,}g{4,5}?"), "(ab*0,-1c*1,-1d*0,1e*2,2f*3,-1g*4,5)");
  EXPECT_EQ(Parsed("a{,2}b{01}c{x"), "a{,2}b{01}c{x");
  EXPECT_EQ(Parsed("(a)(?:b)(?P<n>c)"), "(abc)");
  EXPECT_EQ(Parsed("^a$\\b\\B\\A\\z"), "(!a!!!!!)");
  EXPECT_EQ(Parsed("a.\\C\\W\\pN\\p{Greek}[^a]"), "(a?????\?)");
  EXPECT_EQ(Parsed("\\Qa.b\\+"), "a.b\\+");
  EXPECT_EQ(Parsed("\\Qab\\E+"), "(ab*1,-1)");
  EXPECT_EQ(Parsed("\\x41\\x{42}\\103\\t\\.\\\\"), "ABC\t.\\");
  EXPECT_EQ(Parsed("\xC3\xA9+"), "\xC3\xA9*1,-1");
}

TEST(Pattern, RepetitionIsOfTheLastCharacterOrTheGroup) {
  EXPECT_EQ(Parsed("abc*"), "(abc*0,-1)");
  EXPECT_EQ(ParsePattern("abc*").root.children.size(), 2u);
  EXPECT_EQ(Parsed("a\xC3\xA9*"), "(a\xC3\xA9*0,-1)");
  EXPECT_EQ(Parsed("(ab)*"), "ab*0,-1");
  EXPECT_EQ(ParsePattern("(ab)*").root.children[0].literal.text, "ab");
  EXPECT_EQ(ParsePattern("(ab)c*").root.children[0].literal.text, "ab");
  EXPECT_EQ(ParsePattern("ab(?i)*").root.children[0].literal.text, "a");
  EXPECT_EQ(ParsePattern("ab\\Q\\E*").root.children[0].literal.text, "a");
  EXPECT_EQ(ParsePattern("ab(?:)*").root.children[0].literal.text, "ab");
}

TEST(Pattern, FlagsHoldToTheEndOfTheirGroup) {
  EXPECT_EQ(Parsed("a(?i)b(c|(?-i)d)e"), "(aB(C|d)E)");
  EXPECT_EQ(Parsed("(?i:a1)b"), "A1b");
  EXPECT_EQ(Parsed("(a(?i)b)c"), "aBc");
  EXPECT_EQ(Parsed("(?is-m)a"), "A");
}

TEST(Pattern, ExpandsSmallClassesOnly) {
  EXPECT_EQ(Parsed("[Cc]"), "{C}");
  EXPECT_EQ(Parsed("[]a-]"), "{-]a}");
  EXPECT_EQ(Parsed("\\d"), "{0123456789}");
  EXPECT_EQ(Parsed("[\\d.]"), "{.0123456789}");
  EXPECT_EQ(Parsed("(?i)[a-c]"), "{ABC}");
  EXPECT_EQ(Parsed("[a-z]"), "?");
  EXPECT_EQ(Parsed("[a\xC3\xA9]"), "?");
  EXPECT_EQ(Parsed("[[:digit:]]"), "?");
}

TEST(Pattern, NamesLettersThatFoldBeyondAscii) {
  EXPECT_TRUE(ParsePattern("(?i)dis").unicode_fold);
  EXPECT_TRUE(ParsePattern("(?i)[K]").unicode_fold);
  EXPECT_FALSE(ParsePattern("(?i)abc").unicode_fold);
  EXPECT_FALSE(ParsePattern("[Kk]s").unicode_fold);
  EXPECT_EQ(Parsed("(?i)\xC3\xA9"), "?");
  EXPECT_EQ(Parsed("\xC5\xBF"), "?");
}

}  // namespace
}  // namespace culprit
