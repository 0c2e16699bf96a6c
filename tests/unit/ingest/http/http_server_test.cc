#include <cstdlib>
#include <fstream>

#include "engine/ingest/http/http_source.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/contract/fake_sink.h"
#include "tests/unit/ingest/http/client.h"
#include "tests/unit/net/certificates.h"

namespace culprit {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Http : public testing::Test {
 protected:
  void Start(HttpConfig config = {}) {
    config.listen = "127.0.0.1:0";
    source_ = std::make_unique<HttpSource>(config);
    const absl::Status started = source_->Start(&sink_, sink_.ResumePoints());
    ASSERT_TRUE(started.ok()) << started;
  }
  ~Http() override {
    sink_.Resume();
    if (source_ != nullptr) source_->Stop();
    EXPECT_THAT(sink_.violations(), IsEmpty());
  }
  // What curl prints: the body, then the status.
  std::string Curl(const std::string& arguments, const std::string& path = "/",
                   const std::string& scheme = "http") {
    const std::string command = "curl -s --max-time 120 -w '%{http_code}' " + arguments + " '" +
                                scheme + "://127.0.0.1:" + std::to_string(source_->port()) + path +
                                "'";
    std::string out;
    FILE* pipe = popen(command.c_str(), "r");
    char bytes[256];
    while (fgets(bytes, sizeof(bytes), pipe) != nullptr) out += bytes;
    pclose(pipe);
    return out;
  }
  FakeSink sink_{8};
  std::unique_ptr<HttpSource> source_;
};

TEST_F(Http, TakesWhatCurlSends) {
  Start();
  EXPECT_EQ(Curl("-d 'ERROR disk failed'", "/db/log"), "200");
  EXPECT_EQ(Curl("-H 'Content-Type: application/json' -d '[{\"msg\":\"a\"},{\"msg\":\"b\"}]'",
                 "/web?service=shop"),
            "200");
  EXPECT_EQ(Curl("-H 'X-Culprit-Service: pay' -H 'Content-Type: application/x-ndjson' "
                 "--data-binary '{\"msg\":\"c\"}'"),
            "200");
  EXPECT_EQ(Curl("-H 'Expect: 100-continue' -H 'Content-Type: text/plain' --data-binary 'plain'"),
            "200");
  const auto streams = sink_.streams();
  std::vector<std::string> seen;
  for (const auto& [key, stream] : streams) {
    seen.push_back(stream.stream.display + " [" + stream.stream.path + "] " + stream.bytes);
  }
  EXPECT_THAT(seen,
              testing::UnorderedElementsAre(
                  "http:/db/log@127.0.0.1 [db/log] ERROR disk failed\n",
                  "http:/web@127.0.0.1 shop [shop] {\"msg\":\"a\"}\n{\"msg\":\"b\"}\n",
                  "http:/@127.0.0.1 pay [pay] {\"msg\":\"c\"}\n", "http:/@127.0.0.1 [] plain\n"));
}

TEST_F(Http, UnpacksWhatIsPacked) {
  Start();
  const std::string send = " | curl -s -o /dev/null -w '%{http_code}' --data-binary @- ";
  const std::string to = " http://127.0.0.1:" + std::to_string(source_->port()) + "/";
  const TestCertificates scratch;
  const std::string out = scratch.Path("out");
  for (const std::string& how :
       {std::string("gzip -c") + send + "-H 'Content-Encoding: gzip'",
        "zstd -qc" + send + "-H 'Content-Encoding: zstd'",
        "python3 -c 'import "
        "sys,zlib;sys.stdout.buffer.write(zlib.compress(sys.stdin.buffer.read()))'" +
            send + "-H 'Content-Encoding: deflate'"}) {
    const std::string command = "echo '{\"n\":1}' | " + how + to + " >" + out;
    ASSERT_EQ(std::system(command.c_str()), 0);  // NOLINT(cert-env33-c): a test's own tool
    std::ifstream in(out);
    std::string status;
    in >> status;
    EXPECT_EQ(status, "200") << how;
  }
  EXPECT_EQ(sink_.LineCount(), 3u);
}

TEST_F(Http, RefusesABombAndALargeBody) {
  HttpConfig config;
  config.max_body_bytes = 100'000;
  Start(config);
  const TestCertificates scratch;
  const std::string bomb = scratch.Path("bomb");
  ASSERT_EQ(std::system(("head -c 90000000 /dev/zero | gzip -9 >" + bomb).c_str()), 0);
  EXPECT_THAT(Curl("-H 'Content-Encoding: gzip' --data-binary @" + bomb), HasSubstr("unpacks to"));
  ASSERT_EQ(std::system(("head -c 200000 /dev/zero >" + bomb).c_str()), 0);
  EXPECT_THAT(Curl("--data-binary @" + bomb), HasSubstr("413"));
  EXPECT_THAT(Curl("-H 'Transfer-Encoding: chunked' --data-binary @" + bomb), HasSubstr("413"));
  EXPECT_EQ(sink_.LineCount(), 0u);
}

TEST_F(Http, AnswersWhatIsWrongAndKeepsTheConnection) {
  Start();
  HttpClient client(source_->port());
  const std::string json = "Content-Type: application/json\r\n";
  client.Post("/", json, "[{\"a\":1},{\"b\":oops}]");
  EXPECT_EQ(client.Status(), 400);
  EXPECT_THAT(client.answer, HasSubstr("record 1: "));
  client.Send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.Status(), 405);
  client.Post("/", "Content-Encoding: br\r\n", "x");
  EXPECT_EQ(client.Status(), 415);
  client.Post("/", json, "{\"a\":1}");
  EXPECT_EQ(client.Status(), 200);
  client.Send("this is no HTTP\r\n\r\n");
  EXPECT_EQ(client.Status(), 400);
  EXPECT_EQ(client.Status(), 0);
  EXPECT_THAT(sink_.Lines(), ElementsAre("{\"a\":1}"));
}

