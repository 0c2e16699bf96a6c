#include "engine/ingest/http/body.h"

#include "engine/ingest/http/request.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace culprit {
namespace {

using ::testing::HasSubstr;

std::string Json(std::string_view body) {
  HttpLines lines;
  const absl::Status status = ReadJsonBody(HttpConfig(), body, &lines);
  return status.ok() ? lines.bytes : "error: " + std::string(status.message());
}

TEST(HttpBody, TakesJsonHoweverItStands) {
  EXPECT_EQ(Json("{\"a\":1}\n{\"b\": \"x y\"}\n"), "{\"a\":1}\n{\"b\":\"x y\"}\n");
  EXPECT_EQ(Json("{\"a\":1}{\"b\":2}"), "{\"a\":1}\n{\"b\":2}\n");
  EXPECT_EQ(Json(" [ {\"a\":\n1} , {\"b\":[1,2]} ] "), "{\"a\":1}\n{\"b\":[1,2]}\n");
  EXPECT_EQ(Json("[\"a line\",\"two\\nlines\"]"), "a line\ntwo\nlines\n");
  EXPECT_EQ(Json("\xef\xbb\xbf{}"), "{}\n");
  EXPECT_EQ(Json("[]"), "");
  EXPECT_EQ(Json(""), "");
}

TEST(HttpBody, NamesTheRecordThatIsWrong) {
  EXPECT_THAT(Json("{\"a\":1}\n{\"b\":}\n"), HasSubstr("record 1: "));
  EXPECT_THAT(Json("[{},{},17]"), HasSubstr("record 2: expected a JSON object or string"));
  EXPECT_THAT(Json("[{} {}]"), HasSubstr("record 1: expected ','"));
  EXPECT_THAT(Json("[{}"), HasSubstr("record 1: the array has no end"));
  EXPECT_THAT(Json("{\"a\":"), HasSubstr("record 0: the object has no end"));
  EXPECT_THAT(Json(std::string(200, '[')), HasSubstr("record 0"));
  EXPECT_THAT(Json("{\"a\":" + std::string(200, '[')), HasSubstr("nested too deep"));
  EXPECT_THAT(Json("{\"a\":\"" + std::string(600'000, 'x') + "\"}"), HasSubstr("longer than"));
}

TEST(HttpBody, WhatSaysNothingOfItselfIsJsonIfItCanBeReadAsSuch) {
  const auto read = [](std::string_view body) {
    HttpLines lines;
    lines.service = "shop";
    EXPECT_TRUE(ReadBody(HttpConfig(), BodyKind::kUnknown, body, &lines).ok());
    EXPECT_EQ(lines.service, "shop");
    return (lines.text ? "text " : "json ") + lines.bytes;
  };
  EXPECT_EQ(read("{\"a\":1}"), "json {\"a\":1}\n");
  EXPECT_EQ(read("[error] disk failed"), "text [error] disk failed\n");
  EXPECT_EQ(read("one\r\ntwo"), "text one\ntwo\n");
}

TEST(HttpBody, RefusesBombsAndDamage) {
  HttpConfig config;
  EXPECT_TRUE(absl::IsUnimplemented(UnpackBody(config, "br", "x").status()));
  EXPECT_TRUE(absl::IsDataLoss(UnpackBody(config, "gzip", "no gzip at all").status()));
  EXPECT_TRUE(absl::IsDataLoss(UnpackBody(config, "zstd", "no zstd at all").status()));
  EXPECT_TRUE(absl::IsDataLoss(UnpackBody(config, "deflate", "\xff\xff\xff\xff").status()));
}

TEST(HttpRequest, KnowsItsSenders) {
  HttpConfig config;
  EXPECT_TRUE(Authorized(config, {.authorization = ""}));
  config.token = Secret("sesame");
  EXPECT_TRUE(Authorized(config, {.authorization = "Bearer sesame"}));
  EXPECT_FALSE(Authorized(config, {.authorization = "Bearer wrong"}));
  EXPECT_FALSE(Authorized(config, {.authorization = ""}));
  EXPECT_FALSE(Authorized(config, {.authorization = "Basic c2hvcDpwdw=="}));
  config.username = "shop";
  config.password = Secret("pw");
  EXPECT_TRUE(Authorized(config, {.authorization = "basic c2hvcDpwdw=="}));
  EXPECT_FALSE(Authorized(config, {.authorization = "Basic c2hvcDpubw=="}));
}

TEST(HttpRequest, CutsTheSameRequestIntoTheSameParts) {
  std::string body;
  for (int i = 0; i < 5000; ++i)
    body += "{\"n\":" + std::to_string(i) + ",\"x\":\"" +
            std::string(static_cast<size_t>(i % 700), 'x') + "\"}\n";
  const HttpHead head{.method = "POST",
                      .target = "/web/access?service=check%2Fout",
                      .content_type = "application/x-ndjson"};
  const auto one = ReadUpload(HttpConfig(), head, "h", body, 1);
  const auto two = ReadUpload(HttpConfig(), head, "h", body, 2);
  ASSERT_TRUE(one.ok() && two.ok());
  ASSERT_GT(one->parts.size(), 3u);
  ASSERT_EQ(one->parts.size(), two->parts.size());
  std::string all;
  for (size_t i = 0; i < one->parts.size(); ++i) {
    EXPECT_EQ(one->parts[i].batch.bytes, two->parts[i].batch.bytes);
    EXPECT_LE(one->parts[i].batch.bytes.size(), kLiveBatchBytes);
    EXPECT_EQ(one->parts[i].batch.services, std::vector<std::string>{"check/out"});
    EXPECT_EQ(one->parts[i].look.name, "h /web/access check/out");
    all += one->parts[i].batch.bytes;
  }
  EXPECT_EQ(all, body);
}

}  // namespace
}  // namespace culprit
