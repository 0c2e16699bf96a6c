#include "engine/ingest/envelope.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "absl/strings/str_cat.h"
#include "engine/ingest/path_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/ingest/packing.h"
#include "tests/unit/temp_dir.h"

namespace culprit {
namespace {

using testing::AllOf;
using testing::HasSubstr;

constexpr std::string_view kControl =
    R"({"messageType":"CONTROL_MESSAGE","owner":"CloudwatchLogs","logGroup":"","logStream":"",)"
    R"("subscriptionFilters":[],"logEvents":[{"id":"","timestamp":1795243860000,)"
    R"("message":"CWL CONTROL MESSAGE: Checking health of destination Kinesis stream."}]})";
constexpr std::string_view kRecord =
    R"({"messageType":"DATA_MESSAGE","owner":"123456789012","logGroup":"/aws/lambda/resize",)"
    R"("logStream":"2026/11/21/[$LATEST]0a1b","subscriptionFilters":["all"],"logEvents":[)"
    R"({"id":"37","timestamp":1795243865123,"message":"[ERROR] \"disk\", {full}]\n"},)"
    R"({"id":"38","timestamp":1795243865007,"message":"{\"level\":\"warn\"}"}]})";
constexpr std::string_view kRecordLines =
    R"({"@timestamp":"2026-11-21T06:51:05.123Z","logGroup":"/aws/lambda/resize",)"
    R"("logStream":"2026/11/21/[$LATEST]0a1b","message":"[ERROR] \"disk\", {full}]\n"})"
    "\n"
    R"({"@timestamp":"2026-11-21T06:51:05.007Z","logGroup":"/aws/lambda/resize",)"
    R"("logStream":"2026/11/21/[$LATEST]0a1b","message":"{\"level\":\"warn\"}"})"
    "\n";
constexpr std::string_view kExport = R"({
    "events": [
        {
            "logStreamName": "web/1",
            "timestamp": 1795243865123,
            "message": "upstream  timed out",
            "ingestionTime": 1795243870000,
            "eventId": "3"
        },
        {
            "timestamp": 1795243866000,
            "message": "giving up"
        }
    ],
    "searchedLogStreams": [],
    "nextToken": "x]}{["
}
)";
constexpr std::string_view kExportLines =
    R"({"@timestamp":"2026-11-21T06:51:05.123Z","logStream":"web/1","message":"upstream  timed out"})"
    "\n"
    R"({"@timestamp":"2026-11-21T06:51:06.000Z","message":"giving up"})"
    "\n";

class Pieces : public ByteInput {
 public:
  Pieces(std::string bytes, std::mt19937* random, absl::Status end = absl::OkStatus())
      : bytes_(std::move(bytes)), random_(random), end_(std::move(end)) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    if (at_ == bytes_.size() && !end_.ok()) return end_;
    size_t n = std::min(size, bytes_.size() - at_);
    if (random_ != nullptr && n > 1) n = 1 + (*random_)() % std::min<size_t>(n, 40);
    std::memcpy(buffer, bytes_.data() + at_, n);
    at_ += n;
    return n;
  }

 private:
  std::string bytes_;
  std::mt19937* random_;
  absl::Status end_;
  size_t at_ = 0;
};

struct Unwrapped {
  std::string text;
  absl::Status status;
  Counters counters;
};

Unwrapped Unwrap(std::string_view bytes, std::mt19937* random = nullptr,
                 absl::Status end = absl::OkStatus()) {
  Pieces pieces(std::string(bytes), random, std::move(end));
  EnvelopeInput input(pieces, "records.json");
  Unwrapped out;
  std::string buffer(1000, '\0');
  for (;;) {
    const size_t size = random == nullptr ? buffer.size() : 1 + (*random)() % buffer.size();
    const absl::StatusOr<size_t> n = input.Read(buffer.data(), size);
    if (!n.ok()) out.status = n.status();
    if (!n.ok() || *n == 0) break;
    out.text.append(buffer, 0, *n);
  }
  input.AddCounts(&out.counters);
  return out;
}

TEST(Envelope, SubscriptionRecordsBecomeOneLinePerEvent) {
  for (const std::string_view between : {"", "\n", " \r\n\t"}) {
    const std::string bytes =
        absl::StrCat(std::string(kRecord), std::string(between), std::string(kControl),
                     std::string(between), std::string(kRecord), std::string(between));
    ASSERT_TRUE(LooksLikeEnvelope(bytes));
    const Unwrapped out = Unwrap(bytes);
    EXPECT_TRUE(out.status.ok()) << out.status;
    EXPECT_EQ(out.text, std::string(kRecordLines) + std::string(kRecordLines));
    EXPECT_EQ(out.counters.Get(Reason::kControlMessage), 1u);
    EXPECT_EQ(out.counters.Get(Reason::kEventTooLong), 0u);
  }
}

