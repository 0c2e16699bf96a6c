// From MessagePack to lines: heads and ends of values, messages, times, records.
#include <nlohmann/json.hpp>
#include <random>

#include "engine/ingest/forward/json_lines.h"
#include "engine/ingest/forward/message.h"
#include "engine/ingest/forward/msgpack_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/forward/pack.h"

namespace culprit {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

std::string Line(const std::string& record, const EntryTime& time = {},
                 uint64_t* repaired = nullptr) {
  JsonLines lines(1 << 20);
  lines.SetTag("web");
  std::string out;
  JsonLines::Result result;
  const RecordError error = lines.Append(record, time, 1'795'243'865'000'042, &out, &result);
  if (error != RecordError::kNone) return std::string(RecordErrorText(error));
  EXPECT_EQ(result.consumed, record.size());
  if (repaired != nullptr) *repaired = result.repaired;
  return out;
}

// Any value, made from a seed.
json Any(std::mt19937& random, int depth) {
  switch (random() % (depth > 3 ? 8 : 10)) {
    case 0:
      return nullptr;
    case 1:
      return random() % 2 == 0;
    case 2:
      return static_cast<int64_t>(random()) << (random() % 31);
    case 3:
      return -(static_cast<int64_t>(random()) << (random() % 31));
    case 4:
      return ~0ULL - random();
    case 5:
      return static_cast<double>(random()) / 1000;
    case 6:
      return std::string(random() % 400, static_cast<char>(random() % 0x60 + 0x20));
    case 7:
      return "q\"\\\n\x01 \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80";
    case 8: {
      json array = json::array();
      for (size_t n = random() % 20; n > 0; --n) array.push_back(Any(random, depth + 1));
      return array;
    }
    default: {
      json map = json::object();
      for (size_t n = random() % 20; n > 0; --n) {
        map["k" + std::to_string(random() % 100)] = Any(random, depth + 1);
      }
      return map;
    }
  }
}

std::string BytesOf(const json& value) {
  const std::vector<uint8_t> bytes = json::to_msgpack(value);
  return {bytes.begin(), bytes.end()};
}

TEST(MsgpackScanner, FindsTheEndWhateverThePieces) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    const std::string bytes = BytesOf(Any(random, 0));
    MsgpackScanner scanner(1 << 20);
    for (size_t n = 0; n < bytes.size(); n += 1 + random() % 7) {
      ASSERT_EQ(scanner.Scan(std::string_view(bytes).substr(0, n)), MsgpackState::kMore);
    }
    ASSERT_EQ(scanner.Scan(bytes + "more"), MsgpackState::kOk);
    ASSERT_EQ(scanner.end(), bytes.size());
  }
}

TEST(MsgpackScanner, RefusesWhatIsLongerThanAllowedAtItsHead) {
  MsgpackScanner text(1000);
  EXPECT_EQ(text.Scan("\xdb\xff\xff\xff\xff"), MsgpackState::kTooLarge);
  MsgpackScanner array(1000);
  EXPECT_EQ(array.Scan("\xdd\xff\xff\xff\xff"), MsgpackState::kTooLarge);
  MsgpackScanner nested(1000);
  EXPECT_EQ(nested.Scan(std::string(1001, '\x91')), MsgpackState::kTooLarge);
  MsgpackScanner garbage(1000);
  EXPECT_EQ(garbage.Scan("\xc1"), MsgpackState::kInvalid);
}

TEST(JsonLinesTest, EqualsTheTreeOfAnotherLibrary) {
  std::mt19937 random(2);
  for (int round = 0; round < 300; ++round) {
    json record = json::object();
    for (size_t n = random() % 10; n > 0; --n) {
      record["f" + std::to_string(n)] = Any(random, 1);
    }
    const std::string line = Line(BytesOf(record));
    ASSERT_EQ(line.find('\n'), line.size() - 1);
    json back = json::parse(line);
    ASSERT_EQ(back["tag"], "web");
    back.erase("tag");
    back.erase("ingestion_time");
    ASSERT_TRUE(back == record) << line;
  }
}

