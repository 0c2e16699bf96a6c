// The syslog source: RFC 3164 and 5424 over UDP, TCP and TLS, one stream per sender's address.
// README.md here says what is understood and what can be promised.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/live.h"
#include "engine/ingest/syslog/syslog_config.h"

namespace culprit {

class SyslogSource : public LiveSource {
 public:
  explicit SyslogSource(const SyslogConfig& config);
  ~SyslogSource() override;
  // InvalidArgument: an address cannot be listened on, or a TLS file cannot be used.
  absl::Status Start(LiveSink* sink, const std::vector<ResumePoint>& resume) override;
  // Waits for what senders had written, about a second at most.
  void Drain() override;
  void Stop() override;
  SourceHealth health() const override;
  const std::string& name() const override { return config_.name; }
  // That Start bound; for addresses with port 0. 0: not listened on.
  uint16_t udp_port() const;
  uint16_t tcp_port() const;
  uint16_t tls_port() const;

 private:
  class Server;
  const SyslogConfig config_;
  std::unique_ptr<Server> server_;
};

// InvalidArgument: a value out of its range. Touches neither files nor network.
absl::StatusOr<std::unique_ptr<LiveSource>> MakeSyslogSource(const SyslogConfig& config);

}  // namespace culprit
