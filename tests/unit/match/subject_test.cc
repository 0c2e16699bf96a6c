#include "engine/match/subject.h"

#include <gtest/gtest.h>

#include "engine/match/lines.h"

namespace culprit {
namespace {

std::string Decoded(std::string_view line) {
  std::string scratch;
  return std::string(Subject(line, &scratch));
}

TEST(Subject, PlainLineIsReturnedAsItIs) {
  std::string scratch;
  for (const std::string_view line :
       {std::string_view("a \\\" b"), std::string_view(""), std::string_view("{"),
        std::string_view("{\"a\":1}"), std::string_view("{\"a\\\":"),
        std::string_view("[\"\\n\"]")}) {
    EXPECT_EQ(Subject(line, &scratch).data(), line.data()) << line;
  }
}

TEST(Subject, DecodesEveryEscapeOfJson) {
  EXPECT_EQ(Decoded(R"({"m":"q\"b\\s\/b\bf\fn\nr\rt\tu\u00e9\u003c\ud83d\ude00"})"),
            "{\"m\":\"q\"b\\s/b\bf\fn\nr\rt\tu\xC3\xA9<\xF0\x9F\x98\x80\"}");
}

TEST(Subject, LeavesWhatIsNoEscape) {
  EXPECT_EQ(Decoded(R"({"m":"\x \u12 \ud800 \ude00 \ud800\u0041"})"),
            "{\"m\":\"\\x \\u12 \\ud800 \\ude00 \\ud800A\"}");
}

TEST(Subject, NulEscapeIsANulByte) {
  EXPECT_EQ(Decoded(R"({"m":"a\u0000b"})"), std::string("{\"m\":\"a\0b\"}", 11));
}

TEST(Subject, JsonInsideAStringIsDecodedTwice) {
  EXPECT_EQ(Decoded(R"({"log":"{\"msg\":\"a \\\"b\\\" c\\/d\"}\n","path":"C:\\temp"})"),
            "{\"log\":\"{\"msg\":\"a \"b\" c/d\"}\n\",\"path\":\"C:\\temp\"}");
}

TEST(Subject, QuotedBraceInTextIsNotNestedJson) {
  EXPECT_EQ(Decoded(R"({"m":"got \"{\"a\\n\""})"), R"({"m":"got "{"a\n""})");
}

TEST(Subject, CriHeaderIsKeptAndItsJsonDecoded) {
  EXPECT_EQ(Decoded(R"(2026-01-02T03:04:05.678901234Z stdout F {"m":"a\"b"})"),
            R"(2026-01-02T03:04:05.678901234Z stdout F {"m":"a"b"})");
  EXPECT_EQ(Decoded(R"(2026-01-02T03:04:05.678901234Z stdin F {"m":"a\"b"})"),
            R"(2026-01-02T03:04:05.678901234Z stdin F {"m":"a\"b"})");
}

TEST(Subject, FluentdHeadersAreKeptAndTheirJsonDecoded) {
  for (const std::string header :
       {"2026-01-02T03:04:05+00:00\tkube.var.log.containers.api-0_prod_api-01.log\t",
        "2026-01-02T03:04:05Z\tapp\t",
        "2026-01-02 03:04:05.678901234 +0000 kube.api: ", "2026-01-02 03:04:05 -0730 a: "}) {
    EXPECT_EQ(JsonStart(header + "{}"), header.size()) << header;
    EXPECT_EQ(Decoded(header + R"({"m":"a\"b"})"), header + R"({"m":"a"b"})");
  }
  for (const std::string header :
       {"2026-01-02T03:04:05+00:00\t\t", "2026-01-02T03:04:05+00:00\ta b\t",
        "2026-01-02T03:04:05+00:00 a: ", "2026-01-02 03:04:05 a: ",
        "2026-01-02 03:04:05.678 +0000 a b: ", "2026-01-02 03:04:05.678 +0000 [info]: x "}) {
    EXPECT_EQ(JsonStart(header + "{\"m\":\"abcdefgh\"}"), std::string_view::npos) << header;
  }
}

TEST(Subject, BlanksBehindTheObjectAreAllowed) {
  EXPECT_EQ(Decoded("{\"m\":\"a\\\"\"} \r"), "{\"m\":\"a\"\"} \r");
}

TEST(Lines, CountsNewlinesOfAnySize) {
  std::string text;
  size_t expected = 0;
  for (int i = 0; i < 20000; ++i) {
    ASSERT_EQ(CountLines(text), expected) << i;
    const bool newline = (i * 7 + i / 13) % 3 == 0;
    text += newline ? '\n' : 'x';
    expected += newline;
    if (i > 300) i += 97;
  }
}

TEST(Lines, SplitsLikeTheContractSays) {
  const auto split = [](std::string_view block) {
    std::vector<std::string> lines;
    ForEachLine(block, [&](const char* b, const char* e) { lines.emplace_back(b, e); });
    return lines;
  };
  EXPECT_EQ(split(""), std::vector<std::string>());
  EXPECT_EQ(split("\n"), std::vector<std::string>({""}));
  EXPECT_EQ(split("a\r\n\nb\r\r\n\r"), std::vector<std::string>({"a", "", "b\r", ""}));
}

TEST(FoldToAscii, ReplacesWhatFoldsToAsciiLetters) {
  std::string out = "old";
  FoldToAscii("", &out);
  EXPECT_EQ(out, "");
  FoldToAscii("di\xC5\xBF\xE2\x84\xAA\xC5\xBF", &out);
  EXPECT_EQ(out, "disks");
  FoldToAscii("\xE2\x84\xAAm \xE2\x84 \xC5", &out);
  EXPECT_EQ(out, "km \xE2\x84 \xC5");
}

}  // namespace
}  // namespace culprit
