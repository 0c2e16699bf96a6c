#include "engine/ingest/forward/forward_source.h"

#include <array>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <future>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/base/status.h"
#include "engine/base/views.h"
#include "engine/ingest/forward/connection.h"
#include "engine/ingest/forward/server_state.h"

namespace culprit {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;

constexpr auto kSweep = std::chrono::seconds(10);
constexpr auto kAcceptRetry = std::chrono::milliseconds(100);
constexpr absl::Duration kGoodbye = absl::Seconds(1);
constexpr absl::Duration kQuietAfter = absl::Minutes(1);

// "0.0.0.0:24224", "[::]:24224", "127.0.0.1:0"
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

}  // namespace

class ForwardSource::Server {
 public:
  explicit Server(const ForwardConfig& config)
      : state_(std::make_shared<ForwardServerState>(config)),
        strand_(asio::make_strand(io_)),
        acceptor_(strand_),
        udp_(strand_),
        sweep_(strand_),
        accept_retry_(strand_) {}
  ~Server() { Stop(); }

  absl::Status Start(LiveSink* sink, const std::vector<ResumePoint>& resume);
  void Drain();
  void Stop();
  SourceHealth health() const;
  uint16_t port() const { return port_; }

 private:
  absl::Status Listen();
  void Accept();
  void OnAccept(const error_code& error, std::shared_ptr<tcp::socket> socket);
  void Heartbeat();
  void Sweep();
  template <class Do>
  void ForEachConnection(Do what);

  asio::io_context io_;  // goes last: handlers hold connections
  const std::shared_ptr<ForwardServerState> state_;
  std::optional<asio::ssl::context> tls_;
  asio::strand<asio::io_context::executor_type> strand_;  // of the four below
  tcp::acceptor acceptor_;
  udp::socket udp_;
  asio::steady_timer sweep_, accept_retry_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  std::vector<std::thread> threads_;
  uint16_t port_ = 0;
  std::array<char, 16> datagram_{};
  udp::endpoint datagram_from_;
  std::mutex mutex_;  // of connections_
  std::vector<std::weak_ptr<ForwardConnection>> connections_;
  std::atomic<bool> stopped_ = false;
};

absl::Status ForwardSource::Server::Listen() {
  const ForwardConfig& config = state_->config;
  CULPRIT_ASSIGN_OR_RETURN(const tcp::endpoint endpoint, ParseListen(config.listen));
  error_code error;
  const auto failed = [&](const char* what) {
    return absl::InvalidArgumentError(
        absl::StrCat(config.name, ": cannot ", what, " ", config.listen, ": ", error.message()));
  };
  acceptor_.open(endpoint.protocol(), error);
  if (error) return failed("open");
  acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
  acceptor_.bind(endpoint, error);
  if (error) return failed("bind");
  acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return failed("listen on");
  port_ = acceptor_.local_endpoint(error).port();
  if (!config.udp_heartbeat) return absl::OkStatus();
  udp_.open(endpoint.protocol() == tcp::v4() ? udp::v4() : udp::v6(), error);
  if (!error) udp_.bind(udp::endpoint(endpoint.address(), port_), error);
  // A port that the system chose for TCP may be taken for UDP: then there are no heartbeats.
  if (error && endpoint.port() != 0) return failed("bind UDP");
  if (error) udp_.close(error);
  return absl::OkStatus();
}

absl::Status ForwardSource::Server::Start(LiveSink* sink, const std::vector<ResumePoint>& resume) {
  const ForwardConfig& config = state_->config;
  if (config.tls.enabled) {
    CULPRIT_ASSIGN_OR_RETURN(TlsContext context, MakeServerTls(config.tls));
    tls_.emplace(context.release());
  }
  CULPRIT_RETURN_IF_ERROR(Listen());
  error_code ignored;
  state_->server_name =
      config.self_hostname.empty() ? asio::ip::host_name(ignored) : config.self_hostname;
  state_->sink = sink;
  state_->streams.Resume(resume, absl::Now());
  work_.emplace(io_.get_executor());
  asio::post(strand_, [this] {
    Accept();
    if (udp_.is_open()) Heartbeat();
    Sweep();
  });
  for (int i = 0; i < config.threads; ++i) threads_.emplace_back([this] { io_.run(); });
  return absl::OkStatus();
}

void ForwardSource::Server::Accept() {
  auto socket = std::make_shared<tcp::socket>(asio::make_strand(io_));
  acceptor_.async_accept(*socket,
                         [this, socket](const error_code& error) { OnAccept(error, socket); });
}

void ForwardSource::Server::OnAccept(const error_code& error, std::shared_ptr<tcp::socket> socket) {
  if (!acceptor_.is_open() || error == asio::error::operation_aborted) return;
  if (error) {
    // Out of descriptors, most likely.
    state_->Count(ForwardCount::kRefusedConnections);
    state_->Warn(ForwardCount::kRefusedConnections, "accept", error.message());
    accept_retry_.expires_after(kAcceptRetry);
    accept_retry_.async_wait([this](const error_code& cancelled) {
      if (!cancelled) Accept();
    });
    return;
  }
  const ForwardConfig& config = state_->config;
  if (state_->open.load() >= static_cast<int64_t>(config.max_connections)) {
    error_code ignored;
    const std::string peer = socket->remote_endpoint(ignored).address().to_string(ignored);
    state_->Count(ForwardCount::kRefusedConnections);
    state_->Warn(ForwardCount::kRefusedConnections, peer,
                 absl::StrCat("more than max_connections (", config.max_connections, ")"));
    socket->close(ignored);
  } else {
    state_->Count(ForwardCount::kConnections);
    auto connection =
        std::make_shared<ForwardConnection>(state_, std::move(*socket), tls_ ? &*tls_ : nullptr);
    {
      const std::lock_guard lock(mutex_);
      connections_.push_back(connection);
    }
    connection->Start();
  }
  Accept();
}

