// What the connections of one forward server share. Lives as long as the last of them.
// Thread-safe, but for what is set before the first connection.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/core/live.h"
#include "engine/ingest/forward/forward_config.h"
#include "engine/ingest/net/buffer_budget.h"
#include "engine/ingest/net/in_flight.h"
#include "engine/ingest/net/sender_streams.h"
#include "engine/ingest/net/server_counts.h"

namespace culprit {

enum class ForwardCount : uint8_t {
  kConnections,         // accepted, since start
  kRefusedConnections,  // above max_connections
  kFailedTls,           // handshakes: wrong or no certificate, no TLS
  kRefusedHandshakes,   // wrong key, user or password; no PING
  kGarbage,             // connections closed: their bytes are no MessagePack and no JSON
  kBadMessages,         // connections closed: no forward message; dead letter
  kTooLarge,            // connections closed: message above max_message_bytes
  kTimeouts,            // connections closed: handshake, message or idle time is up
  kCutMessages,         // connections that ended inside a message
  kHeartbeats,
  kChunks,            // messages that asked for an acknowledgement
  kDuplicateChunks,   // of these, came again: acknowledged, not taken in
  kMalformedEntries,  // dead letters
  kRepairedBytes,     // that were no UTF-8: U+FFFD
  kNotLogs,           // messages with metrics or traces: acknowledged, not taken in
  kGroupMarks,        // entries of Fluent Bit that only bracket others
  kCount
};

// snake_case: metrics label.
constexpr std::string_view ForwardCountName(ForwardCount count) {
  constexpr std::array<std::string_view, static_cast<size_t>(ForwardCount::kCount)> kNames = {
      "connections",       "refused_connections", "failed_tls", "refused_handshakes",
      "garbage",           "bad_messages",        "too_large",  "timeouts",
      "cut_messages",      "heartbeats",          "chunks",     "duplicate_chunks",
      "malformed_entries", "repaired_bytes",      "not_logs",   "group_marks"};
  return kNames[static_cast<size_t>(count)];
}

struct ForwardServerState : ServerCounts<ForwardCount, ForwardCountName> {
  explicit ForwardServerState(const ForwardConfig& c)
      : ServerCounts(c.name),
        config(c),
        streams(
            {.source = config.name, .max_streams = config.max_streams, .idle = config.stream_idle}),
        budget(config.max_buffered_bytes) {}

  const ForwardConfig config;
  std::string server_name;
  LiveSink* sink = nullptr;
  SenderStreams streams;
  InFlightChunks in_flight;
  BufferBudget budget;
};

}  // namespace culprit
