// Syslog over UDP: one thread that reads datagrams many at a time, gathers them per sender, and
// drops and counts what the sink does not take. Owned by the source.
#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "engine/core/live.h"
#include "engine/ingest/syslog/server_state.h"

namespace culprit {

class SyslogDatagrams {
 public:
  explicit SyslogDatagrams(std::shared_ptr<SyslogServerState> state) : state_(std::move(state)) {}
  ~SyslogDatagrams();
  // InvalidArgument: the address cannot be listened on.
  absl::Status Listen();
  void Run();
  // Reads what the kernel holds, then no more; ends once the sink took it.
  void Drain();
  // What the sink has not taken is dropped.
  void Stop();
  uint16_t port() const { return port_; }
  bool ended() const { return ended_; }

 private:
  struct Buffers;
  void Wake() const;
  void Loop();
  // Reads what is there, up to a bound; false if there may be more.
  bool Receive(Buffers* buffers);
  void Take(std::string_view datagram, const std::string& host);
  void CountDrops(uint64_t n);
  // Offers what is gathered to the sink; false: it is full.
  bool Flush();

  const std::shared_ptr<SyslogServerState> state_;
  int socket_ = -1, wake_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> draining_ = false, stopping_ = false, ended_ = false;
  std::thread thread_;

  // Of thread_ from here on.
  std::map<std::string, LiveBatch> pending_;             // by sender
  std::vector<std::pair<std::string, LiveBatch>> full_;  // no more is added to these
  uint64_t pending_bytes_ = 0;
  Counters drops_;  // not told to the sink yet
  uint64_t drops_of_kernel_ = 0;
  absl::Time flush_at_ = absl::InfiniteFuture();
};

}  // namespace culprit
