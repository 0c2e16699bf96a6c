#include "engine/base/utf8.h"

#include <gtest/gtest.h>

#include <random>

namespace culprit {
namespace {

TEST(ToValidUtf8, KeepsGoodTextAndReplacesBadBytes) {
  bool changed = true;
  EXPECT_EQ(ToValidUtf8("gr\xC3\xBC\xC3\x9F", 100, &changed), "gr\xC3\xBC\xC3\x9F");
  EXPECT_FALSE(changed);
  EXPECT_EQ(ToValidUtf8("a\xFF"
                        "b",
                        100, &changed),
            "a\xEF\xBF\xBD"
            "b");
  EXPECT_TRUE(changed);
  EXPECT_EQ(ToValidUtf8("\xED\xA0\x80", 100), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD")
      << "surrogate";
  EXPECT_EQ(ToValidUtf8("\xC0\xAF", 100), "\xEF\xBF\xBD\xEF\xBF\xBD") << "overlong";
}

TEST(ToValidUtf8, NeverCutsASequence) {
  EXPECT_EQ(ToValidUtf8("a\xC3\xBC", 2), "a");
  EXPECT_EQ(ToValidUtf8("a\xC3\xBC", 3), "a\xC3\xBC");
}

TEST(ToValidUtf8, OutputIsAlwaysValid) {
  std::mt19937_64 rng(3);
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (size_t n = rng() % 20; n > 0; --n)
      text.push_back(static_cast<char>(rng() % 3 ? 0x80 + rng() % 0x80 : rng() % 0x80));
    bool again = true;
    const std::string once = ToValidUtf8(text, 1000);
    EXPECT_EQ(ToValidUtf8(once, 1000, &again), once);
    EXPECT_FALSE(again);
  }
}

// Byte by byte, as the slow obvious way.
std::string Slowly(std::string_view bytes, size_t max_bytes) {
  std::string out;
  for (size_t i = 0; i < bytes.size();) {
    const size_t length = Utf8Length(bytes.substr(i, 4));
    const size_t step = length == 0 ? 1 : length;
    if (i + step > max_bytes) break;
    out += length == 0 ? "\xEF\xBF\xBD" : std::string(bytes.substr(i, length));
    i += step;
  }
  return out;
}

TEST(ValidUtf8, SaysTheSameAsTheSlowWayAndCopiesOnlyBadText) {
  std::mt19937_64 rng(3);
  std::string scratch;
  for (int round = 0; round < 20000; ++round) {
    std::string text;
    for (size_t n = rng() % 40; n > 0; --n) {
      constexpr std::string_view kPieces[] = {"a", "plain text", "\xC3\xA9", "\xE2\x82\xAC",
                                              "\xF0\x9F\x92\xA5"};
      text += rng() % 30 == 0 ? std::string(1, static_cast<char>(rng()))
                              : std::string(kPieces[rng() % std::size(kPieces)]);
    }
    const size_t max_bytes = rng() % 3 == 0 ? text.size() + 5 : rng() % 200;
    const std::string expected = Slowly(text, max_bytes);
    EXPECT_EQ(ToValidUtf8(text, max_bytes), expected);
    const std::string_view view = ValidUtf8(text, max_bytes, &scratch);
    EXPECT_EQ(view, expected);
    EXPECT_EQ(view.data() == text.data(), text.compare(0, expected.size(), expected) == 0);
  }
}

}  // namespace
}  // namespace culprit
