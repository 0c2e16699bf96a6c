#include "engine/pipeline/segment_writer.h"

#include <gtest/gtest.h>

#include "engine/state/memory_signal_log.h"

namespace culprit {
namespace {

std::vector<std::vector<TimeUs>> Pieces(const std::vector<int>& seconds) {
  MemorySignalLog log;
  std::atomic<PartitionId> next{0};
  SegmentWriter writer(&log, &next);
  for (int s : seconds) EXPECT_TRUE(writer.Append(MarkView{s * kSecondUs, "a"}).ok());
  EXPECT_TRUE(writer.Close().ok());
  std::vector<std::vector<TimeUs>> out;
  for (PartitionId p : writer.partitions()) {
    auto reader = log.OpenReader(p);
    EntryView entry;
    out.emplace_back();
    while (*reader->Next(&entry)) out.back().push_back(std::get<MarkView>(entry).time / kSecondUs);
  }
  return out;
}

std::vector<int> Range(int from, int to) {
  std::vector<int> out;
  for (int s = from; s < to; ++s) out.push_back(s);
  return out;
}

std::vector<int> operator+(std::vector<int> a, const std::vector<int>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

TEST(SegmentWriter, CutsConcatenatedLogs) {
  const auto pieces = Pieces(Range(1000, 2000) + Range(1000, 2000) + Range(500, 700));
  ASSERT_EQ(pieces.size(), 3u);
  EXPECT_EQ(pieces[0].size(), 1000u);
  EXPECT_EQ(pieces[1].size(), 1000u);
  EXPECT_EQ(pieces[2].size(), 200u);
  EXPECT_EQ(pieces[1].front(), 1000);
}

TEST(SegmentWriter, LeavesStragglersWhereTheyAre) {
  const auto pieces = Pieces(Range(1000, 2000) + Range(1000, 1007) + Range(2000, 2100));
  ASSERT_EQ(pieces.size(), 1u);
  EXPECT_EQ(pieces[0].size(), 1107u);
}

TEST(SegmentWriter, IsNotMisledByOneFarOffTime) {
  EXPECT_EQ(Pieces(Range(1000, 1100) + std::vector<int>{900'000} + Range(1100, 1300)).size(), 1u);
}

TEST(SegmentWriter, LosesNothing) {
  size_t total = 0;
  for (const auto& piece : Pieces(Range(1000, 1100) + Range(0, 5))) total += piece.size();
  EXPECT_EQ(total, 105u);
}

}  // namespace
}  // namespace culprit
