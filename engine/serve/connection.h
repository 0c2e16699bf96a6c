// One connection of the server: requests one after the other, or a tap until one side ends it.
// Lives as long as an operation of it is under way; all of it runs on its own strand. Private to
// the server's .cc files.
#pragma once
#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/ingest/net/tcp_server.h"
#include "engine/serve/api.h"
#include "engine/serve/http_server.h"

namespace culprit {

struct ServerShared {
  ServerShared(const HttpServerOptions& with, ServeBackend backend)
      : options(with), api(std::move(backend), with.token, with.hooks) {}
  const HttpServerOptions options;
  Api api;
  std::atomic<int> connections{0};
  std::atomic<int> taps{0};

  // What changes something may take its time, away from the threads that answer all others.
  static constexpr int kWorkers = 4;
  static constexpr int kMostWaiting = 32;
  boost::asio::thread_pool workers{kWorkers};
  std::atomic<int> waiting{0};
  std::atomic<bool> stopping{false};
};

class Connection : public ServedConnection, public std::enable_shared_from_this<Connection> {
 public:
  // `socket`'s executor is a strand.
  Connection(boost::asio::ip::tcp::socket socket, ServerShared* shared);
  ~Connection() override;
  void Run();
  // There is nothing to be saved: both cut it.
  void Drain() override { Close(); }
  void Close() override;

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
  using Answer = boost::beast::http::response<boost::beast::http::string_body>;
  using TapHead = boost::beast::http::response<boost::beast::http::empty_body>;
  using Error = boost::beast::error_code;

  void ReadRequest();
  void OnRequest(const Error& error);
  void Work(ServeRequest request, bool keep_alive);
  void Send(const ServeResponse& response, bool head, bool keep_alive);
  void End();
  ServeRequest ToRequest(bool* sound) const;

  void StartTap(const ServeRequest& request);
  void NextTapPiece();
  void SendTapPiece(std::string piece);

  ServerShared* const shared_;
  boost::beast::tcp_stream stream_;
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  std::optional<Answer> answer_;

  // Of a tap.
  std::optional<Api::Tap> tap_;
  std::optional<TapHead> tap_head_;
  std::optional<boost::beast::http::response_serializer<boost::beast::http::empty_body>>
      tap_serializer_;
  boost::asio::steady_timer timer_;
  std::vector<TapSignal> signals_;
  size_t next_signal_ = 0;
  std::string piece_;
  std::chrono::steady_clock::time_point said_;  // when something was last sent
};

}  // namespace culprit
