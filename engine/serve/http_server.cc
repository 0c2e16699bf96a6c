#include "engine/serve/http_server.h"

#include <spdlog/spdlog.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "engine/base/status.h"
#include "engine/serve/connection.h"

namespace culprit {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr int kThreads = 2;
constexpr auto kAcceptRetry = std::chrono::milliseconds(100);
constexpr auto kWarnPeriod = std::chrono::minutes(1);

absl::StatusOr<tcp::endpoint> ParseListen(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  std::string host = listen.substr(0, colon == std::string::npos ? 0 : colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  if (host == "localhost") host = "127.0.0.1";
  uint32_t port = 0;
  error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  if (colon == std::string::npos || error || !absl::SimpleAtoi(listen.substr(colon + 1), &port) ||
      port > 0xffff)
    return absl::InvalidArgumentError(
        absl::StrCat("serve.listen: '", listen, "' is no address and port such as 127.0.0.1:9797"));
  return tcp::endpoint(address, static_cast<uint16_t>(port));
}

}  // namespace

class HttpServer::Impl {
 public:
  Impl(const HttpServerOptions& options, ServeBackend backend)
      : shared_(options, std::move(backend)) {}

  absl::Status Start(const tcp::endpoint& endpoint) {
    error_code error;
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (error)
      return absl::InvalidArgumentError(
          absl::StrCat("serve.listen: ", shared_.options.listen, ": ", error.message()));
    port_ = acceptor_.local_endpoint(error).port();
    Accept();
    for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { io_.run(); });
    return absl::OkStatus();
  }

  ~Impl() {
    asio::post(accept_strand_, [this] {
      stopped_ = true;
      error_code ignored;
      acceptor_.close(ignored);
      retry_.cancel();
      for (const std::weak_ptr<Connection>& weak : connections_)
        if (const std::shared_ptr<Connection> connection = weak.lock()) connection->Cut();
    });
    for (std::thread& thread : threads_) thread.join();
  }

  uint16_t port() const { return port_; }

 private:
  void Accept() {
    acceptor_.async_accept(
        asio::make_strand(io_),
        asio::bind_executor(accept_strand_, [this](const error_code& error, tcp::socket socket) {
          OnAccept(error, std::move(socket));
        }));
  }

  void OnAccept(const error_code& error, tcp::socket socket) {
    if (stopped_) return;
    if (error) {  // out of descriptors, or gone before it was taken
      retry_.expires_after(kAcceptRetry);
      retry_.async_wait(asio::bind_executor(accept_strand_, [this](const error_code& cancelled) {
        if (!cancelled && !stopped_) Accept();
      }));
      return;
    }
    std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
    if (shared_.connections.load() < shared_.options.max_connections) {
      auto connection = std::make_shared<Connection>(std::move(socket), &shared_);
      connections_.push_back(connection);
      connection->Run();
    } else if (const auto now = std::chrono::steady_clock::now(); now >= warn_again_) {
      spdlog::warn("serve: more than {} connections; new ones are closed",
                   shared_.options.max_connections);
      warn_again_ = now + kWarnPeriod;
    }
    Accept();
  }

  ServerShared shared_;
  asio::io_context io_;  // its end ends the connections, which use shared_
  asio::strand<asio::io_context::executor_type> accept_strand_ = asio::make_strand(io_);
  tcp::acceptor acceptor_{io_};
  asio::steady_timer retry_{io_};
  std::vector<std::weak_ptr<Connection>> connections_;  // on accept_strand_
  bool stopped_ = false;                                // on accept_strand_
  std::chrono::steady_clock::time_point warn_again_;    // on accept_strand_
  uint16_t port_ = 0;
  std::vector<std::thread> threads_;
};

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(const HttpServerOptions& options,
                                                              ServeBackend backend) {
  CULPRIT_ASSIGN_OR_RETURN(const tcp::endpoint endpoint, ParseListen(options.listen));
  if (!endpoint.address().is_loopback() && options.token.empty())
    return absl::InvalidArgumentError(absl::StrCat(
        "serve.listen: ", options.listen, " is beyond loopback: set serve.token or token_file"));
  auto impl = std::make_unique<Impl>(options, std::move(backend));
  CULPRIT_RETURN_IF_ERROR(impl->Start(endpoint));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() = default;
uint16_t HttpServer::port() const { return impl_->port(); }

}  // namespace culprit
