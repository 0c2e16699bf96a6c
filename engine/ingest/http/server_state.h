// What the connections of one HTTP source share. Lives as long as the last of them. Thread-safe,
// but for what is set before the first connection.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "engine/core/live.h"
#include "engine/ingest/http/http_config.h"
#include "engine/ingest/net/buffer_budget.h"
#include "engine/ingest/net/in_flight.h"
#include "engine/ingest/net/sender_streams.h"
#include "engine/ingest/net/server_counts.h"

namespace culprit {

enum class HttpCount : uint8_t {
  kConnections,         // accepted, since start
  kRefusedConnections,  // above max_connections
  kFailedTls,           // handshakes: wrong or no certificate, no TLS
  kTimeouts,            // connections closed: handshake, head or body took too long
  kRequests,
  kUnauthorized,     // 401
  kBadRequests,      // 400, 404, 405, 415
  kTooLarge,         // 413
  kBusy,             // 503: the sink or the buffers are full, or it was not committed
  kRejectedRecords,  // of OTLP too long, of Firehose undecodable: dead letters
  kDuplicates,       // requests or parts of them that were committed before: not taken in again
  kCount
};

// snake_case: metrics label.
constexpr std::string_view HttpCountName(HttpCount count) {
  constexpr std::array<std::string_view, static_cast<size_t>(HttpCount::kCount)> kNames = {
      "connections", "refused_connections", "failed_tls",   "timeouts",
      "requests",    "unauthorized",        "bad_requests", "too_large",
      "busy",        "rejected_records",    "duplicates"};
  return kNames[static_cast<size_t>(count)];
}

struct HttpServerState : ServerCounts<HttpCount, HttpCountName> {
  explicit HttpServerState(const HttpConfig& c)
      : ServerCounts(c.name),
        config(c),
        streams({.source = c.name, .max_streams = c.max_streams, .idle = c.stream_idle}),
        budget(c.max_buffered_bytes) {}

  const HttpConfig config;
  LiveSink* sink = nullptr;
  SenderStreams streams;
  InFlightChunks in_flight;
  BufferBudget budget;
  std::atomic<uint64_t> serial = 0;  // of requests without a key of their own
};

}  // namespace culprit
