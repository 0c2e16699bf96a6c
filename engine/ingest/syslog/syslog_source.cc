#include "engine/ingest/syslog/syslog_source.h"

#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/base/status.h"
#include "engine/base/views.h"
#include "engine/ingest/net/served_source.h"
#include "engine/ingest/syslog/connection.h"
#include "engine/ingest/syslog/datagrams.h"
#include "engine/ingest/syslog/server_state.h"

namespace culprit {
namespace {
constexpr absl::Duration kDrain = absl::Milliseconds(1500);
}  // namespace

class SyslogSource::Server {
 public:
  explicit Server(const SyslogConfig& config)
      : state_(std::make_shared<SyslogServerState>(config)), datagrams_(state_) {}

  absl::Status Start(LiveSink* sink, const std::vector<ResumePoint>& resume) {
    const SyslogConfig& config = state_->config;
    state_->sink = sink;
    state_->streams.Resume(resume, absl::Now());
    if (!config.udp.empty()) CULPRIT_RETURN_IF_ERROR(datagrams_.Listen());
    if (!config.tcp.empty()) {
      CULPRIT_RETURN_IF_ERROR(tcp_.Listen(config.name, config.tcp, TlsConfig()));
    }
    if (config.tls.enabled) {
      CULPRIT_RETURN_IF_ERROR(tls_.Listen(config.name, config.tls_listen, config.tls));
    }
    if (!config.udp.empty()) datagrams_.Run();
    // The one sweeps for all.
    const auto hooks = [this](bool sweeps) {
      return SourceHooks<SyslogConnection, SyslogCount>(state_, sweeps);
    };
    tcp_.Run(config.threads, config.max_connections, hooks(true));
    if (config.tls.enabled) tls_.Run(config.threads, config.max_connections, hooks(false));
    started_ = true;
    return absl::OkStatus();
  }
  void Drain() {
    if (!started_) return;
    datagrams_.Drain();
    tcp_.Drain();
    tls_.Drain();
    // Nobody is told what is safe, so what was pushed after a Stop would be lost unnoticed.
    const absl::Time deadline = absl::Now() + kDrain;
    const bool udp = datagrams_.port() != 0;
    while ((state_->open > 0 || (udp && !datagrams_.ended())) && absl::Now() < deadline) {
      absl::SleepFor(absl::Milliseconds(1));
    }
  }
  void Stop() {
    if (!started_) return;
    datagrams_.Stop();
    tcp_.Stop();
    tls_.Stop();
    stopped_ = true;
  }
  SourceHealth health() const {
    SourceHealth health = state_->Health(started_, stopped_);
    health.streams = static_cast<int64_t>(state_->streams.size());
    health.dropped = state_->Get(SyslogCount::kDroppedDatagrams);
    return health;
  }
  uint16_t udp_port() const { return datagrams_.port(); }
  uint16_t tcp_port() const { return tcp_.port(); }
  uint16_t tls_port() const { return tls_.port(); }

 private:
  TcpServer tcp_, tls_;
  const std::shared_ptr<SyslogServerState> state_;
  SyslogDatagrams datagrams_;
  std::atomic<bool> started_ = false, stopped_ = false;
};

SyslogSource::SyslogSource(const SyslogConfig& config)
    : config_(config), server_(std::make_unique<Server>(config)) {}
SyslogSource::~SyslogSource() { server_->Stop(); }

absl::Status SyslogSource::Start(LiveSink* sink, const std::vector<ResumePoint>& resume) {
  return server_->Start(sink, resume);
}
void SyslogSource::Drain() { server_->Drain(); }
void SyslogSource::Stop() { server_->Stop(); }
SourceHealth SyslogSource::health() const { return server_->health(); }
uint16_t SyslogSource::udp_port() const { return server_->udp_port(); }
uint16_t SyslogSource::tcp_port() const { return server_->tcp_port(); }
uint16_t SyslogSource::tls_port() const { return server_->tls_port(); }

absl::StatusOr<std::unique_ptr<LiveSource>> MakeSyslogSource(const SyslogConfig& config) {
  const auto invalid = [&](std::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(config.name, ": ", ToAbsl(what)));
  };
  if (config.udp.empty() && config.tcp.empty() && !config.tls.enabled) {
    return invalid("nothing to listen on: set udp, tcp or tls");
  }
  if (!config.udp.empty()) CULPRIT_RETURN_IF_ERROR(ParseListen(config.udp).status());
  if (!config.tcp.empty()) CULPRIT_RETURN_IF_ERROR(ParseListen(config.tcp).status());
  if (config.tls.enabled) CULPRIT_RETURN_IF_ERROR(ParseListen(config.tls_listen).status());
  if (config.threads < 1 || config.threads > 64) return invalid("threads: 1 to 64");
  if (config.max_message_bytes < 480 || config.max_message_bytes > (256 << 10)) {
    return invalid("max_message_bytes: 480 B to 256 KiB");
  }
  if (config.max_connections == 0 || config.max_streams == 0 ||
      config.max_buffered_bytes < config.max_message_bytes * 2 ||
      config.receive_buffer_bytes > (1 << 30)) {
    return invalid(
        "limits must not be 0, max_buffered_bytes at least twice max_message_bytes, "
        "receive_buffer_bytes at most 1 GiB");
  }
  if (config.handshake_timeout <= absl::ZeroDuration() ||
      config.stream_idle <= absl::ZeroDuration() || config.idle_timeout < absl::ZeroDuration() ||
      config.batch_wait < absl::ZeroDuration()) {
    return invalid("timeouts must be longer than 0");
  }
  return std::make_unique<SyslogSource>(config);
}

}  // namespace culprit
