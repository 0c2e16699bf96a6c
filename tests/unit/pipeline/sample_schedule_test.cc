#include "engine/pipeline/sample_schedule.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace culprit {
namespace {

std::string Lines(size_t bytes, uint64_t seed) {
  std::mt19937_64 rng(seed);
  std::string text;
  while (text.size() < bytes) text += std::string(rng() % 200, 'x') + "\n";
  return text;
}

std::vector<uint64_t> Taken(const std::string& text, size_t max_block, uint64_t seed) {
  std::mt19937_64 rng(seed);
  SampleSchedule schedule;
  std::vector<uint64_t> out;
  for (size_t at = 0; at < text.size();) {
    const size_t reach = std::min(text.size() - 1, at + rng() % max_block);
    const size_t end = text.find('\n', reach) + 1;
    std::vector<uint32_t> begins;
    schedule.Take(std::string_view(text).substr(at, end - at), at, &begins);
    for (uint32_t begin : begins) out.push_back(at + begin);
    at = end;
  }
  return out;
}

TEST(SampleSchedule, DependsOnPositionsNotOnBlocks) {
  const std::string text = Lines(3 << 20, 5);
  const std::vector<uint64_t> whole = Taken(text, text.size(), 1);
  for (uint64_t seed = 2; seed < 12; ++seed) EXPECT_EQ(Taken(text, 1 << (8 + seed), seed), whole);
}

TEST(SampleSchedule, TakesEveryLineOfASmallStreamAndFewOfALarge) {
  const std::string text = Lines(8 << 20, 9);
  const std::vector<uint64_t> taken = Taken(text, 1 << 18, 1);
  const auto small = static_cast<size_t>(
      std::count_if(taken.begin(), taken.end(), [](uint64_t at) { return at < 12'000; }));
  EXPECT_GE(small,
            static_cast<size_t>(std::count(text.begin(), text.begin() + 12'000, '\n')) * 8 / 10);
  EXPECT_LT(taken.size(), 2500u);
  for (uint64_t at : taken) EXPECT_TRUE(at == 0 || text[at - 1] == '\n');
}

// Four services take turns, line by line, with lines of the same length.
TEST(SampleSchedule, SeesServicesThatTakeTurnsAlike) {
  std::string text;
  for (int i = 0; i < 40'000; ++i) text += std::string(79, static_cast<char>('a' + i % 4)) + "\n";
  int seen[4] = {};
  for (uint64_t at : Taken(text, 1 << 18, 1)) ++seen[text[at] - 'a'];
  for (int count : seen)
    EXPECT_GT(count, 250) << seen[0] << " " << seen[1] << " " << seen[2] << " " << seen[3];
}

}  // namespace
}  // namespace culprit
