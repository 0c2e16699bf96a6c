// One sender: TLS, handshake, messages in, acknowledgements out. Reads on while the sink takes what
// came, and not further. Included by this folder's .cc files alone (Asio).
//
// Everything runs on the socket's strand, batches and chunks that are done post to it.
// Kept alive by its pending operations and by the batches of its that are not committed.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/ingest/forward/chunk_reader.h"
#include "engine/ingest/forward/handshake.h"
#include "engine/ingest/forward/message.h"
#include "engine/ingest/forward/msgpack_reader.h"
#include "engine/ingest/forward/server_state.h"
#include "engine/ingest/net/tcp_server.h"

namespace culprit {

class ForwardConnection : public ServedConnection,
                          public std::enable_shared_from_this<ForwardConnection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  // `socket`: on a strand. `tls`: null for plain text; outlives the connection.
  ForwardConnection(std::shared_ptr<ForwardServerState> state, Socket socket,
                    boost::asio::ssl::context* tls);
  ~ForwardConnection() override;
  void Start();
  void Drain() override;
  void Close() override;

 private:
  enum class Phase : uint8_t { kTls, kPing, kFirstByte, kMsgpack, kJson, kClosed };
  // A part of one stream on its way to the sink, with the chunks that it holds all or a piece of.
  struct Outgoing {
    std::string tag;
    std::shared_ptr<SenderStreams::Stream> stream;
    LiveBatch batch;
    std::vector<std::shared_ptr<InFlightChunks::Chunk>> chunks;
  };
  // The message being read, part by part.
  struct Current {
    ForwardMessage message;
    std::unique_ptr<ChunkReader> reader;
    std::shared_ptr<InFlightChunks::Chunk> chunk;
    std::string converted;  // of JSON
    size_t bytes = 0;       // as it came
    size_t part = 0;
    bool taken = false;  // not all parts were committed before
  };

  // connection.cc: bytes in and out, time.
  void OnSecure();
  void Read();
  void OnRead(const boost::system::error_code& error, size_t n);
  bool MakeRoom();
  void Send(std::string_view bytes);
  void WriteMore();
  void RetrySoon();
  void StopReadingSoon();
  void Watch();
  void CheckTime();
  // The sender did wrong: nothing more is taken from it; what was complete still is.
  void Fail(ForwardCount count, std::string_view why);
  void FinishIfDone();
  void Shut();

  // connection_messages.cc: from bytes to batches.
  // Goes on wherever it stopped, until bytes are missing or the sink is full.
  void Pump();
  bool PushOutgoing();
  void FlushOpen();
  void ReadPart();
  Outgoing& OpenFor(std::string_view tag);
  // False: more bytes are needed, or the connection ends.
  bool NextMessage();
  bool TakePing();
  bool TakeMsgpack();
  bool TakeJson();
  void Take(std::string_view bytes, std::string converted);
  void Consume(size_t bytes);
  void Bury(std::string_view reason, std::string_view detail, std::string_view bytes);
  void Settled(const std::string& chunk, bool committed);
  void Committed(size_t bytes, bool ok);

  std::string_view unread() const { return {buffer_.get() + begin_, end_ - begin_}; }
  Socket& socket() { return tls_ ? tls_->next_layer() : *plain_; }

  const std::shared_ptr<ForwardServerState> state_;
  const ForwardConfig& config_;
  std::optional<Socket> plain_;
  std::optional<boost::asio::ssl::stream<Socket>> tls_;
  const boost::asio::any_io_executor executor_;  // the strand
  boost::asio::steady_timer watch_, retry_, drain_;
  std::string peer_;  // address and port, for people
  std::string host_;  // of the streams
  Phase phase_ = Phase::kTls;
  std::unique_ptr<Handshake> handshake_;

  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = 0, begin_ = 0, end_ = 0;
  BufferBudget::Ticket ticket_;
  MsgpackScanner scanner_;
  JsonScanner json_scanner_;
  std::optional<Current> current_;
  std::vector<Outgoing> open_;     // being filled, one per tag
  std::deque<Outgoing> outgoing_;  // to be pushed, in order
  std::optional<DeadLetter> letter_;
  uint64_t unacked_bytes_ = 0;
  size_t batches_ = 0;   // at the sink
  size_t awaiting_ = 0;  // chunks that were not settled

  std::string to_write_, writing_;
  bool reading_ = false, retrying_ = false, blocked_ = false;
  bool ended_ = false;  // the sender sends no more, or is not asked any more
  bool draining_ = false, closing_ = false;
  absl::Time opened_, last_read_, drain_until_;
  absl::Time progress_since_ = absl::InfiniteFuture();  // of an unfinished message
  uint64_t total_read_ = 0, progress_bytes_ = 0;
};

}  // namespace culprit
