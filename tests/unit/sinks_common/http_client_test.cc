#include "sinks/common/http_client.h"

#include <gmock/gmock.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <string>
#include <thread>

#include "engine/ingest/net/tls.h"
#include "tests/unit/net/certificates.h"

namespace culprit {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using testing::HasSubstr;
using testing::Not;

// Answers one connection with fixed bytes; keeps the head of what was asked.
class CannedServer {
 public:
  explicit CannedServer(std::string answer, const TlsConfig& tls = {}) {
    thread_ = std::thread([this, answer = std::move(answer), tls] {
      boost::system::error_code error;
      tcp::socket socket(io_);
      acceptor_.accept(socket, error);
      if (error) return;
      if (!tls.enabled) {
        Serve(socket, answer);
        return;
      }
      asio::ssl::context context(MakeServerTls(tls)->release());
      asio::ssl::stream<tcp::socket&> stream(socket, context);
      stream.handshake(asio::ssl::stream_base::server, error);
      if (error) return;
      Serve(stream, answer);
      stream.shutdown(error);
    });
  }
  ~CannedServer() {
    // Wakes an accept that nobody came to.
    boost::system::error_code error;
    tcp::socket(io_).connect(acceptor_.local_endpoint(), error);
    thread_.join();
  }
  std::string Url(const std::string& scheme = "http") const {
    return scheme + "://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port()) +
           "/hook/s3cret?key=s3cret";
  }
  std::string asked;  // read it after the answer

 private:
  template <typename Stream>
  void Serve(Stream& stream, const std::string& answer) {
    boost::system::error_code error;
    asio::read_until(stream, asio::dynamic_buffer(asked), "\r\n\r\n", error);
    if (answer == "wait") {
      char byte = 0;
      while (!error) stream.read_some(asio::buffer(&byte, 1), error);
      return;
    }
    asio::write(stream, asio::buffer(answer), error);
  }

  asio::io_context io_;
  tcp::acceptor acceptor_{io_, {asio::ip::make_address("127.0.0.1"), 0}};
  std::thread thread_;
};

HttpResponse Send(const HttpRequest& request) {
  HttpClient client;
  return client.Send(request);
}

TEST(HttpClient, SendsAndReceives) {
  CannedServer server(
      "HTTP/1.1 429 Slow down\r\nRetry-After:  7 \r\nContent-Length: 4\r\n\r\nlate");
  const HttpResponse response = Send({.method = "POST",
                                      .url = server.Url(),
                                      .headers = {{"Content-Type", "application/json"}},
                                      .secret_headers = {{"Authorization", Secret("Bearer x")}},
                                      .body = "{}"});
  EXPECT_EQ(response.error, HttpError::kNone) << response.message;
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.body, "late");
  EXPECT_EQ(response.Header("retry-after"), "7");
  EXPECT_EQ(response.Header("x-none"), "");
  EXPECT_THAT(server.asked, HasSubstr("POST /hook/s3cret?key=s3cret HTTP/1.1\r\n"));
  EXPECT_THAT(server.asked, HasSubstr("Authorization: Bearer x\r\n"));
  EXPECT_THAT(server.asked, HasSubstr("Content-Length: 2\r\n"));
  EXPECT_THAT(server.asked, Not(HasSubstr("Expect")));
}

