// Each way in which a literal prefilter was seen to lose matches, by name.
#include <gmock/gmock.h>
#include <re2/re2.h>

#include <algorithm>

#include "tests/unit/match/match_testing.h"

namespace culprit {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Lines of `text` hit by the one regex, as both ways see it.
std::vector<std::string> Lines(const std::string& regex, std::string_view text) {
  const auto set = BuildSet({regex});
  MatchScratch scratch;
  ExpectSameHits(*set, text, scratch);
  const PaddedBlock block(text);
  std::vector<Hit> hits;
  set->Scan(block.view(), scratch, &hits);
  std::vector<std::string> lines;
  for (const Hit& hit : hits) {
    lines.emplace_back(text.substr(hit.line_begin, hit.line_end - hit.line_begin));
  }
  return lines;
}

size_t Count(const std::string& regex, std::string_view text) { return Lines(regex, text).size(); }

TEST(Pitfalls, CaselessKAndSMatchKelvinSignAndLongS) {
  EXPECT_EQ(Count("(?i)disk failure", "dis\xE2\x84\xAA failure"), 1u);
  EXPECT_EQ(Count("(?i)disk failure", "DI\xC5\xBFK FAILURE"), 1u);
  EXPECT_EQ(Count("(?i)disk failure", "x\nDI\xC5\xBF\xE2\x84\xAA FAILURE\nDisk Failure\n"), 2u);
  EXPECT_EQ(Count("(?i)kss", "a \xE2\x84\xAA\xC5\xBFS b"), 1u);
  EXPECT_EQ(Count("disk failure", "dis\xE2\x84\xAA failure"), 0u);
  EXPECT_EQ(Count("(?i)disk failure", R"({"m":"di\u017f\u212a failure"})"), 1u);
}

TEST(Pitfalls, NonAsciiLettersFoldInCaselessPatterns) {
  EXPECT_EQ(Count("(?i)puffer\xC3\xBC"
                  "berlauf",
                  "PUFFER\xC3\x9C"
                  "BERLAUF"),
            1u);
  EXPECT_EQ(Count("(?i)\xC3\xBC", "\xC3\x9C"), 1u);
  EXPECT_EQ(Count("(?i)\xC5\xBFtop", "STOP"), 1u);
  EXPECT_EQ(Count("(?i)\xE2\x84\xAA"
                  "elvin",
                  "kelvin"),
            1u);
}

TEST(Pitfalls, NonAsciiLiteralIsFoundRawAndEscaped) {
  EXPECT_EQ(Count("Zeit\xC3\xBC"
                  "berschreitung",
                  "Zeit\xC3\xBC"
                  "berschreitung"),
            1u);
  EXPECT_EQ(Count("Zeit\xC3\xBC"
                  "berschreitung",
                  R"({"m":"Zeit\u00fcberschreitung"})"),
            1u);
  EXPECT_EQ(Count("\xE6\x97\xA5\xE6\x9C\xAC\xE8\xAA\x9E", R"({"m":"\u65e5\u672c\u8a9e"})"), 1u);
  EXPECT_EQ(Count("\xF0\x9F\x98\x80\xF0\x9F\x98\x80", R"({"m":"\ud83d\ude00\uD83D\uDE00"})"), 1u);
}

TEST(Pitfalls, JsonEscapesDoNotHideALiteral) {
  EXPECT_EQ(Count("state \"down\" now", R"({"m":"state \"down\" now"})"), 1u);
  EXPECT_EQ(Count("GET /api/v1", R"({"m":"GET \/api\/v1"})"), 1u);
  EXPECT_EQ(Count("<fault>x", R"({"m":"\u003cfault\u003ex"})"), 1u);
  EXPECT_EQ(Count("a=b&c=d", R"({"m":"a\u003db\u0026c\u003dd"})"), 1u);
  EXPECT_EQ(Count("caf\xC3\xA9 closed", R"({"m":"caf\u00e9 closed"})"), 1u);
  EXPECT_EQ(Count("C:\\\\temp\\\\x", R"({"m":"C:\\temp\\x"})"), 1u);
  EXPECT_EQ(Count("one\\ttwo three", R"({"m":"one\ttwo three"})"), 1u);
  EXPECT_EQ(Count("one\\ntwo three", R"({"m":"one\ntwo three"})"), 1u);
}

TEST(Pitfalls, EscapedPlainLettersDoNotHideALiteral) {
  EXPECT_EQ(Count("deadlock detected", R"({"m":"deadlock\u0020detected"})"), 1u);
  EXPECT_EQ(Count("deadlock detected", R"({"m":"\u0064eadlock detected"})"), 1u);
  EXPECT_EQ(Count("(?i)DEADLOCK", R"({"m":"\u0064\u0065\u0061\u0064\u006c\u006f\u0063\u006B"})"),
            1u);
  // The same in a line that is no JSON stays as it is.
  EXPECT_EQ(Count("deadlock detected", R"(m: deadlock\u0020detected)"), 0u);
}

TEST(Pitfalls, JsonInsideAStringOfJson) {
  const char* docker =
      R"({"log":"{\"msg\":\"state \\\"down\\\" at \\/api\\u0020x\"}\n","stream":"stdout"})";
  EXPECT_EQ(Count("state \"down\" at /api x", docker), 1u);
  EXPECT_EQ(Count("\"msg\":\"state", docker), 1u);
  EXPECT_EQ(Count("\" at /a", docker), 1u);
}

