// Configuration of the syslog source. Plain values; engine/config reads them from YAML under the
// same names.
#pragma once
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "engine/ingest/net/tls.h"

namespace culprit {

struct SyslogConfig {
  // Of the source: in metrics and positions. Never changed once data came in.
  std::string name = "syslog";
  // Addresses and ports, "[::]:5514" for IPv6 (with IPv4 where the system maps it). Empty: not
  // listened on. Port 0: any. 514, the port of the standard, needs a privilege.
  std::string udp = "0.0.0.0:5514";
  std::string tcp = "0.0.0.0:5514";
  std::string tls_listen = "0.0.0.0:6514";  // only with tls.enabled
  TlsConfig tls;

  // A longer message is cut, and counted as line_truncated. 480 B to 256 KiB.
  uint64_t max_message_bytes = 64 << 10;
  // More connections are closed as soon as they are accepted.
  uint64_t max_connections = 1024;
  // Streams, one per sender's address. Further ones share one.
  uint64_t max_streams = 2000;
  // A stream that brought nothing for so long is ended; it begins anew when something comes.
  absl::Duration stream_idle = absl::Hours(6);

  // Asked of the kernel for the UDP socket; it gives at most net.core.rmem_max.
  uint64_t receive_buffer_bytes = 8 << 20;
  // Datagrams that the sink does not take yet; more are dropped and counted.
  uint64_t max_buffered_bytes = 16 << 20;
  // How long datagrams are gathered into one batch.
  absl::Duration batch_wait = absl::Milliseconds(50);

  absl::Duration handshake_timeout = absl::Seconds(10);  // of TLS
  // A connection on which nothing came for so long is closed. 0: never; dead peers are found by TCP
  // keep-alive.
  absl::Duration idle_timeout = absl::ZeroDuration();
  // Threads that read connections, 1 to 64. Datagrams have one of their own.
  int threads = 1;
};

}  // namespace culprit