TEST(HttpClient, DoesNotFollowRedirects) {
  CannedServer server(
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(Send({.url = server.Url()}).status, 302);
}

TEST(HttpClient, NamesWhatFailedWithoutSecrets) {
  const auto expect = [](HttpRequest request, HttpError error) {
    request.url += "?token=s3cret";
    const HttpResponse response = Send(request);
    EXPECT_EQ(HttpErrorName(response.error), HttpErrorName(error)) << response.message;
    EXPECT_THAT(response.message, Not(HasSubstr("s3cret")));
    EXPECT_EQ(response.status, 0);
  };
  expect({.url = "http://no-such-host.invalid/s3cret", .environment_proxy = false},
         HttpError::kDns);
  expect({.url = "http://me:s3cret@127.0.0.1:1/s3cret"}, HttpError::kRefused);
  expect({.url = "file:///etc/s3cret"}, HttpError::kBadUrl);
  expect({.url = "http://s3cret:no-port/"}, HttpError::kBadUrl);
  CannedServer silent("wait");
  expect({.url = silent.Url(), .timeout = std::chrono::milliseconds(50)}, HttpError::kTimeout);
  CannedServer mute("");
  expect({.url = mute.Url()}, HttpError::kCut);
}

TEST(HttpClient, TellsWhenAnAnswerIsCutOrTooLong) {
  CannedServer cut("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfive!");
  EXPECT_EQ(Send({.url = cut.Url()}).error, HttpError::kCut);
  CannedServer huge("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world");
  const HttpResponse response = Send({.url = huge.Url(), .max_response_bytes = 10});
  EXPECT_EQ(response.error, HttpError::kTooLarge);
  EXPECT_LE(response.body.size(), 10u);
}

TEST(HttpClient, StreamsABodyThatIsWanted) {
  std::string seen;
  CannedServer good("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  const auto keep = [&](std::string_view piece) {
    seen += piece;
    return true;
  };
  EXPECT_EQ(Send({.url = good.Url(), .on_data = keep}).body, "");
  EXPECT_EQ(seen, "hello");
  CannedServer bad("HTTP/1.1 401 No\r\nContent-Length: 5\r\n\r\nwhat?");
  EXPECT_EQ(Send({.url = bad.Url(), .on_data = keep}).body, "what?");
  EXPECT_EQ(seen, "hello");
  CannedServer stopped("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
  EXPECT_EQ(Send({.url = stopped.Url(), .on_data = [](std::string_view) { return false; }}).error,
            HttpError::kStopped);
}

TEST(HttpClient, RefusesHeadersWithLineBreaks) {
  const HttpResponse response =
      Send({.url = "http://127.0.0.1:1/", .headers = {{"X-Title", "a\r\nX-Evil: b"}}});
  EXPECT_EQ(response.error, HttpError::kOther);
  EXPECT_THAT(response.message, HasSubstr("line break"));
}

TEST(HttpClient, ChecksCertificates) {
  TestCertificates files;
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  TlsConfig tls{
      .enabled = true, .cert_file = files.Path("server.pem"), .key_file = files.Path("server.key")};
  {
    CannedServer server(answer, tls);
    const HttpResponse response = Send({.url = server.Url("https")});
    EXPECT_EQ(response.error, HttpError::kCertificate);
    EXPECT_THAT(response.message, HasSubstr("certificate"));
    EXPECT_THAT(response.message, Not(HasSubstr("s3cret")));
  }
  {
    CannedServer server(answer, tls);
    EXPECT_EQ(Send({.url = server.Url("https"), .tls = {.ca_file = files.Path("ca.pem")}}).status,
              200);
  }
  {
    CannedServer server(answer, tls);
    EXPECT_EQ(Send({.url = server.Url("https"), .tls = {.verify = false}}).body, "ok");
  }
  tls.client_ca_file = files.Path("ca.pem");
  {
    CannedServer server(answer, tls);
    const HttpResponse response = Send({.url = server.Url("https"),
                                        .tls = {.ca_file = files.Path("ca.pem"),
                                                .cert_file = files.Path("client.pem"),
                                                .key_file = files.Path("client.key")}});
    EXPECT_EQ(response.status, 200) << response.message;
  }
  {
    CannedServer server(answer, tls);
    EXPECT_NE(Send({.url = server.Url("https"), .tls = {.ca_file = files.Path("ca.pem")}}).error,
              HttpError::kNone);
  }
}

TEST(UrlHost, LeavesOutUserAndPath) {
  EXPECT_EQ(UrlHost("http://127.0.0.1:9797/a"), "127.0.0.1:9797");
  EXPECT_EQ(UrlHost("https://me:secret@example.org?x@y"), "example.org");
  EXPECT_EQ(UrlHost("nothing"), "");
}

}  // namespace
}  // namespace culprit
