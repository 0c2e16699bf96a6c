#include "engine/ingest/http/aws.h"

#include "absl/strings/escaping.h"
#include "engine/ingest/http/request.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/ingest/packing.h"

namespace culprit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::string_view kSubscription =
    R"({"messageType":"DATA_MESSAGE","owner":"1","logGroup":"/aws/lambda/pay","logStream":"s",)"
    R"("subscriptionFilters":["f"],"logEvents":[{"id":"1","timestamp":1795243865123,"message":"a"},)"
    R"({"id":"2","timestamp":1795243866000,"message":"b\nc"}]})";
constexpr std::string_view kEvents =
    R"({"@timestamp":"2026-11-21T06:51:05.123Z","logGroup":"/aws/lambda/pay","logStream":"s","message":"a"}
{"@timestamp":"2026-11-21T06:51:06.000Z","logGroup":"/aws/lambda/pay","logStream":"s","message":"b\nc"}
)";
constexpr std::string_view kControl =
    R"({"messageType":"CONTROL_MESSAGE","logGroup":"","logStream":"","logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination"}]})";

std::string Base64(std::string_view bytes) {
  return absl::Base64Escape({bytes.data(), bytes.size()});
}
std::string Request(const std::vector<std::string>& records) {
  std::string out = R"({"requestId":"ed4acda5","timestamp":1578090901599,"records":[)";
  for (const std::string& data : records) out += R"({"data":")" + data + "\"},";
  if (!records.empty()) out.pop_back();
  return out + "]}";
}

TEST(CloudWatch, EachEventIsALineWhereverItIsPosted) {
  HttpLines lines;
  const std::string many =
      std::string(kSubscription) + std::string(kControl) + " " + std::string(kSubscription);
  for (const BodyKind kind : {BodyKind::kJson, BodyKind::kUnknown}) {
    lines = {};
    ASSERT_TRUE(ReadBody(HttpConfig(), kind, many, &lines).ok());
    EXPECT_EQ(lines.bytes, std::string(kEvents) + std::string(kEvents));
    EXPECT_THAT(lines.begins, SizeIs(4));
    EXPECT_FALSE(lines.text);
    EXPECT_EQ(lines.counters.Get(Reason::kControlMessage), 1u);
  }
  lines = {};
  const std::string lambda =
      R"({"awslogs": {"data": ")" + Base64(Compress("gzip", std::string(kSubscription))) + "\"}}";
  EXPECT_FALSE(IsCloudWatch(R"({"a":1}{"logEvents":[]})"));
  ASSERT_TRUE(ReadBody(HttpConfig(), BodyKind::kJson, lambda, &lines).ok());
  EXPECT_EQ(lines.bytes, kEvents);
}

TEST(CloudWatch, WhatIsBrokenIsRefused) {
  const auto code = [](std::string_view body) {
    HttpLines lines;
    return ReadBody(HttpConfig(), BodyKind::kJson, body, &lines).code();
  };
  EXPECT_EQ(code(kSubscription.substr(0, kSubscription.size() - 2)),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(R"({"awslogs":{"data":"!"}})"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(R"({"awslogs":{"data":7}})"), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code(R"({"awslogs":{"data":")" + Base64("{}") + "\"}}"),
            absl::StatusCode::kInvalidArgument);
  HttpConfig config;
  config.max_decompressed_bytes = 1024;
  HttpLines lines;
  std::string grows = R"({"logGroup":")" + std::string(3000, 'x') + R"(","logEvents":[)";
  for (int i = 0; i < 9; ++i) grows += R"({"message":"m"},)";
  EXPECT_TRUE(absl::IsResourceExhausted(ReadCloudWatch(config, grows + "]}", &lines)));
}

TEST(Firehose, TakesWhatItCarries) {
  HttpLines lines;
  const std::string body =
      Request({Base64(Compress("gzip", std::string(kSubscription))), Base64(kSubscription),
               Base64(R"({"a": 1}{"b":2})"), Base64("[error] two\nlines\n"), Base64("plain"),
               Base64(kControl), ""});
  ASSERT_TRUE(ReadFirehose(HttpConfig(), body, &lines).ok());
  EXPECT_EQ(lines.bytes, std::string(kEvents) + std::string(kEvents) +
                             "{\"a\":1}\n{\"b\":2}\n[error] two\nlines\nplain\n");
  EXPECT_THAT(lines.begins, SizeIs(8));
  EXPECT_EQ(lines.bytes.substr(lines.begins[6], 5), "[erro");
  EXPECT_THAT(lines.dead_letters, SizeIs(0));
}

TEST(Firehose, WhatCannotBeReadIsADeadLetterAndTheRestIsTaken) {
  HttpLines lines;
  std::string damaged = Compress("gzip", std::string(kSubscription));
  damaged.resize(damaged.size() / 2);
  const std::string body =
      Request({"no*base64", Base64(damaged), Base64(kSubscription.substr(0, 200)), Base64("fine")});
  ASSERT_TRUE(ReadFirehose(HttpConfig(), body, &lines).ok());
  EXPECT_EQ(lines.bytes, "fine\n");
  std::vector<std::string> positions;
  for (const DeadLetter& letter : lines.dead_letters) positions.push_back(letter.position);
  EXPECT_THAT(positions, ElementsAre("record 0", "record 1", "record 2"));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadFirehose(HttpConfig(), "{}", &lines)));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadFirehose(HttpConfig(), "[", &lines)));
  EXPECT_TRUE(absl::IsInvalidArgument(ReadFirehose(HttpConfig(), R"({"records":[7]})", &lines)));
}

TEST(Firehose, ARequestFullOfNonsenseIsCountedAndNotAllKept) {
  HttpLines lines;
  ASSERT_TRUE(
      ReadFirehose(HttpConfig(), Request(std::vector<std::string>(5000, "?")), &lines).ok());
  EXPECT_EQ(lines.rejected, 5000u);
  ASSERT_EQ(lines.dead_letters.size(), 101u);
  EXPECT_EQ(lines.dead_letters.back().position, "up to record 4999");
  EXPECT_THAT(lines.dead_letters.back().detail, HasSubstr("4900 more"));
}

TEST(FirehoseRequest, HasItsKeyItsIdAndItsAnswer) {
  HttpConfig config;
  config.token = Secret("sesame");
  HttpHead head{.method = "POST",
                .target = "/logs",
                .content_type = "application/json",
                .firehose_id = "ed4acda5",
                .firehose_key = "guess",
                .firehose_arn = "arn:aws:firehose:us-east-1:1:deliverystream/shop"};
  EXPECT_FALSE(Authorized(config, head));
  head.firehose_key = "sesame";
  EXPECT_TRUE(Authorized(config, head));
  const auto upload = ReadUpload(config, head, "10.0.0.1", Request({Base64("x")}), 0);
  ASSERT_TRUE(upload.ok());
  EXPECT_EQ(upload->key, "firehose ed4acda5");
  EXPECT_EQ(upload->parts.at(0).look.name, "shop /logs");
  const HttpAnswer taken = InItsWords(head, {}, 0, 1'578'090'901'599'000);
  EXPECT_EQ(taken.content_type, "application/json");
  EXPECT_EQ(taken.body, R"({"requestId":"ed4acda5","timestamp":1578090901599})");
  EXPECT_THAT(InItsWords(head, {.status = 503, .body = "full"}, 0, 0).body,
              HasSubstr(R"("errorMessage":"full"})"));
}

}  // namespace
}  // namespace culprit