TEST(JsonLinesTest, NumbersAreExact) {
  const std::string line =
      Line(MapOf(5) + Pack(std::string("a"), ~0ULL, std::string("b"), INT64_MIN, std::string("c"),
                           0.1, std::string("d"), 0.1F, std::string("e"), 1e300));
  EXPECT_THAT(line, HasSubstr("\"a\":18446744073709551615,\"b\":-9223372036854775808,\"c\":0.1,"
                              "\"d\":0.10000000149011612,\"e\":1e+300,"));
}

TEST(JsonLinesTest, NumbersThatJsonLacksAreText) {
  EXPECT_THAT(Line(MapOf(2) + Pack(std::string("a"), std::nan(""), std::string("b"),
                                   -std::numeric_limits<float>::infinity())),
              HasSubstr("{\"a\":\"NaN\",\"b\":\"-Infinity\","));
}

TEST(JsonLinesTest, BytesThatAreNoUtf8AreReplacedAndCounted) {
  uint64_t repaired = 0;
  const std::string line =
      Line(MapOf(1) + Pack(std::string("m")) + Bin("ok \xff\xc3\x28 \xe2\x82\xac"), {}, &repaired);
  EXPECT_THAT(line, HasSubstr("\"m\":\"ok \xEF\xBF\xBD\xEF\xBF\xBD( \xe2\x82\xac\""));
  EXPECT_EQ(repaired, 2U);
}

TEST(JsonLinesTest, KeysThatAreNoTextBecomeText) {
  EXPECT_THAT(Line(MapOf(3) + Pack(1, 2, msgpack::type::nil_t(), 3, true, 4)),
              HasSubstr("{\"1\":2,\"null\":3,\"true\":4,"));
  EXPECT_EQ(Line(MapOf(1) + ArrayOf(0) + Pack(1)), RecordErrorText(RecordError::kBadKey));
}

TEST(JsonLinesTest, OtherExtensionsAreShown) {
  EXPECT_THAT(Line(MapOf(1) + Pack(std::string("x")) + std::string("\xd4\x05\x01", 3)),
              HasSubstr("\"x\":\"ext:5:AQ==\""));
}

