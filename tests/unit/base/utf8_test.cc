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

}  // namespace
}  // namespace culprit
