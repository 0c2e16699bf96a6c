#include "engine/ingest/line_blocks.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace culprit {
namespace {

// A stream over a string that hands out at most `step` bytes at a time and may fail at the end.
class StringStream : public ByteStream {
 public:
  explicit StringStream(std::string bytes, size_t step = SIZE_MAX, absl::Status end = {})
      : bytes_(std::move(bytes)), step_(step), end_(std::move(end)) {}
  const StreamInfo& info() const override { return info_; }
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t n = std::min({size, step_, bytes_.size() - at_});
    if (n == 0 && !end_.ok()) return end_;
    std::memcpy(buffer, bytes_.data() + at_, n);
    at_ += n;
    return n;
  }

 private:
  StreamInfo info_;
  std::string bytes_;
  size_t step_, at_ = 0;
  absl::Status end_;
};

struct Line {
  uint64_t offset;
  std::string text;  // without newline
  bool operator==(const Line&) const = default;
};

// The slow obvious splitter.
std::vector<Line> Naive(const std::string& bytes, size_t max_line, uint64_t* cut) {
  std::vector<Line> lines;
  *cut = 0;
  for (size_t i = 0; i < bytes.size();) {
    const size_t newline = std::min(bytes.find('\n', i), bytes.size());
    std::string text = bytes.substr(i, newline - i);
    if (text.size() > max_line) text.resize(max_line), ++*cut;
    lines.push_back({i, text});
    i = newline + 1;
  }
  return lines;
}

std::vector<Line> Fast(LineBlocks& blocks, const std::string& bytes, absl::Status* end = nullptr) {
  std::vector<Line> lines;
  LineBlocks::Block block;
  for (;;) {
    absl::StatusOr<bool> any = blocks.Next(&block);
    if (end != nullptr) *end = any.status();
    if (!any.ok() || !*any) return lines;
    EXPECT_FALSE(block.bytes.empty());
    // Contiguous, and where it says.
    EXPECT_EQ(bytes.compare(block.offset, block.bytes.size(), block.bytes), 0);
    volatile char padding = 0;
    for (size_t i = 0; i < LineBlocks::kPadding; ++i) padding = *(block.bytes.end() + i);
    (void)padding;
    for (size_t i = 0; i < block.bytes.size();) {
      const size_t newline = std::min(block.bytes.find('\n', i), block.bytes.size());
      lines.push_back({block.offset + i, std::string(block.bytes.substr(i, newline - i))});
      i = newline + 1;
    }
    if (block.cut) {
      EXPECT_NE(block.bytes.back(), '\n');
    }
  }
}

void ExpectSame(const std::string& bytes, size_t block_bytes, size_t max_line, size_t step) {
  uint64_t cut = 0;
  const std::vector<Line> expected = Naive(bytes, max_line, &cut);
  StringStream stream(bytes, step);
  Counters counters;
  LineBlocks blocks(stream, {block_bytes, max_line}, &counters);
  ASSERT_EQ(Fast(blocks, bytes), expected)
      << "block " << block_bytes << " line " << max_line << " step " << step;
  EXPECT_EQ(counters.Get(Reason::kLineTruncated), cut);
}

TEST(LineBlocks, EqualTheNaiveSplitterOnRandomText) {
  std::mt19937 random(20261121);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes(random() % 400, 'x');
    const int newline_share = 2 + static_cast<int>(random() % 40);
    for (char& c : bytes) {
      const int r = static_cast<int>(random() % 100);
      c = r < newline_share ? '\n' : r < 50 ? '\0' : static_cast<char>('a' + r % 26);
    }
    ExpectSame(bytes, 1 + random() % 64, 1 + random() % 80, 1 + random() % 70);
  }
}

