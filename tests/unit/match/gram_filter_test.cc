#include "engine/match/gram_filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "engine/match/gram_context.h"
#include "engine/match/pair_finder.h"
#include "tests/unit/match/match_testing.h"

namespace culprit {
namespace {

Literal LiteralOf(std::string_view text, bool any_case) {
  Literal literal;
  for (const char c : text) literal.Append(c, any_case);
  return literal;
}

std::string RandomText(std::mt19937_64& random, size_t size, std::string_view alphabet) {
  std::string text;
  while (text.size() < size) text += alphabet[random() % alphabet.size()];
  return text;
}

using Place = std::pair<uint32_t, size_t>;  // literal, offset

std::set<Place> FindSlowly(const std::vector<Literal>& literals, std::string_view text) {
  std::set<Place> places;
  for (uint32_t i = 0; i < literals.size(); ++i) {
    for (size_t at = 0; at + literals[i].size() <= text.size(); ++at) {
      bool same = true;
      for (size_t k = 0; same && k < literals[i].size(); ++k) {
        same = ((text[at + k] ^ literals[i].text[k]) & ~literals[i].free[k]) == 0;
      }
      if (same) places.insert({i, at});
    }
  }
  return places;
}

TEST(GramFilter, FindsEveryPlaceOfEveryLiteral) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 200; ++round) {
    const std::string text = RandomText(random, random() % 20000, "abAB\n");
    std::vector<Literal> literals;
    for (int i = 0; i < 1 + round % 40; ++i) {
      const size_t size = 5 + random() % 20;
      const bool any_case = random() % 3 == 0;
      // Long ones would hardly stand in the text by chance.
      const bool from_text = random() % 2 == 0 && size < text.size();
      literals.push_back(LiteralOf(from_text ? text.substr(random() % (text.size() - size), size)
                                             : RandomText(random, size, "abA"),
                                   any_case));
    }
    std::erase_if(literals, [](const Literal& literal) {
      return !PlanFind(literal, RarityModel::Builtin()).by_grams;
    });
    const GramFilter filter(literals, {}, RarityModel::Builtin());
    const PaddedBlock block(text, 'a');
    std::set<Place> found;
    filter.Scan(
        block.view().data(), block.view().data() + text.size(),
        [&](uint32_t literal, const char* start) {
          found.insert({literal, static_cast<size_t>(start - block.view().data())});
        },
        [](const char*, const char*) {});
    ASSERT_EQ(found, FindSlowly(literals, text)) << "round " << round;
  }
}

TEST(GramFilter, NamesEveryStretchThatIsNotAscii) {
  const GramFilter filter({LiteralOf("abcdefgh", false)}, {}, RarityModel::Builtin());
  for (const size_t at : {size_t{0}, size_t{8191}, size_t{8192}, size_t{20000}, size_t{29999}}) {
    std::string text(30000, 'x');
    text[at] = '\xC5';
    const PaddedBlock block(text, 'x');
    const char* const begin = block.view().data();
    bool named = false;
    filter.Scan(
        begin, begin + text.size(), [](uint32_t, const char*) {},
        [&](const char* from, const char* to) { named |= from <= begin + at && begin + at < to; });
    EXPECT_TRUE(named) << at;
  }
}

TEST(GramSample, AllSamplersAgreeWithTheTable) {
  std::mt19937_64 random(5);
  for (int round = 0; round < 50; ++round) {
    GramTable table;
    table.factor = static_cast<uint32_t>(random()) | 1;
    table.shift = 32 - 12 - round % 3;
    table.Resize();
    const std::string text =
        RandomText(random, 8192 + kBlockPadding, round % 2 == 0 ? "abcD\n" : "ab\xC3\xA9");
    for (int i = 0; i < 30 * (round % 5); ++i) {
      const uint32_t gram = FoldedGramAt(text.data() + random() % 8000);
      table.Add(table.Index(gram, static_cast<uint32_t>(random() % 32)),
                static_cast<uint8_t>(random()));
    }
    const size_t size = 8192 - static_cast<size_t>(round) * 7;
    const size_t grams = (size + kGroupBytes - 1) / kGroupBytes * kGroupGrams;
    for (const Sampler& sampler : Samplers()) {
      std::vector<uint16_t> expected;
      for (size_t i = 0; i < grams; ++i) {
        const char* const p = text.data() + i * kGramBytes;
        if (sampler.asks_classes ? table.HasClass(p) : table.Has(p))
          expected.push_back(static_cast<uint16_t>(i));
      }
      std::vector<uint16_t> places(grams + kPlaceSlack);
      const Sampled sampled = sampler.run(table, text.data(), text.data() + size, places.data());
      places.resize(sampled.places);
      EXPECT_EQ(places, expected);
      EXPECT_EQ(sampled.newlines, CountLines({text.data(), grams * kGramBytes}));
      EXPECT_EQ(sampled.non_ascii, round % 2 != 0);
    }
  }
}

// Whatever the hashes let through, a place where a literal stands stays.
TEST(GramContext, KeepsEveryPlaceOfItsLiterals) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 300; ++round) {
    const std::string text = RandomText(random, 400, "abAB ");
    const PaddedBlock block(text, 'a');
    const char* const begin = block.view().data();
    GramContext context;
    std::vector<uint16_t> places;
    for (uint16_t place = 0; place < 90; ++place) {
      if (random() % 8 != 0) continue;
      const size_t at = place * kGramBytes;
      const size_t before = std::min<size_t>(at, random() % 12);
      const size_t behind = kGramBytes + random() % 12;
      const Literal literal =
          LiteralOf(std::string_view(text).substr(at - before, before + behind), false);
      context.Add(FoldedGramAt(begin + at), static_cast<int>(before), literal);
      places.push_back(place);
    }
    context.Build();
    std::vector<uint16_t> kept = places;
    kept.resize(context.KeepBehind(begin, kept.data(), kept.size()));
    kept.resize(context.KeepBefore(begin, begin, kept.data(), kept.size()));
    EXPECT_EQ(kept, places) << "round " << round;
  }
}

class PairFinderTest : public ::testing::TestWithParam<bool> {};

TEST_P(PairFinderTest, FindsEveryPairInAnyCase) {
  std::mt19937_64 random(9);
  PairFinder finder(GetParam());
  finder.Add('a', 'b', 1);
  finder.Add('\xC5', '\xBF', 2);
  finder.Add('A', 'b', 3);
  for (int round = 0; round < 200; ++round) {
    const std::string text = RandomText(random, random() % 300, "abAB\xC5\xBFx");
    const PaddedBlock block(text, 'x');
    const char* const begin = block.view().data();
    std::set<std::pair<uint32_t, size_t>> found;
    finder.Scan(begin, begin + text.size(), [&](uint32_t tag, const char* p) {
      found.insert({tag, static_cast<size_t>(p - begin)});
    });
    std::set<std::pair<uint32_t, size_t>> expected;
    for (size_t i = 0; i + 1 < text.size(); ++i) {
      const bool ab = (text[i] | 0x20) == 'a' && (text[i + 1] | 0x20) == 'b';
      if (ab) expected.insert({{1, i}, {3, i}});
      if (text[i] == '\xC5' && text[i + 1] == '\xBF') expected.insert({2, i});
    }
    EXPECT_EQ(found, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(PlainOrNot, PairFinderTest, ::testing::Bool());

}  // namespace
}  // namespace culprit
