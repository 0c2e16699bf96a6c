// The TCP server under forward, HTTP and syslog: listens, makes a connection of every socket,
// bounds how many there are, and ends them in order. Included by .cc files alone (Asio).
// Thread-safe, but for Start.
#pragma once
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "engine/ingest/net/tls.h"

namespace culprit {

// "0.0.0.0:24224", "[::]:24224", "127.0.0.1:0". InvalidArgument: anything else.
absl::StatusOr<boost::asio::ip::tcp::endpoint> ParseListen(const std::string& listen);

// The address as text; of an IPv4 address in IPv6's clothes, that one.
std::string HostText(const boost::asio::ip::address& address);

// Implemented by a protocol's connection; kept alive by its own pending operations. Both methods
// from any thread.
class ServedConnection {
 public:
  virtual ~ServedConnection() = default;
  // Takes what already came, then closes when all of it is committed.
  virtual void Drain() = 0;
  // Writes what is to be written if that goes at once, then closes.
  virtual void Close() = 0;
};

class TcpServer {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  struct Hooks {
    // A connection of a socket on a strand of its own. `tls`: null for plain text; outlives it.
    std::function<std::shared_ptr<ServedConnection>(Socket, boost::asio::ssl::context* tls)> make;
    // A socket was closed because there are too many, or could not be accepted.
    std::function<void(const std::string& peer, std::string_view why)> refused;
    std::function<int64_t()> open;  // connections now
    std::function<void()> sweep;    // every ten seconds, while not draining; on the strand
  };

  TcpServer();
  ~TcpServer();
  // `name`: for messages. InvalidArgument: the address cannot be listened on, or a TLS file cannot
  // be used.
  absl::Status Listen(const std::string& name, const std::string& listen, const TlsConfig& tls);
  void Run(int threads, uint64_t max_connections, Hooks hooks);
  // No new sockets from here on; connections drain. `also` runs on the strand first.
  void Drain(const std::function<void()>& also = [] {});
  // Drains, closes what is open and ends the threads. Idempotent.
  void Stop();

  uint16_t port() const { return port_; }
  bool stopped() const { return stopped_; }
  boost::asio::io_context& io() { return io_; }
  // Of the acceptor and the sweep; a server may put sockets of its own on it.
  const boost::asio::strand<boost::asio::io_context::executor_type>& strand() const {
    return strand_;
  }

 private:
  void Accept();
  void OnAccept(const boost::system::error_code& error, const std::shared_ptr<Socket>& socket);
  void Sweep();
  template <class Do>
  void ForEachConnection(Do what);

  boost::asio::io_context io_;  // goes last: handlers hold connections
  std::optional<boost::asio::ssl::context> tls_;
  boost::asio::strand<boost::asio::io_context::executor_type> strand_;
  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer sweep_, accept_retry_;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work_;
  Hooks hooks_;
  uint64_t max_connections_ = 0;
  uint16_t port_ = 0;
  std::vector<std::thread> threads_;
  std::mutex mutex_;  // of connections_
  std::vector<std::weak_ptr<ServedConnection>> connections_;
  std::atomic<bool> draining_ = false, stopped_ = false;
};

}  // namespace culprit
