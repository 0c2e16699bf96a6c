#include "engine/ingest/forward/chunk_reader.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/forward/pack.h"

namespace culprit {
namespace {

using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::SizeIs;

struct Parts {
  std::vector<LiveBatch> parts;
  ForwardReadCounts counts;
  std::string bytes() const {
    std::string all;
    for (const LiveBatch& part : parts) all += part.bytes;
    return all;
  }
  std::vector<DeadLetter> letters() const {
    std::vector<DeadLetter> all;
    for (const LiveBatch& part : parts) {
      all.insert(all.end(), part.dead_letters.begin(), part.dead_letters.end());
    }
    return all;
  }
};

Parts ReadAll(const std::string& message, const ForwardConfig& config = {}) {
  const absl::StatusOr<ForwardMessage> parsed = ParseForwardMessage(message);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  ChunkReader reader(config, *parsed, "peer");
  Parts out;
  for (bool more = true; more;) more = reader.ReadPart(42'000'000, &out.parts.emplace_back());
  out.counts = reader.counts();
  return out;
}

std::string Entries(size_t n, size_t text_bytes = 100) {
  std::string all;
  for (size_t i = 0; i < n; ++i) {
    all += Entry(EventTime(1000 + static_cast<uint32_t>(i), 5),
                 std::to_string(i) + std::string(text_bytes, 'x'));
  }
  return all;
}

TEST(ChunkReaderTest, GivesALineAndATimePerEntry) {
  const Parts all = ReadAll(Packed("web", Entry(EventTime(7, 8000), "a") + Entry(Pack(0), "b")));
  ASSERT_THAT(all.parts, SizeIs(1));
  EXPECT_EQ(
      all.parts[0].bytes,
      "{\"message\":\"a\",\"@timestamp\":\"1970-01-01T00:00:07.000008000Z\",\"tag\":\"web\"}\n"
      "{\"message\":\"b\",\"ingestion_time\":\"1970-01-01T00:00:42.000000000Z\","
      "\"tag\":\"web\"}\n");
  ASSERT_THAT(all.parts[0].messages, SizeIs(2));
  EXPECT_EQ(all.parts[0].messages[0].time, 7'000'008);
  EXPECT_EQ(all.parts[0].messages[1].time, 42'000'000);
  EXPECT_EQ(all.parts[0].messages[1].begin, all.parts[0].bytes.find("{\"message\":\"b\""));
}

TEST(ChunkReaderTest, AllPackingsGiveTheSameParts) {
  const std::string entries = Entries(5000);
  const size_t half = Entries(2500).size();
  const Parts plain = ReadAll(Packed("web", entries, "id"));
  ASSERT_GT(plain.parts.size(), 3U);
  const std::string forward =
      ArrayOf(3) + Pack(std::string("web")) + ArrayOf(5000) + entries + Option("id");
  for (const std::string& message :
       {forward, Packed("web", Gzip(entries), "id", "gzip"),
        Packed("web", Gzip(entries.substr(0, half)) + Gzip(entries.substr(half)), "id", "gzip"),
        Packed("web", Zstd(entries), "id", "zstd"),
        Packed("web", Zstd(entries.substr(0, half)) + Zstd(entries.substr(half)), "id", "zstd")}) {
    const Parts other = ReadAll(message);
    ASSERT_EQ(other.parts.size(), plain.parts.size());
    for (size_t i = 0; i < plain.parts.size(); ++i) {
      EXPECT_EQ(other.parts[i].bytes, plain.parts[i].bytes);
      EXPECT_LE(other.parts[i].bytes.size(), 4 * kLiveBatchBytes);
    }
    EXPECT_THAT(other.letters(), SizeIs(0));
  }
}

TEST(ChunkReaderTest, PartsStayWithinABatchWhateverTheEntries) {
  ForwardConfig config;
  std::string controls;
  for (int i = 0; i < 300; ++i) controls += Entry(Pack(5), std::string(3000, '\x01'));
  std::string small;
  for (int i = 0; i < 100'000; ++i) small += ArrayOf(2) + Pack(0) + MapOf(0);
  for (const std::string& entries : {controls, small}) {
    const Parts all = ReadAll(Packed(std::string(200, 't'), entries));
    EXPECT_GT(all.parts.size(), 1U);
    for (const LiveBatch& part : all.parts) EXPECT_LE(part.bytes.size(), 4 * kLiveBatchBytes);
  }
}

TEST(ChunkReaderTest, MalformedEntriesAreBuriedAndTheRestGoesOn) {
  const std::string entries = Entry(Pack(5), "a") + Pack(std::string("no entry")) +
                              Entry(Pack(std::string("no time")), "x") + ArrayOf(2) + Pack(5, 6) +
                              Entry(Pack(5), "b");
  const Parts all = ReadAll(Packed("web", entries, "id"));
  EXPECT_THAT(all.bytes(), HasSubstr("\"a\""));
  EXPECT_THAT(all.bytes(), HasSubstr("\"b\""));
  EXPECT_EQ(all.counts.records, 2U);
  EXPECT_EQ(all.counts.malformed, 3U);
  const std::vector<DeadLetter> letters = all.letters();
  ASSERT_THAT(letters, SizeIs(3));
  EXPECT_EQ(letters[0].position, "entry 1 of chunk id");
  EXPECT_EQ(letters[0].bytes, Pack(std::string("no entry")));
  EXPECT_THAT(letters[0].detail, HasSubstr("no [time, record]"));
  EXPECT_EQ(letters[1].position, "entry 2 of chunk id");
  EXPECT_THAT(letters[1].detail, HasSubstr("time"));
  EXPECT_EQ(letters[2].position, "entry 3 of chunk id");
  EXPECT_EQ(letters[2].reason, "malformed_entry");
}

TEST(ChunkReaderTest, ABrokenTailIsBuriedAtOnce) {
  const std::string good = Entries(10);
  for (const std::string& tail : {good.substr(0, 50), std::string("\xc1\xc1\xc1")}) {
    for (const bool packed : {false, true}) {
      const Parts all = ReadAll(packed ? Packed("web", Gzip(good + tail), "id", "gzip")
                                       : Packed("web", good + tail, "id"));
      EXPECT_EQ(all.counts.records, 10U);
      ASSERT_THAT(all.letters(), SizeIs(1));
      EXPECT_EQ(all.letters()[0].reason, "broken_chunk");
      EXPECT_EQ(all.letters()[0].position, "entry 10 of chunk id");
      EXPECT_EQ(all.letters()[0].bytes, tail);
    }
  }
}

TEST(ChunkReaderTest, DamagedPackingKeepsWhatCameBefore) {
  const std::string entries = Entries(3000);
  for (const bool gzip : {true, false}) {
    const std::string packed = gzip ? Gzip(entries) : Zstd(entries);
    const Parts cut = ReadAll(
        Packed("web", packed.substr(0, packed.size() * 3 / 4), "id", gzip ? "gzip" : "zstd"));
    ASSERT_THAT(cut.letters(), SizeIs(1));
    EXPECT_THAT(cut.letters()[0].detail, HasSubstr("cannot be unpacked"));
    if (gzip) {
      EXPECT_GT(cut.counts.records, 1000U);
    }
  }
  const Parts nonsense = ReadAll(Packed("web", "this is not gzip", "id", "gzip"));
  EXPECT_THAT(nonsense.letters(), SizeIs(1));
}

TEST(ChunkReaderTest, BombsAreCutOff) {
  ForwardConfig config;
  config.max_decompressed_bytes = 4 << 20;
  const std::string zeros = Entry(Pack(5), "first") + std::string(64 << 20, '\0');
  for (const bool gzip : {true, false}) {
    const Parts all = ReadAll(
        Packed("web", gzip ? Gzip(zeros) : Zstd(zeros), "id", gzip ? "gzip" : "zstd"), config);
    EXPECT_EQ(all.counts.records, 1U);
    const std::vector<DeadLetter> letters = all.letters();
    EXPECT_THAT(letters, Contains(Field(&DeadLetter::reason, "decompressed_too_large")));
    ASSERT_THAT(letters, SizeIs(2));
    EXPECT_THAT(letters[0].position, HasSubstr("entries 1 to "));
    EXPECT_EQ(letters[0].bytes, std::string(16 * 1024, '\0'));
    EXPECT_GT(all.counts.malformed, 1'000'000U);
  }
  config = {};
  config.max_decompression_ratio = 10;
  const Parts ratio = ReadAll(Packed("web", Gzip(Entries(50'000, 200)), "id", "gzip"), config);
  EXPECT_EQ(ratio.letters().back().reason, "decompressed_too_large");
}

TEST(ChunkReaderTest, LongRecordsAreBuriedAndTheRestGoesOn) {
  ForwardConfig config;
  config.max_record_bytes = 10'000;
  config.max_decompression_ratio = 10'000;
  const std::string entries =
      Entry(Pack(5), "a") + Entry(Pack(5), std::string(3 << 20, 'x')) + Entry(Pack(5), "b");
  for (const std::string& message :
       {Packed("web", entries, "id"), Packed("web", Gzip(entries), "id", "gzip")}) {
    const Parts all = ReadAll(message, config);
    EXPECT_EQ(all.counts.records, 2U);
    ASSERT_THAT(all.letters(), SizeIs(1));
    EXPECT_EQ(all.letters()[0].reason, "record_too_long");
    EXPECT_EQ(all.letters()[0].position, "entry 1 of chunk id");
    EXPECT_LE(all.letters()[0].bytes.size(), 16U * 1024);
  }
}

TEST(ChunkReaderTest, ManyMalformedEntriesAreCountedNotKept) {
  std::string entries;
  for (int i = 0; i < 500; ++i) entries += Pack(i) + Entry(Pack(std::string("no time")), "x");
  const Parts all = ReadAll(Packed("web", entries, "id"));
  EXPECT_EQ(all.counts.malformed, 1000U);
  ASSERT_THAT(all.letters(), SizeIs(101));
  EXPECT_THAT(all.letters().back().detail, HasSubstr("900 more"));
}

TEST(ChunkReaderTest, MalformedEntriesOnEndThatAreAlikeShareALetter) {
  const std::string good = Entry(Pack(5), "a");
  const Parts all = ReadAll(Packed("web", good + Pack(1, 2, 3) + good + Pack(4), "id"));
  const std::vector<DeadLetter> letters = all.letters();
  ASSERT_THAT(letters, SizeIs(2));
  EXPECT_EQ(letters[0].position, "entries 1 to 3 of chunk id");
  EXPECT_EQ(letters[0].bytes, Pack(1, 2, 3));
  EXPECT_EQ(letters[1].position, "entry 5 of chunk id");
  EXPECT_EQ(letters[1].bytes, Pack(4));
}

TEST(ChunkReaderTest, GroupMarksAreNoRecords) {
  const Parts all =
      ReadAll(Packed("web", Entry(EventTime(0xffffffff, 0), "begin") + Entry(EventTime(5, 0), "a") +
                                Entry(EventTime(0xfffffffe, 0), "end")));
  EXPECT_EQ(all.counts.records, 1U);
  EXPECT_EQ(all.counts.group_marks, 2U);
  EXPECT_THAT(all.letters(), SizeIs(0));
}

}  // namespace
}  // namespace culprit
