// One syslog sender over TCP or TLS. Reads on while the sink takes what came, and not further.
// Included by this folder's .cc files alone (Asio). Everything runs on the socket's strand.
// Kept alive by its pending operations.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <optional>
#include <string>

#include "engine/ingest/net/tcp_server.h"
#include "engine/ingest/syslog/server_state.h"

namespace culprit {

class SyslogConnection : public ServedConnection,
                         public std::enable_shared_from_this<SyslogConnection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  // `socket`: on a strand. `tls`: null for plain text; outlives the connection.
  SyslogConnection(std::shared_ptr<SyslogServerState> state, Socket socket,
                   boost::asio::ssl::context* tls);
  ~SyslogConnection() override;
  void Start();
  void Drain() override;
  void Close() override;

 private:
  void Read();
  void OnRead(const boost::system::error_code& error, size_t n);
  // Goes on wherever it stopped: messages to batches, batches to the sink, until bytes are missing
  // or the sink is full.
  void Pump();
  // Fills batch_ from what came. False: nothing is in it.
  bool FillBatch();
  bool PushBatch();
  void Watch(absl::Duration after);
  void StopReadingSoon();
  void Fail(SyslogCount count, std::string_view why);
  void Shut();
  Socket& socket() { return tls_ ? tls_->next_layer() : *plain_; }

  const std::shared_ptr<SyslogServerState> state_;
  std::optional<Socket> plain_;
  std::optional<boost::asio::ssl::stream<Socket>> tls_;
  const boost::asio::any_io_executor executor_;  // the strand
  boost::asio::steady_timer watch_, retry_, drain_;
  std::string peer_;  // address and port, for people
  std::string host_;  // of the stream
  SyslogFraming framing_;
  std::string buffer_;
  size_t begin_ = 0;  // of what is not taken in buffer_
  LiveBatch batch_;
  std::shared_ptr<SenderStreams::Stream> stream_;
  bool secure_ = false, reading_ = false, retrying_ = false, blocked_ = false, ended_ = false,
       draining_ = false, closed_ = false;
  absl::Time last_read_, drain_until_;
};

}  // namespace culprit