TEST(Envelope, ExportBecomesOneLinePerEventHoweverItIsPrinted) {
  ASSERT_TRUE(LooksLikeEnvelope(kExport));
  const Unwrapped pretty = Unwrap(kExport);
  EXPECT_TRUE(pretty.status.ok()) << pretty.status;
  EXPECT_EQ(pretty.text, kExportLines);
  std::string tight(kExport);
  tight.erase(std::remove(tight.begin(), tight.end(), '\n'), tight.end());
  ASSERT_TRUE(LooksLikeEnvelope(tight));
  EXPECT_EQ(Unwrap(tight).text, kExportLines);
}

TEST(Envelope, ArrayOfObjectsBecomesOneCompactLinePerObject) {
  const std::string bytes =
      "\xef\xbb\xbf[\n  {\"level\": \"error\", \"msg\": \"a [ {b\", \"n\": [1, 2.5e3, null]},\n"
      "  { \"nested\": { \"x\": {} } }, 7, \"s t\",\n  []\n]\n[{\"second\":true}]";
  ASSERT_TRUE(LooksLikeEnvelope(bytes));
  const Unwrapped out = Unwrap(bytes);
  EXPECT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.text,
            "{\"level\":\"error\",\"msg\":\"a [ {b\",\"n\":[1,2.5e3,null]}\n"
            "{\"nested\":{\"x\":{}}}\n7\n\"s t\"\n[]\n{\"second\":true}\n");
}

TEST(Envelope, ArrayOfSubscriptionRecordsIsUnwrappedTwice) {
  const std::string bytes =
      absl::StrCat("[", std::string(kRecord), ",\n", std::string(kControl), "]");
  ASSERT_TRUE(LooksLikeEnvelope(bytes));
  EXPECT_EQ(Unwrap(bytes).text, kRecordLines);
}

TEST(Envelope, EventsOfAnEventStayInIt) {
  const std::string bytes =
      R"([{"level":"info","events":[{"message":"x"}]},{"events":[{"message":"y"}],"level":"warn"}])";
  EXPECT_EQ(Unwrap(bytes).text,
            "{\"level\":\"info\",\"events\":[{\"message\":\"x\"}]}\n"
            "{\"events\":[{\"message\":\"y\"}],\"level\":\"warn\"}\n");
}

TEST(Envelope, OrdinaryLogsDoNotLookLikeOne) {
  for (const std::string_view head : {
           "",
           "   \n",
           "{",
           "[",
           "[]",
           "[1,2]",
           "[0] kube.api: [[1795243865.1, {}], {\"log\"=>\"x\"}]",
           "[2026-11-21 06:51:05] ERROR x",
           "[{error,badmatch}]",
           "[{'a': 1}]",
           R"({"message":"x","level":"info"})",
           R"({"message":"\"logEvents\":[{}]"})",
           R"({"level":"info","events":[{"message":"x","timestamp":1}]})",
           R"({"events":[{"name":"click"}]})",
           R"({"data":{"logEvents":[{"message":"x"}]}})",
           R"({"logEvents":7})",
           "2026-11-21 [{\"a\":1}]",
       }) {
    EXPECT_FALSE(LooksLikeEnvelope(head)) << head;
  }
}

TEST(Envelope, LineBreaksInsideStringsAreEscaped) {
  EXPECT_EQ(Unwrap("[{\"m\":\"a\nb\\\nc\r\"}]").text, "{\"m\":\"a\\nb\\nc\\r\"}\n");
}

TEST(Envelope, ForeignLinesBetweenDocumentsPass) {
  const std::string bytes = absl::StrCat(std::string(kRecord), "\n2026-11-21 plain text {\n",
                                         "[2026] x\n{\"msg\": \"own\"}\n", std::string(kRecord));
  const Unwrapped out = Unwrap(bytes);
  EXPECT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.text, absl::StrCat(std::string(kRecordLines), "2026-11-21 plain text {\n[2026] x\n",
                                   "{\"msg\":\"own\"}\n", std::string(kRecordLines)));
}

TEST(Envelope, CutTailIsDeliveredAsItStandsAndNamed) {
  for (size_t size = 1; size < kRecord.size(); ++size) {
    const Unwrapped out =
        Unwrap(absl::StrCat(std::string(kRecord), "\n", std::string(kRecord.substr(0, size))));
    EXPECT_EQ(out.status.code(), absl::StatusCode::kDataLoss) << size;
    EXPECT_THAT(out.status.message(),
                AllOf(HasSubstr("records.json"),
                      HasSubstr(absl::StrCat("byte ", kRecord.size() + 1 + size))));
    EXPECT_EQ(out.text.substr(0, kRecordLines.size()), kRecordLines);
  }
}

TEST(Envelope, BrokenRecordDoesNotTakeTheNextLinesWithIt) {
  const std::string cut(kRecord.substr(0, kRecord.size() - 40));
  const Unwrapped out = Unwrap(absl::StrCat(cut, std::string(kRecord), "\n", std::string(kRecord)));
  EXPECT_EQ(out.status.code(), absl::StatusCode::kDataLoss);
  const std::string first(kRecordLines.substr(0, kRecordLines.find('\n') + 1));
  EXPECT_EQ(out.text.substr(0, first.size()), first);
  EXPECT_TRUE(out.text.ends_with("\n" + std::string(kRecordLines))) << out.text;
  EXPECT_THAT(out.text, HasSubstr(std::string(kRecord)));
}

