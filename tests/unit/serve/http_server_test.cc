#include "engine/serve/http_server.h"
#include "engine/base/digest.h"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "engine/pipeline/live_options.h"
#include "engine/serve/hook_signature.h"
#include "sinks/common/http_client.h"
#include "tests/fakes/serve_backend.h"

namespace culprit {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

class HttpServerTest : public testing::Test {
 protected:
  void Start(HttpServerOptions options = {}) {
    if (options.listen == HttpServerOptions().listen) options.listen = "127.0.0.1:0";
    auto server = HttpServer::Start(options, fake_.Make());
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }
  std::string Url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(server_->port()) + path;
  }
  HttpResponse Get(const std::string& path) { return client_.Send({.url = Url(path)}); }
  tcp::socket Connect() {
    tcp::socket socket(io_);
    socket.connect({asio::ip::make_address("127.0.0.1"), server_->port()});
    return socket;
  }
  // Sends bytes, reads to the end.
  std::string Raw(const std::string& bytes) {
    tcp::socket socket = Connect();
    boost::system::error_code error;
    asio::write(socket, asio::buffer(bytes), error);
    std::string out;
    asio::read(socket, asio::dynamic_buffer(out), error);
    return out;
  }

  FakeBackend fake_;
  std::unique_ptr<HttpServer> server_;
  HttpClient client_;
  asio::io_context io_;
};

TEST_F(HttpServerTest, AnswersOverTheNetwork) {
  Start();
  const HttpResponse status = Get("/api/v1/status");
  EXPECT_EQ(status.status, 200) << status.message;
  EXPECT_EQ(json::parse(status.body)["lines"], 1'234'567);
  EXPECT_EQ(status.Header("x-content-type-options"), "nosniff");
  EXPECT_EQ(status.Header("access-control-allow-origin"), "") << "no CORS";
  EXPECT_EQ(Get("/nowhere").status, 404);
  EXPECT_EQ(client_.Send({.method = "POST", .url = Url("/-/reload")}).status, 200);
  const HttpResponse head = client_.Send({.method = "HEAD", .url = Url("/metrics")});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
}

