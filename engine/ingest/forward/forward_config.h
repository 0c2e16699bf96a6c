// Configuration of the forward source. Plain values; engine/config reads them from YAML under the
// same names.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "engine/base/secret.h"
#include "engine/ingest/net/tls.h"

namespace culprit {

struct ForwardUser {
  std::string name;
  Secret password;
};

struct ForwardConfig {
  // Of the source: in metrics, positions and receipts. Never changed once data came in.
  std::string name = "forward";
  // Address and port, "[::]:24224" for IPv6 (with IPv4 where the system maps it). Port 0: any.
  std::string listen = "0.0.0.0:24224";
  // Answer heartbeats on the UDP port of the same number (fluentd's heartbeat_type udp).
  bool udp_heartbeat = true;

  TlsConfig tls;
  // Set: every sender must prove that it knows the key (fluentd: <security> shared_key; Fluent Bit:
  // Shared_Key). Empty: everybody who reaches the port may send.
  Secret shared_key;
  // Not empty: a sender must also give one of these names and its password. Needs shared_key.
  std::vector<ForwardUser> users;
  // How the server calls itself in the handshake. Empty: the machine's host name.
  std::string self_hostname;

  // A longer message closes its connection: [tag, ...] as it comes over the wire, packed or not.
  // fluentd sends at most its chunk_limit_size (8 MB in memory, 256 MB in files).
  uint64_t max_message_bytes = 64ULL << 20;
  // A record whose JSON is longer becomes a dead letter.
  uint64_t max_record_bytes = 512ULL << 10;
  // A compressed chunk is unpacked up to here, and up to this many times its packed size (if that
  // is more than 1 MiB); the rest of it becomes a dead letter.
  uint64_t max_decompressed_bytes = 256ULL << 20;
  uint64_t max_decompression_ratio = 1000;
  // More connections are closed as soon as they are accepted.
  uint64_t max_connections = 1024;
  // Bytes that came in for messages not complete yet, all connections together; above, only the one
  // that waited longest goes on.
  uint64_t max_buffered_bytes = 256ULL << 20;
  // A connection with more than this pushed but not committed is not read.
  uint64_t max_unacked_bytes = 32ULL << 20;
  // Streams, one per tag and sender. Further ones share one.
  uint64_t max_streams = 2000;
  // A stream that brought nothing for so long is ended; it begins anew when something comes.
  absl::Duration stream_idle = absl::Hours(6);

  // For TLS and the proof of the key together.
  absl::Duration handshake_timeout = absl::Seconds(10);
  // Within each such time an unfinished message must end, or bring 64 KiB more.
  absl::Duration message_timeout = absl::Seconds(60);
  // A connection on which nothing came for so long is closed. 0: never, for a sender that does not
  // ask for acknowledgements loses what it writes into a closed connection; dead peers are found by
  // TCP keep-alive.
  absl::Duration idle_timeout = absl::ZeroDuration();
  // Threads that read and decode, 1 to 64.
  int threads = 2;
};

}  // namespace culprit
