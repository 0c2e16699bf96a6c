// Configuration of the HTTP source. Plain values; engine/config reads them from YAML under the same
// names.
#pragma once
#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "engine/base/secret.h"
#include "engine/ingest/net/tls.h"

namespace culprit {

struct HttpConfig {
  // Of the source: in metrics, positions and receipts. Never changed once data came in.
  std::string name = "http";
  // Address and port, "[::]:4318" for IPv6 (with IPv4 where the system maps it). Port 0: any. 4318
  // is where OpenTelemetry's exporters look.
  std::string listen = "0.0.0.0:4318";
  TlsConfig tls;
  // Set: a request needs `Authorization: Bearer TOKEN`.
  Secret token;
  // Set, both: a request may or, without a token, must name them by basic authentication.
  std::string username;
  Secret password;

  // A larger body, as it comes over the wire, is refused (413).
  uint64_t max_body_bytes = 64ULL << 20;
  // A packed body is unpacked up to here, and up to this many times its packed size (if that is
  // more than 1 MiB); beyond it is refused (413).
  uint64_t max_decompressed_bytes = 128ULL << 20;
  uint64_t max_decompression_ratio = 1000;
  // A longer record is refused with its whole request (400); a longer line of plain text is cut,
  // and counted as line_truncated. 1 KiB to 512 KiB.
  uint64_t max_record_bytes = 512ULL << 10;
  uint64_t max_header_bytes = 16ULL << 10;
  // More connections are closed as soon as they are accepted.
  uint64_t max_connections = 1024;
  // Bodies of all connections together, unpacked; above, requests are told to come again (503).
  uint64_t max_buffered_bytes = 256ULL << 20;
  // Streams, one per sender, path and service. Further ones share one.
  uint64_t max_streams = 2000;
  // A stream that brought nothing for so long is ended; it begins anew when something comes.
  absl::Duration stream_idle = absl::Hours(6);

  absl::Duration handshake_timeout = absl::Seconds(10);  // of TLS
  // For a request's head, and then for its body.
  absl::Duration header_timeout = absl::Seconds(10);
  absl::Duration body_timeout = absl::Seconds(60);
  // How long a connection is kept open between requests.
  absl::Duration idle_timeout = absl::Seconds(75);
  // Threads that read and decode, 1 to 64.
  int threads = 2;
};

}  // namespace culprit