TEST(LineBlocks, BlocksWhoseBufferWasTakenStay) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    std::string bytes(random() % 3000, 'x');
    for (char& c : bytes) c = random() % 20 == 0 ? '\n' : static_cast<char>('a' + random() % 26);
    StringStream stream(bytes, 1 + random() % 100);
    Counters counters;
    LineBlocks blocks(stream, {.block_bytes = 1 + random() % 200, .max_line_bytes = 1 << 10},
                      &counters);
    std::vector<std::pair<LineBlocks::Block, LineBlocks::Buffer>> kept;
    std::vector<LineBlocks::Buffer> spare;
    LineBlocks::Block block;
    std::string all;
    while (*blocks.Next(&block)) {
      all += block.bytes;
      if (random() % 3 == 0) continue;
      LineBlocks::Buffer next;
      if (!spare.empty() && random() % 2 == 0) {
        next = std::move(spare.back());
        spare.pop_back();
      }
      kept.emplace_back(block, blocks.TakeBuffer(std::move(next)));
      if (random() % 3 != 0) continue;
      auto& [old, buffer] = kept[random() % kept.size()];
      if (buffer == nullptr) continue;
      EXPECT_EQ(bytes.compare(old.offset, old.bytes.size(), old.bytes), 0);
      spare.push_back(std::move(buffer));
    }
    EXPECT_EQ(all, bytes);
    for (const auto& [old, buffer] : kept)
      if (buffer != nullptr) {
        EXPECT_EQ(bytes.compare(old.offset, old.bytes.size(), old.bytes), 0);
      }
  }
}

TEST(LineBlocks, KeepLinesWholeAcrossABorderAtEveryOffset) {
  for (size_t before = 0; before < 40; ++before) {
    const std::string bytes =
        std::string(before, 'a') + "\nsecond line\r\nthird\n\n" + std::string(before, 'b');
    for (size_t block = 1; block < 24; ++block) ExpectSame(bytes, block, 32, SIZE_MAX);
  }
}

TEST(LineBlocks, CutATenMebibyteLineOnceAndGoOnBehindIt) {
  std::string bytes = "first\n" + std::string(10 << 20, 'x') + "\nlast";
  StringStream stream(bytes);
  Counters counters;
  LineBlocks blocks(stream, {}, &counters);
  const std::vector<Line> lines = Fast(blocks, bytes);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[1].offset, 6u);
  EXPECT_EQ(lines[1].text.size(), LineBlockOptions().max_line_bytes);
  EXPECT_EQ(lines[2], (Line{bytes.size() - 4, "last"}));
  EXPECT_EQ(counters.Get(Reason::kLineTruncated), 1u);
}

TEST(LineBlocks, TakeALineOfExactlyTheBound) {
  for (const char* end : {"", "\n", "\nnext"}) {
    ExpectSame(std::string(100, 'x') + end, 16, 100, SIZE_MAX);
    ExpectSame(std::string(101, 'x') + end, 16, 100, SIZE_MAX);
    ExpectSame(std::string(100, 'x') + end, 100, 100, SIZE_MAX);
  }
}

TEST(LineBlocks, GiveNothingForAnEmptyStream) {
  StringStream stream("");
  Counters counters;
  LineBlocks blocks(stream, {}, &counters);
  LineBlocks::Block block;
  EXPECT_FALSE(*blocks.Next(&block));
  EXPECT_FALSE(*blocks.Next(&block));
}

TEST(LineBlocks, DeliverEverythingBeforeAnError) {
  const std::string bytes = "one\ntwo\nunfinished";
  StringStream stream(bytes, 5, absl::DataLossError("cut"));
  Counters counters;
  LineBlocks blocks(stream, {}, &counters);
  absl::Status end;
  const std::vector<Line> lines = Fast(blocks, bytes, &end);
  EXPECT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[2].text, "unfinished");
  EXPECT_EQ(end, absl::DataLossError("cut"));
  LineBlocks::Block block;
  EXPECT_FALSE(blocks.Next(&block).ok());
}

TEST(LineBlocks, StartOverOnAnotherStream) {
  StringStream first("a\nb"), second("c\n");
  Counters counters;
  LineBlocks blocks(first, {8, 8}, &counters);
  EXPECT_EQ(Fast(blocks, "a\nb").size(), 2u);
  blocks.Reset(second);
  EXPECT_EQ(Fast(blocks, "c\n"), (std::vector<Line>{{0, "c"}}));
}

TEST(LineBlocks, ReadToAPageAlignedPlace) {
  class Aligned : public StringStream {
   public:
    using StringStream::StringStream;
    absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
      first = first == nullptr ? buffer : first;
      return StringStream::Read(buffer, size);
    }
    char* first = nullptr;
  };
  Aligned stream(std::string("x\n"));
  Counters counters;
  LineBlocks blocks(stream, {}, &counters);
  LineBlocks::Block block;
  ASSERT_TRUE(*blocks.Next(&block));
  EXPECT_EQ(reinterpret_cast<uintptr_t>(stream.first) % 4096, 0u);
}

}  // namespace
}  // namespace culprit