TEST(Pitfalls, LiteralInRawJsonBytesIsNoMatchOfTheSubject) {
  // The bytes hold "ndeadlock", the text a newline and "deadlock".
  EXPECT_EQ(Count("ndeadlock detected", R"({"m":"x\ndeadlock detected"})"), 0u);
  EXPECT_EQ(Count("^deadlock", R"({"m":"x\ndeadlock detected"})"), 0u);
  EXPECT_EQ(Count("(?m)^deadlock", R"({"m":"x\ndeadlock detected"})"), 1u);
}

TEST(Pitfalls, CriHeaderBeforeJson) {
  EXPECT_EQ(
      Count("state \"down\"", R"(2026-01-02T03:04:05.678901234Z stdout F {"m":"state \"down\""})"),
      1u);
}

TEST(Pitfalls, FluentdHeaderBeforeJson) {
  EXPECT_EQ(Count("state \"down\"",
                  "2026-01-02T03:04:05+00:00\tkube.api\t{\"log\":\"state \\\"down\\\"\"}"),
            1u);
  EXPECT_EQ(Count("state \"down\"",
                  R"(2026-01-02 03:04:05.678901234 +0000 kube.api: {"m":"state \"down\""})"),
            1u);
}

TEST(Pitfalls, MatchesNeverCrossLines) {
  EXPECT_THAT(Lines("refused\\s+again", "connection refused\nagain\n"), IsEmpty());
  EXPECT_THAT(Lines("refused[^x]again", "connection refused\nagain\n"), IsEmpty());
  EXPECT_THAT(Lines("(?s)refused.again", "connection refused\nagain\n"), IsEmpty());
  EXPECT_THAT(Lines("refused\\nagain", "connection refused\nagain\n"), IsEmpty());
  EXPECT_THAT(Lines("refused\\s*", "connection refused\nagain\n"),
              ElementsAre("connection refused"));
}

TEST(Pitfalls, DollarMatchesBeforeCarriageReturn) {
  EXPECT_THAT(Lines("connection refused$", "connection refused\r\nx\r\nconnection refused"),
              ElementsAre("connection refused", "connection refused"));
  EXPECT_THAT(Lines("refused\\r", "connection refused\r\n"), IsEmpty());
  EXPECT_EQ(Count("refused\\r", "connection refused\r\r\n"), 1u);
}

TEST(Pitfalls, InvalidUtf8BesideALiteral) {
  const std::string text = "caf\xE9 deadlock detected \xFF\xC3\n";
  EXPECT_EQ(Count("deadlock detected", text), 1u);
  EXPECT_EQ(Count("(?i)DEADLOCK DETECTED", text), 1u);
  EXPECT_EQ(Count("caf. deadlock", text), 0u) << "a dot is a character, and E9 alone is none";
  EXPECT_EQ(Count("caf\\C deadlock", text), 1u);
  EXPECT_EQ(Count("deadlock detected",
                  "\xE2\x84"
                  "deadlock detected\x84\xAA"),
            1u);
}

TEST(Pitfalls, NulBytesAreOrdinary) {
  using namespace std::string_literals;
  EXPECT_EQ(Count("deadlock detected", "a\0b deadlock detected\0\0\n\0"s), 1u);
  EXPECT_EQ(Count("dead\\x00lock", "dead\0lock\n"s), 1u);
  EXPECT_EQ(Count("dead\\x00lock", R"({"m":"dead\u0000lock"})"), 1u);
}

TEST(Pitfalls, ShortLastLineAndEmptyLines) {
  EXPECT_EQ(Count("abcde", "abcde"), 1u);
  EXPECT_EQ(Count("abcde", "\n\n\nabcde"), 1u);
  EXPECT_EQ(Count("abcde", "abcd"), 0u);
  EXPECT_EQ(Count("abcde", "x\nabcd\nabcde\n"), 1u);
  EXPECT_EQ(Count("ab", "ab"), 1u);
  EXPECT_EQ(Count("ab", "a\nb"), 0u);
  EXPECT_EQ(Count("^$", "\n\nx\n"), 2u);
  EXPECT_EQ(Count("", ""), 0u);
  EXPECT_EQ(Count("", "\r\n"), 1u);
}

