#include "engine/ingest/forward/forward_source.h"

#include <array>
#include <boost/asio/ip/host_name.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/base/status.h"
#include "engine/base/views.h"
#include "engine/ingest/forward/connection.h"
#include "engine/ingest/forward/server_state.h"
#include "engine/ingest/net/served_source.h"

namespace culprit {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using boost::system::error_code;

}  // namespace

class ForwardSource::Server {
 public:
  explicit Server(const ForwardConfig& config)
      : state_(std::make_shared<ForwardServerState>(config)), udp_(tcp_.strand()) {}
  ~Server() { Stop(); }

  absl::Status Start(LiveSink* sink, const std::vector<ResumePoint>& resume);
  void Drain();
  void Stop();
  SourceHealth health() const;
  uint16_t port() const { return tcp_.port(); }

 private:
  absl::Status ListenUdp();
  void Heartbeat();

  TcpServer tcp_;
  const std::shared_ptr<ForwardServerState> state_;
  udp::socket udp_;
  std::array<char, 16> datagram_{};
  udp::endpoint datagram_from_;
};

absl::Status ForwardSource::Server::ListenUdp() {
  const ForwardConfig& config = state_->config;
  if (!config.udp_heartbeat) return absl::OkStatus();
  CULPRIT_ASSIGN_OR_RETURN(const asio::ip::tcp::endpoint endpoint, ParseListen(config.listen));
  error_code error;
  udp_.open(endpoint.protocol() == asio::ip::tcp::v4() ? udp::v4() : udp::v6(), error);
  if (!error) udp_.bind(udp::endpoint(endpoint.address(), port()), error);
  // A port that the system chose for TCP may be taken for UDP: then there are no heartbeats.
  if (error && endpoint.port() != 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(config.name, ": cannot bind UDP ", config.listen, ": ", error.message()));
  }
  if (error) udp_.close(error);
  return absl::OkStatus();
}

absl::Status ForwardSource::Server::Start(LiveSink* sink, const std::vector<ResumePoint>& resume) {
  const ForwardConfig& config = state_->config;
  CULPRIT_RETURN_IF_ERROR(tcp_.Listen(config.name, config.listen, config.tls));
  CULPRIT_RETURN_IF_ERROR(ListenUdp());
  error_code ignored;
  state_->server_name =
      config.self_hostname.empty() ? asio::ip::host_name(ignored) : config.self_hostname;
  state_->sink = sink;
  state_->streams.Resume(resume, absl::Now());
  if (udp_.is_open()) asio::post(tcp_.strand(), [this] { Heartbeat(); });
  tcp_.Run(config.threads, config.max_connections,
           SourceHooks<ForwardConnection, ForwardCount>(state_));
  return absl::OkStatus();
}

// fluentd's heartbeat_type udp: one zero byte, to be sent back.
void ForwardSource::Server::Heartbeat() {
  if (!udp_.is_open()) return;
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

void ForwardSource::Server::Drain() {
  tcp_.Drain([this] {
    error_code ignored;
    udp_.close(ignored);
  });
}

void ForwardSource::Server::Stop() {
  Drain();
  tcp_.Stop();
}

SourceHealth ForwardSource::Server::health() const {
  SourceHealth health = state_->Health(port() != 0, tcp_.stopped());
  health.streams = static_cast<int64_t>(state_->streams.size());
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
