// What forward, HTTP and syslog do alike with their TCP server: make counted connections, count and
// log refused ones, end idle streams. Included by .cc files alone (Asio).
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/clock.h"
#include "engine/ingest/net/tcp_server.h"

namespace culprit {

// `Connection` is made of (state, socket, tls) and has Start; `Count` is the source's enum of
// counters, with kConnections and kRefusedConnections; `State` is what its connections share: sink,
// streams, open, Count, Warn. `sweeps`: of servers that share a state, one sweeps for all.
template <class Connection, class Count, class State>
TcpServer::Hooks SourceHooks(const std::shared_ptr<State>& state, bool sweeps = true) {
  return {.make =
              [state](TcpServer::Socket socket, boost::asio::ssl::context* tls) {
                state->Count(Count::kConnections);
                auto connection = std::make_shared<Connection>(state, std::move(socket), tls);
                connection->Start();
                return connection;
              },
          .refused =
              [state](const std::string& peer, std::string_view why) {
                state->Count(Count::kRefusedConnections);
                state->Warn(Count::kRefusedConnections, peer, why);
              },
          .open = [state] { return state->open.load(); },
          .sweep =
              [state, sweeps] {
                if (sweeps) state->streams.EndIdle(*state->sink, absl::Now());
              }};
}

}  // namespace culprit