TEST(Envelope, BrokenPrettyDocumentLosesNoText) {
  std::string bytes(kExport);
  bytes.insert(bytes.find("\"ingestionTime\""), "? ");
  const Unwrapped out = Unwrap(bytes);
  EXPECT_EQ(out.status.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(out.text, AllOf(HasSubstr("upstream  timed out"), HasSubstr("giving up")));
}

TEST(Envelope, ErrorOfTheInputComesAfterWhatWasRead) {
  const std::string bytes = absl::StrCat(std::string(kRecord), std::string(kRecord.substr(0, 30)));
  const Unwrapped out = Unwrap(bytes, nullptr, absl::DataLossError("gzip is cut off"));
  EXPECT_EQ(out.status.message(), "gzip is cut off");
  EXPECT_TRUE(out.text.starts_with(kRecordLines));
}

TEST(Envelope, LongEventPassesRawAndIsCounted) {
  const std::string text(3 << 20, 'x');
  const std::string bytes =
      absl::StrCat("{\"events\": [{\"timestamp\": 1, \"message\": \"", text,
                   "\"}, {\"timestamp\":1795243866000,\"message\":\"short\"}]}");
  const Unwrapped out = Unwrap(bytes);
  EXPECT_TRUE(out.status.ok()) << out.status;
  EXPECT_EQ(out.counters.Get(Reason::kEventTooLong), 1u);
  EXPECT_TRUE(
      out.text ==
      absl::StrCat("{\"timestamp\":1,\"message\":\"", text, "\"}\n",
                   "{\"@timestamp\":\"2026-11-21T06:51:06.000Z\",\"message\":\"short\"}\n"));
}

TEST(Envelope, DeepNestingIsBoundedAndNamed) {
  const Unwrapped out = Unwrap("[" + std::string(100'000, '['));
  EXPECT_EQ(out.status.code(), absl::StatusCode::kDataLoss);
}

// Any document, whole or broken, read in pieces of any size, gives what it gives as one.
TEST(Envelope, PieceSizesChangeNothing) {
  std::mt19937 random(20261121);
  const std::vector<std::string> parts = {
      std::string(kRecord), std::string(kControl),
      std::string(kExport), "[{\"a\" : [1,{\"b\":\"c\\\\\\\"\"}]} , 3]",
      "plain line\n",       "\n",
      "{\"x\":1}",          "[ 2026 ]\n"};
  for (int round = 0; round < 3000; ++round) {
    std::string bytes;
    for (int i = 0, n = 1 + static_cast<int>(random() % 4); i < n; ++i) {
      bytes += parts[random() % parts.size()];
    }
    for (size_t i = 0, n = random() % 4; i < n && !bytes.empty(); ++i) {
      const size_t at = random() % bytes.size();
      switch (random() % 3) {
        case 0:
          bytes.erase(at, 1 + random() % 20);
          break;
        case 1:
          bytes[at] = "{}[]\",:\\\n x1"[random() % 12];
          break;
        default:
          bytes.resize(at);
      }
    }
    const Unwrapped whole = Unwrap(bytes);
    const Unwrapped cut = Unwrap(bytes, &random);
    ASSERT_EQ(cut.text, whole.text) << bytes;
    ASSERT_EQ(cut.status, whole.status) << bytes;
    ASSERT_EQ(cut.counters.Get(Reason::kControlMessage),
              whole.counters.Get(Reason::kControlMessage));
    ASSERT_TRUE(whole.text.find("giving up") != std::string::npos ||
                bytes.find("giving up") == std::string::npos);
  }
}

TEST(Envelope, FilesWithEnvelopesAreReadAndUnwrappedAlsoWhenPacked) {
  TempDir dir;
  dir.Write("a.json", std::string(kExport));
  dir.Write("b.log", Compress("gzip", std::string(kRecord) + std::string(kControl)));
  dir.Write("c.json", "[\n {\"message\": \"x\"}\n]\n");
  dir.Write("d.json", "{\"replicas\": 3}\n");
  auto source = MakePathSource({dir.path()}, {});
  ASSERT_TRUE(source.ok());
  std::string all;
  Counters counters;
  for (auto& unit : (*source)->Units()) {
    const absl::Status status = unit->ForEachStream([&](ByteStream& stream) {
      EXPECT_EQ(stream.info().size_bytes, -1);
      char buffer[4096];
      for (;;) {
        const absl::StatusOr<size_t> n = stream.Read(buffer, sizeof(buffer));
        EXPECT_TRUE(n.ok());
        if (!n.ok() || *n == 0) break;
        all.append(buffer, *n);
      }
      stream.AddCounts(&counters);
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status;
  }
  EXPECT_EQ(all, absl::StrCat(std::string(kExportLines), std::string(kRecordLines),
                              "{\"message\":\"x\"}\n"));
  EXPECT_EQ(counters.Get(Reason::kControlMessage), 1u);
  ASSERT_EQ((*source)->skipped().size(), 1u);
  EXPECT_EQ((*source)->skipped()[0].reason, "one JSON document without log events");
}

}  // namespace
}  // namespace culprit
