// What the connections and the datagrams of one syslog source share. Lives as long as the last of
// them. Thread-safe, but for what is set before the first connection.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <string_view>

#include "engine/core/live.h"
#include "engine/ingest/net/sender_streams.h"
#include "engine/ingest/net/server_counts.h"
#include "engine/ingest/syslog/framing.h"
#include "engine/ingest/syslog/syslog_config.h"

namespace culprit {

enum class SyslogCount : uint8_t {
  kConnections,         // accepted, since start
  kRefusedConnections,  // above max_connections
  kFailedTls,           // handshakes: wrong or no certificate, no TLS
  kTimeouts,            // connections closed: handshake or idle time is up
  kCutMessages,         // connections that ended inside a message: taken as far as it came
  kLongMessages,        // cut at max_message_bytes
  kDatagrams,
  kDroppedDatagrams,
  kCount
};

// snake_case: metrics label.
constexpr std::string_view SyslogCountName(SyslogCount count) {
  constexpr std::array<std::string_view, static_cast<size_t>(SyslogCount::kCount)> kNames = {
      "connections",  "refused_connections", "failed_tls", "timeouts",
      "cut_messages", "long_messages",       "datagrams",  "dropped_datagrams"};
  return kNames[static_cast<size_t>(count)];
}

struct SyslogServerState : ServerCounts<SyslogCount, SyslogCountName> {
  explicit SyslogServerState(const SyslogConfig& c)
      : ServerCounts(c.name),
        config(c),
        streams({.source = c.name, .max_streams = c.max_streams, .idle = c.stream_idle}) {}

  StreamLook LookOf(const std::string& host) const {
    return {.name = host, .display = config.name + ":" + host, .path = ""};
  }
  // Appends the message to the batch.
  void Add(const SyslogFrame& frame, TimeUs now, LiveBatch* batch) {
    const size_t begin = batch->bytes.size();
    batch->messages.push_back({.begin = static_cast<uint32_t>(begin), .time = now});
    batch->bytes += frame.text;
    batch->bytes += '\n';
    records.fetch_add(1, std::memory_order_relaxed);
    if (!frame.cut) return;
    Count(SyslogCount::kLongMessages);
    batch->counters.Count(Reason::kLineTruncated);
  }

  const SyslogConfig config;
  LiveSink* sink = nullptr;
  SenderStreams streams;
};

}  // namespace culprit
