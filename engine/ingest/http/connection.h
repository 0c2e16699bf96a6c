// One HTTP client: requests one after the other, each answered when its records are committed.
// Included by this folder's .cc files alone (Asio, Beast). Everything runs on the socket's strand.
// Kept alive by its pending operations and by the request that is not committed.
#pragma once
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "engine/ingest/http/request.h"
#include "engine/ingest/http/server_state.h"
#include "engine/ingest/net/tcp_server.h"

namespace culprit {

class HttpConnection : public ServedConnection,
                       public std::enable_shared_from_this<HttpConnection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  // `socket`: on a strand. `tls`: null for plain text; outlives the connection.
  HttpConnection(std::shared_ptr<HttpServerState> state, Socket socket,
                 boost::asio::ssl::context* tls);
  ~HttpConnection() override;
  void Start();
  void Drain() override;
  void Close() override;

 private:
  using Request = boost::beast::http::request<boost::beast::http::string_body>;
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Response = boost::beast::http::response<boost::beast::http::string_body>;
  using Error = boost::system::error_code;

  // connection.cc: bytes in and out.
  void ReadHead();
  void OnHead(const Error& error);
  void ReadBody();
  void OnBody(const Error& error);
  void Answer(const HttpAnswer& answer, bool close = false);
  void Linger();
  void Busy(bool close);
  bool Failed(const Error& error);
  void Shut();
  HttpHead Head() const;
  boost::beast::tcp_stream& tcp() { return tls_ ? tls_->next_layer() : *plain_; }
  template <class Do>
  void WithStream(Do what) {
    if (tls_) {
      what(*tls_);
    } else {
      what(*plain_);
    }
  }

  // connection_upload.cc: from a body to batches, and back to its answer.
  void TakeUpload();
  void Push();
  void Settle(bool complete);
  void Settled(bool committed);

  const std::shared_ptr<HttpServerState> state_;
  std::optional<boost::beast::tcp_stream> plain_;
  std::optional<boost::asio::ssl::stream<boost::beast::tcp_stream>> tls_;
  const boost::asio::any_io_executor executor_;  // the strand
  boost::asio::steady_timer retry_;
  std::string peer_;  // address and port, for people
  std::string host_;  // of the streams
  const BufferBudget::Ticket ticket_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::optional<Response> response_;
  boost::beast::http::response<boost::beast::http::empty_body> continue_;

  // The upload under work.
  HttpUpload upload_;
  size_t next_part_ = 0;
  std::shared_ptr<InFlightChunks::Chunk> chunk_;
  bool pushed_ = false;  // anything of it

  bool idle_ = false, writing_ = false, blocked_ = false, draining_ = false, closing_ = false,
       closed_ = false;
};

}  // namespace culprit
