#include "engine/base/json_text.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <random>

#include "engine/base/utf8.h"

namespace culprit {
namespace {

std::string Written(std::string_view text) {
  std::string out;
  AppendJsonString(text, &out);
  return out;
}

TEST(JsonText, EscapesWhatJsonForbids) {
  EXPECT_EQ(Written("a\"b\\c\n\t\r\x01"), R"("a\"b\\c\n\t\r\u0001")");
  EXPECT_EQ(Written(""), "\"\"");
  EXPECT_EQ(Written("grün"), "\"grün\"");
}

TEST(JsonText, BadBytesBecomeReplacementCharacters) {
  EXPECT_EQ(Written("a\xff z"), "\"a\xef\xbf\xbd z\"");
}

TEST(JsonText, AnyBytesParseBackToTheirValidText) {
  std::mt19937 rng(7);
  simdjson::dom::parser parser;
  for (int round = 0; round < 2000; ++round) {
    std::string text(rng() % 40, '\0');
    for (char& c : text) c = static_cast<char>(rng() % (round % 2 == 0 ? 128 : 256));
    std::string_view back;
    ASSERT_EQ(parser.parse(simdjson::padded_string(Written(text))).get(back), simdjson::SUCCESS);
    ASSERT_EQ(back, ToValidUtf8(text, 1000));
  }
}

}  // namespace
}  // namespace culprit
