// StartCheck says what RE2, anchored, says, or that RE2 has to be asked.
#include "engine/match/start_check.h"

#include <gtest/gtest.h>
#include <re2/re2.h>

#include <string>

#include "engine/match/lines.h"
#include "tests/unit/match/pattern_generator.h"

namespace culprit {
namespace {

using Verdict = StartCheck::Verdict;

Verdict Check(std::string_view regex, std::string_view line) {
  return StartCheck(ParsePattern(regex)).At(line.data(), line.data(), line.data() + line.size());
}

bool Matches(const RE2& regex, std::string_view line, size_t at) {
  return regex.Match({line.data(), line.size()}, at, line.size(), RE2::ANCHOR_START, nullptr, 0);
}

TEST(StartCheck, RefusesWhatCannotFollow) {
  EXPECT_EQ(Check("duration: \\d{5,}\\.\\d{3} ms", "duration: 12.345 ms"), Verdict::kNo);
  EXPECT_EQ(Check("duration: \\d{5,}\\.\\d{3} ms", "duration: 1234567.345 ms"), Verdict::kYes);
  EXPECT_EQ(Check("(?i:backup (?:job )?\\S+ (?:failed|aborted))", "Backup job a7 done"),
            Verdict::kNo);
  EXPECT_EQ(Check("(?i:backup (?:job )?\\S+ (?:failed|aborted))", "backup a7 FAILED"),
            Verdict::kYes);
  EXPECT_EQ(Check("(?i:disk)", "di\xC5\xBFk"), Verdict::kAsk);  // the long s
  EXPECT_EQ(Check("HTTP/1\\.[01]\\\\?\" 5[0-4]", "HTTP/1.1\" 200"), Verdict::kNo);
  EXPECT_EQ(Check("HTTP/1\\.[01]\\\\?\" 5[0-4]", "HTTP/1.1\" 502"), Verdict::kYes);
}

TEST(StartCheck, KnowsWhereWordsBeginAndEnd) {
  EXPECT_EQ(Check("ab\\b", "ab cd"), Verdict::kYes);
  EXPECT_EQ(Check("ab\\b", "ab"), Verdict::kYes);
  EXPECT_EQ(Check("ab\\b", "abc"), Verdict::kNo);
  EXPECT_EQ(Check("\\bcannot [a-z]+ ", "cannot open x"), Verdict::kYes);
  EXPECT_EQ(Check("a(?:\\b|b) ?c", "a c"), Verdict::kYes);
  EXPECT_EQ(Check("a(?:\\b|b) ?c", "abc"), Verdict::kYes);
  EXPECT_EQ(Check("a(?:\\b|b) ?c", "ac"), Verdict::kNo);
  const std::string_view line = "xerror";
  const StartCheck check(ParsePattern("\\berror"));
  EXPECT_EQ(check.At(line.data(), line.data() + 1, line.data() + line.size()), Verdict::kNo);
}

TEST(StartCheck, KnowsWhatItMayHold) {
  const StartCheck check(ParsePattern("(?i:disk) \\d full"));
  const auto literal = [](std::string_view text) {
    Literal out;
    for (const char c : text) out.Append(c, true);
    return out;
  };
  EXPECT_TRUE(check.MayHold(literal("disk "), 0));
  EXPECT_TRUE(check.MayHold(literal(" full"), 6));
  EXPECT_FALSE(check.MayHold(literal(" full"), 5));
  EXPECT_FALSE(check.MayHold(literal("desk"), 0));
}

TEST(StartCheck, AsksWhereItDoesNotKnow) {
  EXPECT_EQ(Check("a.b", "axc"), Verdict::kAsk);
  EXPECT_EQ(Check("[^x]{2}", "\xC3\xA9y"), Verdict::kAsk);
  EXPECT_EQ(Check("a{40}", std::string(39, 'a')), Verdict::kAsk);
  EXPECT_EQ(Check("a+b", std::string(1000, 'a')), Verdict::kAsk);
  EXPECT_EQ(StartCheck().At("a", "a", "a"), Verdict::kAsk);
}

TEST(StartCheck, FollowsFoldingBeyondAscii) {
  for (const char* regex : {"(?i)k", "(?i)[j-l]x", "(?i)\\wx", "(?i)[\\w]x", "(?i)[a-z0-9]x",
                            "(?i)[\xC5\xBF]", "(?i)[^\xC5\xBF]", "(?i)[^a-z]x", "(?i)\\Wx", "[^k]x",
                            "\\Sx", "\\Dx", "[[:alpha:]]x", "\\pLx"}) {
    for (const char* line : {"k", "K", "s", "S", "kx", "sx", "Sx", "1x", " x", "_x",
                             "\xE2\x84\xAAx", "\xC5\xBFx", "\xE2\x84\xAA", "\xC5\xBF", "\xFFx"}) {
      const Verdict verdict = Check(regex, line);
      if (verdict == Verdict::kAsk) continue;
      EXPECT_EQ(verdict == Verdict::kYes, Matches(RE2(regex), line, 0)) << regex << " " << line;
    }
  }
}

TEST(StartCheck, AgreesWithRe2OnGeneratedPatterns) {
  size_t counts[3] = {};
  for (uint64_t seed = 0; seed < 400; ++seed) {
    PatternGenerator generator(seed);
    const std::string pattern = generator.Pattern();
    const RE2 regex(pattern, RE2::Quiet);
    if (!regex.ok()) continue;
    const StartCheck check(ParsePattern(pattern));
    ForEachLine(generator.Text(20), [&](const char* begin, const char* end) {
      const std::string_view line(begin, static_cast<size_t>(end - begin));
      for (size_t at = 0; at < std::min<size_t>(line.size(), 80); ++at) {
        const Verdict verdict = check.At(begin, begin + at, end);
        ++counts[static_cast<size_t>(verdict)];
        if (verdict == Verdict::kAsk) continue;
        ASSERT_EQ(verdict == Verdict::kYes, Matches(regex, line, at)) << pattern << "\n"
                                                                      << line.substr(at);
      }
    });
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(counts[static_cast<size_t>(Verdict::kNo)], 50000u);
  EXPECT_GT(counts[static_cast<size_t>(Verdict::kYes)], 100u);
}

}  // namespace
}  // namespace culprit