TEST_F(HttpServerTest, RefusesWhatIsNoRequestOrTooMuch) {
  Start();
  EXPECT_THAT(Raw("\x16\x03\x01 what\r\n\r\n"), StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Raw("GET http-nonsense HTTP/1.1\r\nHost: localhost\r\n\r\n"),
              StartsWith("HTTP/1.1 400"));
  EXPECT_THAT(Raw("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n"),
              StartsWith("HTTP/1.1 431"));
  EXPECT_THAT(Raw("POST /-/reload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n"),
              StartsWith("HTTP/1.1 413"));
  EXPECT_THAT(Raw("GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
              StartsWith("HTTP/1.1 421"));
  EXPECT_EQ(fake_.reloads, 0);
  EXPECT_EQ(Get("/-/healthy").status, 200);
}

TEST_F(HttpServerTest, CutsWhoIsSlowToAsk) {
  Start({.request_timeout_ms = 50});
  EXPECT_EQ(Raw("GET / HTTP/1.1\r\nHost: local"), "");
  EXPECT_EQ(Raw(""), "");
}

TEST_F(HttpServerTest, BoundsConnections) {
  Start({.max_connections = 2});
  tcp::socket first = Connect();
  tcp::socket second = Connect();
  EXPECT_EQ(Raw("GET / HTTP/1.1\r\n"), "") << "closed at once";
  first.close();
  HttpResponse response;
  for (int i = 0; i < 1000 && response.status != 200; ++i) response = Get("/-/healthy");
  EXPECT_EQ(response.status, 200);
}

TEST_F(HttpServerTest, ListensBeyondLoopbackWithATokenOnly) {
  auto open = HttpServer::Start({.listen = "0.0.0.0:0"}, fake_.Make());
  EXPECT_FALSE(open.ok());
  EXPECT_THAT(open.status().ToString(), HasSubstr("set serve.token"));
  Start({.listen = "0.0.0.0:0", .token = Secret("t0ken")});
  EXPECT_EQ(Get("/api/v1/status").status, 401);
  EXPECT_EQ(Get("/-/ready").status, 200);
  EXPECT_EQ(client_
                .Send({.url = Url("/api/v1/status"),
                       .secret_headers = {{"Authorization", Secret("Bearer t0ken")}}})
                .status,
            200);
}

TEST_F(HttpServerTest, SaysWhyItCannotListen) {
  for (const char* bad : {"", "9797", "here:9797", "127.0.0.1:99999", "127.0.0.1:x"})
    EXPECT_EQ(HttpServer::Start({.listen = bad}, fake_.Make()).status().code(),
              absl::StatusCode::kInvalidArgument)
        << bad;
  Start();
  const std::string taken = "127.0.0.1:" + std::to_string(server_->port());
  const auto second = HttpServer::Start({.listen = taken}, fake_.Make());
  EXPECT_THAT(second.status().ToString(), HasSubstr("in use"));
}

TEST_F(HttpServerTest, AReloadHoldsUpNobody) {
  std::promise<void> entered;
  std::promise<void> leave;
  ServeBackend backend = fake_.Make();
  backend.reload = [&] {
    entered.set_value();
    leave.get_future().wait();
    return absl::OkStatus();
  };
  server_ = *HttpServer::Start({.listen = "127.0.0.1:0"}, backend);
  auto reload = std::async(std::launch::async, [&] {
    return HttpClient().Send({.method = "POST", .url = Url("/-/reload")}).status;
  });
  entered.get_future().wait();
  EXPECT_EQ(Get("/-/healthy").status, 200);
  EXPECT_EQ(client_.Send({.method = "POST", .url = Url("/-/reload")}).status, 409);
  leave.set_value();
  EXPECT_EQ(reload.get(), 200);
}

// Reads a tap until `until` says that it has seen enough.
std::vector<json> ReadTap(const std::string& url, const std::function<void()>& begun,
                          const std::function<bool(const json&)>& until) {
  std::vector<json> lines;
  std::string rest;
  bool first = true;
  const HttpResponse response = HttpClient().Send(
      {.url = url, .timeout = std::chrono::seconds(60), .on_data = [&](std::string_view piece) {
         if (std::exchange(first, false)) begun();
         rest += piece;
         for (size_t end = 0; (end = rest.find('\n')) != std::string::npos;) {
           lines.push_back(json::parse(rest.substr(0, end)));
           rest.erase(0, end + 1);
           if (until(lines.back())) return false;
         }
         return true;
       }});
  EXPECT_EQ(response.error, HttpError::kStopped) << response.message << response.body;
  return lines;
}

TEST_F(HttpServerTest, TapGivesWhatTheFilterWants) {
  Start();
  const std::vector<json> lines = ReadTap(
      Url("/api/v1/tap?component=core&grep=ref.sed"),
      [&] {
        fake_.tap.Publish(FakeSignal("generic/refused", "api", "refused"));
        fake_.tap.Publish(FakeSignal("generic/timeout", "core", "timed out"));
        fake_.tap.Publish(FakeSignal("generic/refused", "core", "refused \xff"));
      },
      [](const json& line) { return line["type"] == "signal"; });
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["type"], "ping");
  EXPECT_EQ(lines[1]["component"], "core");
  EXPECT_EQ(lines[1]["time"], "2026-11-21T06:51:05.123Z");
  EXPECT_EQ(lines[1]["line"], "refused \xEF\xBF\xBD");
}

TEST_F(HttpServerTest, TapTellsASlowReaderWhatItLost) {
  Start();
  constexpr uint64_t kPublished = 100'000;  // more than may wait, and than any socket holds
  uint64_t lost = 0;
  uint64_t seen = 0;
  ReadTap(
      Url("/api/v1/tap"),
      [&] {
        for (uint64_t i = 0; i < kPublished; ++i)
          fake_.tap.Publish(FakeSignal("generic/refused", "core", "refused"));
      },
      [&](const json& line) {
        if (line["type"] == "lost") lost += line["count"].get<uint64_t>();
        if (line["type"] == "signal") ++seen;
        return lost + seen == kPublished;
      });
  EXPECT_GT(lost, 0u);
}

