#include "engine/ingest/net/tcp_server.h"

#include <boost/asio/post.hpp>
#include <future>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/base/status.h"

namespace culprit {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

constexpr auto kSweep = std::chrono::seconds(10);
constexpr auto kAcceptRetry = std::chrono::milliseconds(100);
constexpr absl::Duration kGoodbye = absl::Seconds(1);

}  // namespace

absl::StatusOr<tcp::endpoint> ParseListen(const std::string& listen) {
  const size_t colon = listen.rfind(':');
  std::string host = listen.substr(0, colon == std::string::npos ? 0 : colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  uint32_t port = 0;
  error_code error;
  const asio::ip::address address = asio::ip::make_address(host, error);
  if (colon == std::string::npos || error || !absl::SimpleAtoi(listen.substr(colon + 1), &port) ||
      port > 0xffff) {
    return absl::InvalidArgumentError(
        absl::StrCat("listen: '", listen, "' is no address and port such as 0.0.0.0:24224"));
  }
  return tcp::endpoint(address, static_cast<uint16_t>(port));
}

std::string HostText(const asio::ip::address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

TcpServer::TcpServer()
    : strand_(asio::make_strand(io_)),
      acceptor_(strand_),
      sweep_(strand_),
      accept_retry_(strand_) {}

TcpServer::~TcpServer() { Stop(); }

absl::Status TcpServer::Listen(const std::string& name, const std::string& listen,
                               const TlsConfig& tls) {
  if (tls.enabled) {
    CULPRIT_ASSIGN_OR_RETURN(TlsContext context, MakeServerTls(tls));
    tls_.emplace(context.release());
  }
  CULPRIT_ASSIGN_OR_RETURN(const tcp::endpoint endpoint, ParseListen(listen));
  error_code error;
  const auto failed = [&](const char* what) {
    return absl::InvalidArgumentError(
        absl::StrCat(name, ": cannot ", what, " ", listen, ": ", error.message()));
  };
  acceptor_.open(endpoint.protocol(), error);
  if (error) return failed("open");
  acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  acceptor_.bind(endpoint, error);
  if (error) return failed("bind");
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return failed("listen on");
  port_ = acceptor_.local_endpoint(error).port();
  return absl::OkStatus();
}

void TcpServer::Run(int threads, uint64_t max_connections, Hooks hooks) {
  hooks_ = std::move(hooks);
  max_connections_ = max_connections;
  work_.emplace(io_.get_executor());
  asio::post(strand_, [this] {
    if (acceptor_.is_open()) Accept();
    Sweep();
  });
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { io_.run(); });
}

void TcpServer::Accept() {
  auto socket = std::make_shared<tcp::socket>(asio::make_strand(io_));
  acceptor_.async_accept(*socket,
                         [this, socket](const error_code& error) { OnAccept(error, socket); });
}

void TcpServer::OnAccept(const error_code& error, const std::shared_ptr<tcp::socket>& socket) {
  if (!acceptor_.is_open() || error == asio::error::operation_aborted) return;
  if (error) {
    // Out of descriptors, most likely.
    hooks_.refused("accept", error.message());
    accept_retry_.expires_after(kAcceptRetry);
    accept_retry_.async_wait([this](const error_code& cancelled) {
      if (!cancelled) Accept();
    });
    return;
  }
  if (hooks_.open() >= static_cast<int64_t>(max_connections_)) {
    error_code ignored;
    const std::string peer = socket->remote_endpoint(ignored).address().to_string(ignored);
    const std::string why = absl::StrCat("more than max_connections (", max_connections_, ")");
    hooks_.refused(peer, why);
    socket->close(ignored);
  } else {
    // Known before it starts: what drains meanwhile finds it.
    const std::lock_guard lock(mutex_);
    connections_.push_back(hooks_.make(std::move(*socket), tls_ ? &*tls_ : nullptr));
  }
  Accept();
}

void TcpServer::Sweep() {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
  }
  if (!draining_) hooks_.sweep();
  sweep_.expires_after(kSweep);
  sweep_.async_wait([this](const error_code& error) {
    if (!error) Sweep();
  });
}

template <class Do>
void TcpServer::ForEachConnection(Do what) {
  std::vector<std::shared_ptr<ServedConnection>> alive;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& weak : connections_) {
      if (auto connection = weak.lock()) alive.push_back(std::move(connection));
    }
  }
  for (const auto& connection : alive) what(*connection);
}

void TcpServer::Drain(const std::function<void()>& also) {
  if (threads_.empty() || draining_.exchange(true)) return;
  std::promise<void> done;
  asio::post(strand_, [this, &done, &also] {
    error_code ignored;
    also();
    acceptor_.close(ignored);
    sweep_.cancel();
    accept_retry_.cancel();
    done.set_value();
  });
  done.get_future().wait();
  ForEachConnection([](ServedConnection& connection) { connection.Drain(); });
}

void TcpServer::Stop() {
  if (threads_.empty() || stopped_.exchange(true)) return;
  Drain();
  ForEachConnection([](ServedConnection& connection) { connection.Close(); });
  work_.reset();
  // The last answers are on their way; a sender that does not read them is not waited for.
  const absl::Time deadline = absl::Now() + kGoodbye;
  while (hooks_.open() > 0 && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(1));
  io_.stop();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace culprit
