#include "engine/ingest/http/http_source.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/base/status.h"
#include "engine/base/views.h"
#include "engine/ingest/http/connection.h"
#include "engine/ingest/http/server_state.h"
#include "engine/ingest/net/served_source.h"

namespace culprit {

class HttpSource::Server {
 public:
  explicit Server(const HttpConfig& config) : state_(std::make_shared<HttpServerState>(config)) {}

  absl::Status Start(LiveSink* sink, const std::vector<ResumePoint>& resume) {
    const HttpConfig& config = state_->config;
    CULPRIT_RETURN_IF_ERROR(tcp_.Listen(config.name, config.listen, config.tls));
    state_->sink = sink;
    state_->streams.Resume(resume, absl::Now());
    tcp_.Run(config.threads, config.max_connections,
             SourceHooks<HttpConnection, HttpCount>(state_));
    return absl::OkStatus();
  }
  void Drain() { tcp_.Drain(); }
  void Stop() {
    tcp_.Stop();
    state_->in_flight.Abandon();  // a batch whose `done` never came would keep all of it
  }
  SourceHealth health() const {
    SourceHealth health = state_->Health(port() != 0, tcp_.stopped());
    health.streams = static_cast<int64_t>(state_->streams.size());
    return health;
  }
  uint16_t port() const { return tcp_.port(); }

 private:
  TcpServer tcp_;
  const std::shared_ptr<HttpServerState> state_;
};

HttpSource::HttpSource(const HttpConfig& config)
    : config_(config), server_(std::make_unique<Server>(config)) {}
HttpSource::~HttpSource() { server_->Stop(); }

absl::Status HttpSource::Start(LiveSink* sink, const std::vector<ResumePoint>& resume) {
  return server_->Start(sink, resume);
}
void HttpSource::Drain() { server_->Drain(); }
void HttpSource::Stop() { server_->Stop(); }
SourceHealth HttpSource::health() const { return server_->health(); }
uint16_t HttpSource::port() const { return server_->port(); }

absl::StatusOr<std::unique_ptr<LiveSource>> MakeHttpSource(const HttpConfig& config) {
  CULPRIT_RETURN_IF_ERROR(ParseListen(config.listen).status());
  const auto invalid = [&](std::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat(config.name, ": ", ToAbsl(what)));
  };
  if (config.threads < 1 || config.threads > 64) return invalid("threads: 1 to 64");
  if (config.username.empty() != config.password.empty()) {
    return invalid("username and password go together");
  }
  if (config.max_record_bytes < 1024 || config.max_record_bytes > (512 << 10)) {
    return invalid("max_record_bytes: 1 KiB to 512 KiB");
  }
  if (config.max_body_bytes < 1024 || config.max_body_bytes > (1ULL << 30) ||
      config.max_decompressed_bytes < 1024 || config.max_decompressed_bytes > (1ULL << 30)) {
    return invalid("max_body_bytes and max_decompressed_bytes: 1 KiB to 1 GiB");
  }
  if (config.max_header_bytes < 1024 || config.max_header_bytes > (1 << 20)) {
    return invalid("max_header_bytes: 1 KiB to 1 MiB");
  }
  if (config.max_connections == 0 || config.max_streams == 0 ||
      config.max_decompression_ratio == 0 || config.max_buffered_bytes == 0) {
    return invalid("limits must not be 0");
  }
  for (const absl::Duration time : {config.handshake_timeout, config.header_timeout,
                                    config.body_timeout, config.idle_timeout, config.stream_idle}) {
    if (time <= absl::ZeroDuration()) return invalid("timeouts must be longer than 0");
  }
  return std::make_unique<HttpSource>(config);
}

}  // namespace culprit