TEST(Pitfalls, BytesBehindTheBlockDoNotMatter) {
  const auto set = BuildSet({"abcdefgh", "(?i)xy", "zzz"});
  MatchScratch scratch;
  for (const char filler : {'h', 'y', 'z', '\n', '\0'}) {
    const PaddedBlock block("abcdefg\nx\nzz", filler);
    std::vector<Hit> hits;
    set->Scan(block.view(), scratch, &hits);
    EXPECT_TRUE(hits.empty()) << filler;
  }
}

TEST(Pitfalls, EveryAlignmentAndEveryLiteralLength) {
  const std::string letters = "qjxzvkwqpyfm";
  for (size_t length = 2; length <= letters.size(); ++length) {
    const std::string literal = letters.substr(0, length);
    for (size_t shift = 0; shift < 40; ++shift) {
      const std::string text = std::string(shift, '-') + literal;
      EXPECT_EQ(Count(literal, text), 1u) << literal << " at " << shift;
      EXPECT_EQ(Count(literal, text + "\n"), 1u) << literal << " at " << shift;
      EXPECT_EQ(Count(literal, text + "--------\nnext"), 1u) << literal << " at " << shift;
    }
  }
}

TEST(Pitfalls, DuplicateGroupNamesGiveTheGroupThatTookPart) {
  auto set = SignatureSet::Build(SpecsOf({"from (?P<host>\\w+) lost|lost (?P<host>\\w+)"}));
  if (!set.ok()) GTEST_SKIP() << "this RE2 refuses them: " << set.status();
  MatchScratch scratch;
  SignatureSet::CaptureList captures;
  ASSERT_TRUE((*set)->Captures(0, "lost db1", scratch, &captures));
  ASSERT_EQ(captures.size(), 1u);
  EXPECT_EQ(captures[0].first, "host");
  EXPECT_EQ(captures[0].second, "db1");
}

// The set in front of patterns without literals cannot be compiled: each is tried in turn.
TEST(Pitfalls, SetThatDoesNotCompileLosesNothing) {
  std::vector<std::string> regexes;
  for (int i = 0; i < 24; ++i) {
    std::string regex;
    for (int k = 0; k < 8; ++k)
      regex += "(?:[\\pL\\pN]{1," + std::to_string(3 + i % 3) + "}[x-z]?)";
    regexes.push_back(regex + "\\d" + std::to_string(i % 10));
  }
  const auto set = BuildSet(regexes);
  MatchScratch scratch;
  EXPECT_GT(ExpectSameHits(*set, "a bcdefghijklmnopqrst uvwxyz 17 abcdefgh42\nabcdefghijklmn03\n",
                           scratch),
            0u);
}

// Patterns whose DFA has exponentially many states: RE2 gives up on it and must not say "no match".
TEST(Pitfalls, DfaOutOfMemoryLosesNothing) {
  std::vector<std::string> regexes;
  for (int i = 0; i < 4; ++i) regexes.push_back("[ab][^z]{" + std::to_string(300 + i) + "}[a-m]");
  const auto set = BuildSet(regexes);
  MatchScratch scratch;
  std::string text;
  uint32_t state = 1;
  for (int line = 0; line < 40; ++line) {
    for (int i = 0; i < 700; ++i) {
      state = state * 1664525u + 1013904223u;
      text += static_cast<char>('a' + (state >> 16) % 3);
    }
    text += '\n';
  }
  EXPECT_EQ(ExpectSameHits(*set, text, scratch), 160u);
}

TEST(Pitfalls, ManyNearMissesOnOneLineEndInOneSearch) {
  std::string text;
  for (int i = 0; i < 20000; ++i) text += "deadlock detected at x ";
  EXPECT_EQ(Count("deadlock detected at \\d", text + "\n"), 0u);
  EXPECT_EQ(Count("deadlock detected at \\d", text + "deadlock detected at 5\n"), 1u);
}

TEST(Pitfalls, SeveralTriggersOnALineGiveOneHit) {
  const auto set = BuildSet({"deadlock|abc|xy", "(?i)deadlock"});
  MatchScratch scratch;
  EXPECT_EQ(ExpectSameHits(*set, "xy abc deadlock xy deadlock abc\nabc\n", scratch), 3u);
}

}  // namespace
}  // namespace culprit
