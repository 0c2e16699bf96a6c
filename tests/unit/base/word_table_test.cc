#include "engine/base/word_table.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace culprit {
namespace {

TEST(WordTable, NumbersTextsInTheOrderOfTheirComing) {
  std::mt19937 random(3);
  WordTable table;
  for (int round = 0; round < 3; ++round) {
    std::map<std::string, uint32_t> oracle;
    size_t bytes = 0;
    for (int i = 0; i < 20000; ++i) {
      // Many that differ in one byte only, of every length.
      std::string text(random() % 40, 'a');
      if (!text.empty()) text[random() % text.size()] = static_cast<char>(random());
      const auto [known, fresh] = oracle.try_emplace(text, oracle.size());
      ASSERT_EQ(table.Find(text), fresh ? WordTable::kNone : known->second);
      bool added = false;
      ASSERT_EQ(table.FindOrAdd(text, &added), known->second);
      ASSERT_EQ(added, fresh);
      ASSERT_EQ(table.Text(known->second), text);
      bytes += fresh ? text.size() : 0;
    }
    EXPECT_EQ(table.size(), oracle.size());
    EXPECT_EQ(table.bytes(), bytes);
    table.Clear();
    EXPECT_EQ(table.size(), 0u);
    EXPECT_EQ(table.Find("a"), WordTable::kNone);
  }
}

}  // namespace
}  // namespace culprit
