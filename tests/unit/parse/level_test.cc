// Level words: every spelling, and nothing that only looks like one.
#include "engine/parse/level.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace culprit {
namespace {

TEST(Level, KnowsWordsInAnyCase) {
  const std::pair<const char*, Level> words[] = {
      {"err", Level::kError},       {"inf", Level::kInfo},          {"warn", Level::kWarn},
      {"debug1", Level::kDebug},    {"severe", Level::kError},      {"critical", Level::kFatal},
      {"emergency", Level::kFatal}, {"exception", Level::kError},   {"information", Level::kInfo},
      {"trce", Level::kTrace},      {"informational", Level::kInfo}};
  for (const auto& [word, level] : words) {
    std::string upper = word, first = word;
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    first[0] = upper[0];
    for (const std::string& text : {std::string(word), upper, first})
      EXPECT_EQ(LevelFromWord(text), level) << text;
  }
}

TEST(Level, TakesNothingElseForAWord) {
  for (const std::string word : {"", "er", "errx", "erro", "errors", "warm", "informations",
                                 "emergenc", "emergencies", "[rror", "debug\x11", "\x05rror",
                                 "err\xef", "ERR0R", "{nfo", "critica", "criticals", "@lert"})
    EXPECT_EQ(LevelFromWord(word), Level::kUnknown) << word;
  EXPECT_EQ(LevelFromWord(std::string("err\0", 4)), Level::kUnknown);
  EXPECT_EQ(LevelFromWord(std::string("\0err", 4)), Level::kUnknown);
}

}  // namespace
}  // namespace culprit