TEST_F(Http, AnswersAfterTheCommitAndSaysWhenItIsFull) {
  Start();
  sink_.Hold();
  HttpClient waits(source_->port());
  waits.Post("/", "", "{\"n\":0}");
  ASSERT_TRUE(WaitUntil([&] { return sink_.in_flight() == 1; }));
  std::vector<std::unique_ptr<HttpClient>> more;
  for (int i = 1; i < 8; ++i) {
    more.push_back(std::make_unique<HttpClient>(source_->port()));
    more.back()->Post("/", "", "{\"n\":1}");
  }
  ASSERT_TRUE(WaitUntil([&] { return sink_.in_flight() == 8; }));
  HttpClient late(source_->port());
  late.Post("/", "", "{\"n\":9}");
  EXPECT_EQ(late.Status(), 503);
  EXPECT_THAT(late.answer, HasSubstr("Retry-After: 1"));
  sink_.Resume();
  EXPECT_EQ(waits.Status(), 200);
  for (auto& client : more) EXPECT_EQ(client->Status(), 200);
  EXPECT_EQ(sink_.LineCount(), 8u);
}

TEST_F(Http, TheSameKeyIsTakenOnce) {
  Start();
  const std::string key = "Idempotency-Key: 7\r\n";
  HttpClient client(source_->port());
  for (int i = 0; i < 3; ++i) {
    client.Post("/", key, "{\"n\":1}");
    EXPECT_EQ(client.Status(), 200);
  }
  sink_.Hold();
  HttpClient one(source_->port()), two(source_->port());
  one.Post("/", "Idempotency-Key: 8\r\n", "{\"n\":2}");
  ASSERT_TRUE(WaitUntil([&] { return sink_.in_flight() == 1; }));
  two.Post("/", "Idempotency-Key: 8\r\n", "{\"n\":2}");
  WaitUntil([&] { return sink_.in_flight() > 1; }, std::chrono::milliseconds(30));
  sink_.Resume();
  EXPECT_EQ(one.Status(), 200);
  EXPECT_EQ(two.Status(), 200);
  EXPECT_THAT(sink_.Lines(), ElementsAre("{\"n\":1}", "{\"n\":2}"));
}

TEST_F(Http, AFirehoseRequestThatComesAgainIsTakenOnce) {
  HttpConfig config;
  config.token = Secret("sesame");
  Start(config);
  const std::string send =
      "-H 'X-Amz-Firehose-Request-Id: 0b1' -H 'Content-Type: application/json' "
      "-d '{\"requestId\":\"0b1\",\"records\":[{\"data\":\"ZGlzayBmYWlsZWQ=\"}]}'";
  const std::string key = " -H 'X-Amz-Firehose-Access-Key: sesame' ";
  EXPECT_THAT(Curl(send), testing::AllOf(HasSubstr("401"), HasSubstr("\"errorMessage\"")));
  for (int i = 0; i < 2; ++i) {
    const std::string answer = Curl(key + send);
    EXPECT_THAT(answer, testing::StartsWith("{\"requestId\":\"0b1\",\"timestamp\":"));
    EXPECT_THAT(answer, testing::EndsWith("}200"));
  }
  EXPECT_THAT(sink_.Lines(), ElementsAre("disk failed"));
}

TEST_F(Http, WantsATokenIfOneIsSet) {
  HttpConfig config;
  config.token = Secret("sesame");
  Start(config);
  EXPECT_THAT(Curl("-d x"), HasSubstr("401"));
  EXPECT_EQ(Curl("-H 'Authorization: Bearer sesame' -d x"), "200");
}

TEST_F(Http, SlowSendersAreCutOff) {
  HttpConfig config;
  config.header_timeout = config.body_timeout = absl::Milliseconds(50);
  Start(config);
  HttpClient head(source_->port()), body(source_->port());
  head.Send("POST / HT");
  body.Send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nonly this");
  EXPECT_EQ(head.Status(), 0);
  EXPECT_EQ(body.Status(), 0);
  // On a slow machine a good sender may be slow, too.
  EXPECT_TRUE(WaitUntil([&] {
    HttpClient fine(source_->port());
    fine.Post("/", "", "x");
    return fine.Status() == 200;
  }));
}

TEST_F(Http, SpeaksTls) {
  const TestCertificates files;
  HttpConfig config;
  config.tls.enabled = true;
  config.tls.cert_file = files.Path("server.pem");
  config.tls.key_file = files.Path("server.key");
  Start(config);
  EXPECT_EQ(Curl("--cacert " + files.Path("ca.pem") + " -d x", "/", "https"), "200");
  EXPECT_THAT(Curl("-d x"), HasSubstr("000"));
}

TEST(HttpConfigTest, RefusesWhatCannotWork) {
  HttpConfig config;
  config.username = "u";
  EXPECT_FALSE(MakeHttpSource(config).ok());
  config = HttpConfig();
  config.threads = 0;
  EXPECT_FALSE(MakeHttpSource(config).ok());
}

}  // namespace
}  // namespace culprit