// fluentd's heartbeat_type udp: one zero byte, to be sent back.
void ForwardSource::Server::Heartbeat() {
  udp_.async_receive_from(asio::buffer(datagram_), datagram_from_,
                          [this](const error_code& error, size_t n) {
                            if (!udp_.is_open() || error == asio::error::operation_aborted) return;
                            if (!error && n == 1 && datagram_[0] == 0) {
                              state_->Count(ForwardCount::kHeartbeats);
                              error_code ignored;
                              udp_.non_blocking(true, ignored);
                              udp_.send_to(asio::buffer(datagram_, 1), datagram_from_, 0, ignored);
                            }
                            Heartbeat();
                          });
}

void ForwardSource::Server::Sweep() {
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(connections_, [](const auto& weak) { return weak.expired(); });
  }
  if (!state_->draining) state_->streams.EndIdle(*state_->sink, absl::Now());
  sweep_.expires_after(kSweep);
  sweep_.async_wait([this](const error_code& error) {
    if (!error) Sweep();
  });
}

template <class Do>
void ForwardSource::Server::ForEachConnection(Do what) {
  std::vector<std::shared_ptr<ForwardConnection>> alive;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& weak : connections_) {
      if (auto connection = weak.lock()) alive.push_back(std::move(connection));
    }
  }
  for (const auto& connection : alive) what(*connection);
}

void ForwardSource::Server::Drain() {
  if (threads_.empty() || state_->draining.exchange(true)) return;
  std::promise<void> done;
  asio::post(strand_, [this, &done] {
    error_code ignored;
    acceptor_.close(ignored);
    udp_.close(ignored);
    sweep_.cancel();
    accept_retry_.cancel();
    done.set_value();
  });
  done.get_future().wait();
  ForEachConnection([](ForwardConnection& connection) { connection.Drain(); });
}

void ForwardSource::Server::Stop() {
  if (threads_.empty() || stopped_.exchange(true)) return;
  Drain();
  ForEachConnection([](ForwardConnection& connection) { connection.Close(); });
  work_.reset();
  // The last acknowledgements are on their way; a sender that does not read them is not waited for.
  const absl::Time deadline = absl::Now() + kGoodbye;
  while (state_->open.load() > 0 && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(1));
  io_.stop();
  for (std::thread& thread : threads_) thread.join();
}

SourceHealth ForwardSource::Server::health() const {
  SourceHealth health;
  health.streams = static_cast<int64_t>(state_->streams.size());
  health.records = state_->records.load();
  health.bytes = state_->bytes.load();
  health.last_data = state_->last_data.load();
  if (stopped_) {
    health.state = SourceState::kStopped;
  } else if (port_ == 0) {
    health.state = SourceState::kStarting;
  } else if (state_->blocked.load() > 0) {
    health.state = SourceState::kPaused;
    health.detail = absl::StrCat(state_->blocked.load(), " of ", state_->open.load(),
                                 " connections are held back");
  } else if (health.last_data == kNoTime ||
             absl::Now() - absl::FromUnixMicros(health.last_data) > kQuietAfter) {
    health.state = SourceState::kQuiet;
  } else {
    health.state = SourceState::kOk;
  }
  for (size_t i = 0; i < static_cast<size_t>(ForwardCount::kCount); ++i) {
    const auto count = static_cast<ForwardCount>(i);
    health.counts.emplace_back(ForwardCountName(count), state_->Get(count));
  }
  return health;
}

ForwardSource::ForwardSource(const ForwardConfig& config)
    : config_(config), server_(std::make_unique<Server>(config)) {}
ForwardSource::~ForwardSource() = default;

absl::Status ForwardSource::Start(LiveSink* sink, const std::vector<ResumePoint>& resume) {
  return server_->Start(sink, resume);
}
void ForwardSource::Drain() { server_->Drain(); }
void ForwardSource::Stop() { server_->Stop(); }
SourceHealth ForwardSource::health() const { return server_->health(); }
uint16_t ForwardSource::port() const { return server_->port(); }

absl::StatusOr<std::unique_ptr<LiveSource>> MakeForwardSource(const ForwardConfig& config) {
  CULPRIT_RETURN_IF_ERROR(ParseListen(config.listen).status());
  const auto invalid = [&](std::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(config.name, ": ", ToAbsl(what)));
  };
  if (config.threads < 1 || config.threads > 64) return invalid("threads: 1 to 64");
  if (!config.users.empty() && config.shared_key.empty()) {
    return invalid("users need a shared_key");
  }
  if (config.max_record_bytes < 1024 || config.max_record_bytes > (512 << 10)) {
    return invalid("max_record_bytes: 1 KiB to 512 KiB");
  }
  if (config.max_message_bytes < 1024 || config.max_message_bytes > (1ULL << 30)) {
    return invalid("max_message_bytes: 1 KiB to 1 GiB");
  }
  if (config.max_connections == 0 || config.max_streams == 0 || config.max_unacked_bytes == 0 ||
      config.max_decompression_ratio == 0 || config.max_decompressed_bytes == 0 ||
      config.max_buffered_bytes == 0) {
    return invalid("limits must not be 0");
  }
  if (config.handshake_timeout <= absl::ZeroDuration() ||
      config.message_timeout <= absl::ZeroDuration() ||
      config.stream_idle <= absl::ZeroDuration() || config.idle_timeout < absl::ZeroDuration()) {
    return invalid("timeouts must be longer than 0");
  }
  return std::make_unique<ForwardSource>(config);
}

}  // namespace culprit