TEST_F(HttpServerTest, ActionsThatTakeTheirTimeHoldUpNobody) {
  std::promise<void> go;
  const std::shared_future<void> gone = go.get_future().share();
  fake_.before_act = [gone] { gone.wait(); };
  Start();
  const std::string url = Url("/api/v1/incidents/" + fake_.rows[0].id + "/acknowledge");
  std::vector<std::future<int>> answers;
  answers.reserve(6);
  for (int i = 0; i < 6; ++i)
    answers.push_back(std::async(std::launch::async, [url] {
      return HttpClient()
          .Send({.method = "POST",
                 .url = url,
                 .headers = {{"Content-Type", "application/json"}},
                 .timeout = std::chrono::minutes(2)})
          .status;
    }));
  EXPECT_EQ(Get("/-/healthy").status, 200);
  EXPECT_EQ(Get("/").status, 200);
  go.set_value();
  for (std::future<int>& answer : answers) EXPECT_EQ(answer.get(), 200);
  EXPECT_EQ(fake_.actions.size(), 6u);
}

TEST_F(HttpServerTest, BodiesAndHeadersReachTheActions) {
  Start();
  const HttpResponse done =
      client_.Send({.method = "POST",
                    .url = Url("/api/v1/silences"),
                    .headers = {{"Content-Type", "application/json"}, {"Idempotency-Key", "k7"}},
                    .body = R"({"matchers":["component=etcd"],"for":"1h","author":"ana"})"});
  ASSERT_EQ(done.status, 200) << done.body;
  const std::string id = json::parse(done.body)["id"];
  EXPECT_EQ(fake_.actions.at(0).author, "ana");
  EXPECT_EQ(client_.Send({.method = "DELETE", .url = Url("/api/v1/silences/" + id)}).status, 200);
  EXPECT_EQ(client_.Send({.method = "DELETE", .url = Url("/api/v1/silences/" + id)}).status, 404);
  EXPECT_EQ(client_
                .Send({.method = "POST",
                       .url = Url("/api/v1/drill"),
                       .headers = {{"Content-Type", "application/json"}},
                       .body = std::string(300 * 1024, ' ')})
                .status,
            413);
}

TEST_F(HttpServerTest, AHookIsAnsweredBeforeItIsDone) {
  std::promise<void> go;
  const std::shared_future<void> gone = go.get_future().share();
  fake_.before_act = [gone] { gone.wait(); };
  const Secret secret("slack-signing-secret");
  HttpServerOptions options;
  options.hooks.slack = {{secret, "https://slack.com/api"}};
  Start(options);
  const std::string body =
      "payload=%7B%22type%22%3A%22block_actions%22%2C%22actions%22%3A%5B%7B%22action_id%22%3A"
      "%22culprit_ack%22%2C%22value%22%3A%22INC-1%22%7D%5D%7D";
  const std::string now = std::to_string(WallNow() / kSecondUs);
  const HttpResponse done = client_.Send(
      {.method = "POST",
       .url = Url("/hooks/slack"),
       .headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                   {"X-Slack-Request-Timestamp", now},
                   {"X-Slack-Signature", "v0=" + HmacSha256Hex(secret, "v0:" + now + ":" + body)}},
       .body = body});
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(done.body, "");
  go.set_value();
  server_.reset();  // waits for it
  EXPECT_EQ(fake_.actions.size(), 1u);
}

TEST_F(HttpServerTest, BoundsTapsAndStopsWithOneOpen) {
  Start({.max_taps = 1});
  tcp::socket tap = Connect();
  asio::write(tap, asio::buffer(std::string("GET /api/v1/tap HTTP/1.1\r\nHost: [::1]\r\n\r\n")));
  std::string head(15, '\0');
  asio::read(tap, asio::buffer(head));
  EXPECT_EQ(head, "HTTP/1.1 200 OK");
  EXPECT_EQ(Get("/api/v1/tap").status, 429);
  server_.reset();
  std::string rest;
  boost::system::error_code error;
  asio::read(tap, asio::dynamic_buffer(rest), error);
  EXPECT_TRUE(error);
}

}  // namespace
}  // namespace culprit
