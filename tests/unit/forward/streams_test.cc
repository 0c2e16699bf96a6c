#include "engine/ingest/forward/streams.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/contract/fake_sink.h"

namespace culprit {
namespace {

TEST(PathOfTagTest, GivesBackThePathThatTheTagWasMadeOf) {
  EXPECT_EQ(PathOfTag("kube.var.log.containers.api-5b67c48447-mv5hb_shop_web-0a1b2c.log"),
            "/var/log/containers/api-5b67c48447-mv5hb_shop_web-0a1b2c.log");
  EXPECT_EQ(PathOfTag("kube.var.log.containers.a.b_shop_web-0a1b2c.log"),
            "/var/log/containers/a.b_shop_web-0a1b2c.log");
  EXPECT_EQ(PathOfTag("var.log.pods.shop_api.v2_0a1b-2c.web.0.log"),
            "/var/log/pods/shop_api.v2_0a1b-2c/web/0.log");
  EXPECT_EQ(PathOfTag("nginx.access"), "nginx/access");
  EXPECT_EQ(PathOfTag("web"), "web");
  EXPECT_EQ(PathOfTag(""), "");
  EXPECT_EQ(PathOfTag("var.log.pods."), "/var/log/pods/");
}

TEST(SenderStreamsTest, IdleStreamsEndAndBeginAnew) {
  SenderStreams streams({.source = "forward", .max_streams = 10, .idle = absl::Hours(1)});
  FakeSink sink;
  const absl::Time start = absl::FromUnixSeconds(1'795'243'865);
  streams.Resume({{LiveStream{.source = "forward", .key = "h old 5", .display = "resumed"}, "17"}},
                 start);
  const auto old = streams.Find(LookOf("forward", "old", "h"), start);
  const auto fresh = streams.Find(LookOf("forward", "new", "h"), start + absl::Minutes(50));
  EXPECT_EQ(streams.size(), 2U);
  const auto push = [&](SenderStreams::Stream& stream) {
    LiveBatch batch;
    batch.bytes = "{}\n";
    batch.messages = {{}};
    batch.done = [](const absl::Status&) {};
    return SenderStreams::TryPush(stream, sink, &batch);
  };
  EXPECT_TRUE(*push(*old));
  streams.EndIdle(sink, start + absl::Minutes(70));
  EXPECT_EQ(streams.size(), 1U);
  EXPECT_TRUE(absl::IsNotFound(push(*old).status()));
  EXPECT_TRUE(*push(*fresh));
  EXPECT_TRUE(*push(*streams.Find(LookOf("forward", "old", "h"), start + absl::Minutes(80))));
  ASSERT_TRUE(sink.Settle());
  const auto committed = sink.streams();
  EXPECT_EQ(committed.size(), 3U);
  EXPECT_EQ(committed.at("h old 5").positions, std::vector<uint64_t>{17});
  EXPECT_TRUE(committed.at("h old 5").ended);
  EXPECT_THAT(sink.violations(), testing::IsEmpty());
}

}  // namespace
}  // namespace culprit