TEST(JsonLinesTest, TimeStandsWhereTheMoreExactOneWins) {
  const std::string record = MapOf(1) + Pack(std::string("m"), 1);
  EXPECT_EQ(Line(record, {EntryTime::Kind::kNanos, 1'795'243'865, 123'456'789}),
            "{\"m\":1,\"@timestamp\":\"2026-11-21T06:51:05.123456789Z\",\"tag\":\"web\"}\n");
  EXPECT_EQ(Line(record, {EntryTime::Kind::kSeconds, 1'795'243'865, 0}),
            "{\"m\":1,\"time\":\"2026-11-21T06:51:05.000000000Z\",\"tag\":\"web\"}\n");
  EXPECT_EQ(Line(record),
            "{\"m\":1,\"ingestion_time\":\"2026-11-21T06:51:05.000042000Z\",\"tag\":\"web\"}\n");
  EXPECT_EQ(Line(MapOf(0)),
            "{\"ingestion_time\":\"2026-11-21T06:51:05.000042000Z\",\"tag\":\"web\"}\n");
}

TEST(JsonLinesTest, FieldsOfTheRecordAreLeftAsTheyAre) {
  EXPECT_EQ(Line(MapOf(2) + Pack(std::string("@timestamp"), 1, std::string("tag"), 2),
                 {EntryTime::Kind::kNanos, 1'795'243'865, 0}),
            "{\"@timestamp\":1,\"tag\":2}\n");
  // Deeper down such a name means nothing.
  EXPECT_THAT(Line(MapOf(1) + Pack(std::string("a")) + MapOf(1) + Pack(std::string("tag"), 2)),
              HasSubstr("{\"a\":{\"tag\":2},\"ingestion_time\""));
}

TEST(JsonLinesTest, RefusesWhatIsNoRecord) {
  EXPECT_EQ(Line(Pack(1)), RecordErrorText(RecordError::kMalformed));
  EXPECT_EQ(Line(Pack(std::string("x"))), RecordErrorText(RecordError::kMalformed));
  EXPECT_EQ(Line(ArrayOf(1) + Pack(1)), RecordErrorText(RecordError::kMalformed));
  EXPECT_EQ(Line(std::string(MapOf(1) + "\xc1")), RecordErrorText(RecordError::kMalformed));
  EXPECT_EQ(Line(MapOf(2) + Pack(1, 2, 3)), RecordErrorText(RecordError::kTruncated));
  std::string deep;
  for (int i = 0; i < 65; ++i) deep += MapOf(1) + Pack(std::string("k"));
  EXPECT_EQ(Line(deep + Pack(1)), RecordErrorText(RecordError::kTooDeep));
}

TEST(JsonLinesTest, AFailedRecordLeavesNothingBehind) {
  JsonLines lines(100);
  lines.SetTag("t");
  std::string out = "before\n";
  JsonLines::Result result;
  const std::string record = MapOf(1) + Pack(std::string("m"), std::string(200, 'x'));
  EXPECT_EQ(lines.Append(record, {}, 0, &out, &result), RecordError::kTooLong);
  EXPECT_EQ(out, "before\n");
}

std::string Seen(const std::string& bytes) {
  const absl::StatusOr<ForwardMessage> message = ParseForwardMessage(bytes);
  if (!message.ok()) return std::string(message.status().message());
  return std::string(message->tag) + (message->single ? " single " : " many ") +
         std::to_string(message->entries.size()) + " " + std::string(message->chunk) +
         (message->compression == Compression::kGzip   ? " gzip"
          : message->compression == Compression::kZstd ? " zstd"
                                                       : "");
}

TEST(ForwardMessageTest, KnowsAllModes) {
  const std::string entry = Entry(Pack(5), "m");
  const std::string n = std::to_string(entry.size());
  EXPECT_EQ(Seen(ArrayOf(3) + Pack(std::string("t"), 5) + MapOf(0)), "t single 2 ");
  EXPECT_EQ(Seen(MessageMode("t", "", "id")), "t single 15 id");
  EXPECT_EQ(Seen(ArrayOf(2) + Pack(std::string("t")) + ArrayOf(1) + entry), "t many " + n + " ");
  EXPECT_EQ(Seen(ArrayOf(3) + Pack(std::string("t")) + ArrayOf(2) + entry + entry + Option("id")),
            "t many " + std::to_string(2 * entry.size()) + " id");
  EXPECT_EQ(Seen(ArrayOf(3) + Pack(std::string("t")) + ArrayOf(2) + Pack(5) + MapOf(0) + MapOf(0)),
            "t single 4 ")
      << "[time, meta] as the time of a single message";
  EXPECT_EQ(Seen(Packed("t", entry, "id", "gzip")), "t many " + n + " id gzip");
  EXPECT_EQ(Seen(Packed("t", entry, "", "zstd")), "t many " + n + "  zstd");
  EXPECT_EQ(Seen(Packed("t", entry, "", "text")), "t many " + n + " ");
  EXPECT_EQ(Seen(ArrayOf(2) + Pack(std::string("t"), std::string("entries"))), "t many 7 ");
}

TEST(ForwardMessageTest, SaysWhatIsWrong) {
  EXPECT_THAT(Seen(Pack(1)), HasSubstr("no array"));
  EXPECT_THAT(Seen(ArrayOf(1) + Pack(std::string("t"))), HasSubstr("an array of 1"));
  EXPECT_THAT(Seen(ArrayOf(2) + Pack(1, 2)), HasSubstr("tag is no string"));
  EXPECT_THAT(Seen(ArrayOf(2) + Pack(std::string("t"), 2)), HasSubstr("time without record"));
  EXPECT_THAT(Seen(Packed("t", "", "", "lzma")), HasSubstr("neither gzip nor zstd"));
  EXPECT_THAT(Seen(Packed(std::string(600, 't'), "")), HasSubstr("tag is longer"));
  EXPECT_THAT(Seen(Packed("t", "", std::string(300, 'c'))), HasSubstr("chunk is longer"));
}

std::string Time(const std::string& bytes) {
  MsgpackCursor cursor(bytes);
  EntryTime time;
  if (!ReadEntryTime(cursor, &time)) return "none";
  EXPECT_TRUE(cursor.rest().empty());
  constexpr std::string_view kKinds[] = {"now", "seconds", "nanos", "marker"};
  return std::string(kKinds[static_cast<size_t>(time.kind)]) + " " + std::to_string(time.seconds) +
         "." + std::to_string(time.nanos);
}

TEST(EntryTimeTest, ReadsAllItsForms) {
  EXPECT_EQ(Time(EventTime(1'795'243'865, 7)), "nanos 1795243865.7");
  EXPECT_EQ(Time(std::string("\xc7\x08\x00\x00\x00\x00\x01\x00\x00\x00\x02", 11)), "nanos 1.2");
  EXPECT_EQ(Time(Pack(1'795'243'865)), "seconds 1795243865.0");
  EXPECT_EQ(Time(Pack(1'795'243'865'123)), "nanos 1795243865.123000000");
  EXPECT_EQ(Time(Pack(1'795'243'865'123'456'789)), "nanos 1795243865.123456789");
  EXPECT_EQ(Time(Pack(1'795'243'865.5)), "nanos 1795243865.500000000");
  EXPECT_EQ(Time(ArrayOf(2) + EventTime(5, 6) + MapOf(1) + Pack(1, 2)), "nanos 5.6");
  EXPECT_EQ(Time(std::string("\xd6\xff\x00\x00\x00\x05", 6)), "nanos 5.0");
  EXPECT_EQ(Time(Pack(0)), "now 0.0");
  EXPECT_EQ(Time(EventTime(0, 0)), "now 0.0");
  EXPECT_EQ(Time(Pack(msgpack::type::nil_t())), "now 0.0");
  EXPECT_EQ(Time(EventTime(0xffffffff, 0)), "marker 0.0");
}

TEST(EntryTimeTest, RefusesWhatIsNoTime) {
  EXPECT_EQ(Time(Pack(-1)), "none");
  EXPECT_EQ(Time(Pack(std::nan(""))), "none");
  EXPECT_EQ(Time(Pack(std::string("now"))), "none");
  EXPECT_EQ(Time(EventTime(5, 1'000'000'000)), "none");
  EXPECT_EQ(Time(ArrayOf(2) + ArrayOf(2) + Pack(1, 2, 3)), "none");
  EXPECT_EQ(Time(std::string("\xd7\x00\x01", 3)), "none");
}

TEST(JsonScannerTest, FindsTheEndWhateverThePieces) {
  const std::string text = R"(["tag",5,{"m":"a ] \" { \\","n":[1,{"x":[]}]}])";
  for (size_t step = 1; step < text.size(); ++step) {
    JsonScanner scanner;
    for (size_t n = 1; n < text.size(); n += step) {
      ASSERT_EQ(scanner.Scan(std::string_view(text).substr(0, n)), JsonScanner::State::kMore);
    }
    ASSERT_EQ(scanner.Scan(text + " more"), JsonScanner::State::kOk);
    ASSERT_EQ(scanner.end(), text.size());
  }
  JsonScanner deep;
  EXPECT_EQ(deep.Scan(std::string(1000, '[')), JsonScanner::State::kInvalid);
}

}  // namespace
}  // namespace culprit
