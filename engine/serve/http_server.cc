#include "engine/serve/http_server.h"

#include <spdlog/spdlog.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/ingest/net/tcp_server.h"
#include "engine/serve/connection.h"

namespace culprit {
namespace {

constexpr int kThreads = 2;
constexpr auto kWarnPeriod = std::chrono::minutes(1);

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const HttpServerOptions& options, ServeBackend backend)
      : shared_(options, std::move(backend)) {}
  ~Impl() {
    shared_.stopping = true;
    server_.Stop();
    shared_.workers.join();  // before what they answer on goes
  }

  absl::Status Start() {
    CULPRIT_RETURN_IF_ERROR(server_.Listen("serve", shared_.options.listen, TlsConfig()));
    server_.Run(
        kThreads, static_cast<uint64_t>(shared_.options.max_connections),
        {.make =
             [this](TcpServer::Socket socket, boost::asio::ssl::context*) {
               auto connection = std::make_shared<Connection>(std::move(socket), &shared_);
               connection->Run();
               return connection;
             },
         .refused = [this](const std::string& peer, std::string_view why) { Refused(peer, why); },
         .open = [this] { return int64_t{shared_.connections.load()}; },
         .sweep = [] {}});
    return absl::OkStatus();
  }
  uint16_t port() const { return server_.port(); }

 private:
  void Refused(const std::string& peer, std::string_view why) {
    const auto now = std::chrono::steady_clock::now();
    if (now < warn_again_) return;
    warn_again_ = now + kWarnPeriod;
    spdlog::warn("serve: connection closed peer={} reason={}", peer, why);
  }

  ServerShared shared_;
  std::chrono::steady_clock::time_point warn_again_;  // on the server's strand
  TcpServer server_;                                  // goes first: its connections use shared_
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                              ServeBackend backend) {
  CULPRIT_ASSIGN_OR_RETURN(const boost::asio::ip::tcp::endpoint endpoint,
                           ParseListen(options.listen));
  if (!endpoint.address().is_loopback() && options.token.empty())
    return absl::InvalidArgumentError(absl::StrCat(
        "serve.listen: ", options.listen, " is beyond loopback: set serve.token or token_file"));
  auto impl = std::make_unique<Impl>(options, std::move(backend));
  CULPRIT_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;
uint16_t HttpServer::port() const { return impl_->port(); }

}  // namespace culprit
