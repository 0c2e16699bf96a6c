#include "engine/serve/connection.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace culprit {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr size_t kHeaderBytes = 16 * 1024;
constexpr size_t kBodyBytes = 256 * 1024;  // a click in Slack comes with the whole message
constexpr auto kTapPeriod = std::chrono::milliseconds(100);
constexpr auto kPingPeriod = std::chrono::seconds(5);
constexpr size_t kTapPieceBytes = 64 * 1024;

beast::string_view ToBeast(std::string_view text) { return {text.data(), text.size()}; }
std::string Text(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Connection::Connection(asio::ip::tcp::socket socket, ServerShared* shared)
    : shared_(shared), stream_(std::move(socket)), timer_(stream_.get_executor()) {
  shared_->connections.fetch_add(1);
}

Connection::~Connection() {
  if (tap_.has_value()) shared_->taps.fetch_sub(1);
  shared_->connections.fetch_sub(1);
}

void Connection::Run() {
  asio::dispatch(stream_.get_executor(), [self = shared_from_this()] { self->ReadRequest(); });
}

void Connection::Close() {
  asio::post(stream_.get_executor(), [self = shared_from_this()] {
    self->timer_.cancel();
    self->stream_.close();
  });
}

void Connection::ReadRequest() {
  parser_.emplace();
  parser_->header_limit(kHeaderBytes);
  parser_->body_limit(kBodyBytes);
  stream_.expires_after(std::chrono::milliseconds(shared_->options.request_timeout_ms));
  http::async_read(
      stream_, buffer_, *parser_,
      [self = shared_from_this()](const Error& error, size_t) { self->OnRequest(error); });
}

ServeRequest Connection::ToRequest(bool* sound) const {
  const auto& message = parser_->get();
  ServeRequest request;
  request.method = Text(message.method_string());
  *sound = ParseTarget(Text(message.target()), &request);
  request.host = Text(message[http::field::host]);
  request.authorization = Text(message[http::field::authorization]);
  request.origin = Text(message[http::field::origin]);
  request.fetch_site = Text(message["Sec-Fetch-Site"]);
  request.content_type = Text(message[http::field::content_type]);
  request.idempotency_key = Text(message["Idempotency-Key"]);
  request.slack_signature = Text(message["X-Slack-Signature"]);
  request.slack_timestamp = Text(message["X-Slack-Request-Timestamp"]);
  request.pagerduty_signature = Text(message["X-PagerDuty-Signature"]);
  request.body = message.body();
  return request;
}

void Connection::OnRequest(const Error& error) {
  if (error == http::error::end_of_stream) return End();
  if (error == http::error::header_limit)
    return Send(ErrorResponse(431, "header_too_large", "the header has more than 16 KiB"), false,
                false);
  if (error == http::error::body_limit)
    return Send(ErrorResponse(413, "body_too_large", "the body has more than 256 KiB"), false,
                false);
  if (error && error.category() == make_error_code(http::error::bad_method).category())
    return Send(ErrorResponse(400, "bad_request", "this is no HTTP request"), false, false);
  if (error) return;  // cut, or too slow
  bool sound = false;
  ServeRequest request = ToRequest(&sound);
  const bool head = request.method == "HEAD";
  const bool keep_alive = parser_->get().keep_alive();
  if (!sound)
    return Send(ErrorResponse(400, "bad_request", "the request's target cannot be read"), head,
                false);
  stream_.expires_never();
  if (!head && request.method != "GET") return Work(std::move(request), keep_alive);
  const ServeResponse response = shared_->api.Handle(request);
  if (response.tap && !head) return StartTap(request);
  Send(response, head, keep_alive);
}

void Connection::Work(ServeRequest request, bool keep_alive) {
  if (shared_->waiting.fetch_add(1) >= ServerShared::kMostWaiting || shared_->stopping) {
    shared_->waiting.fetch_sub(1);
    ServeResponse busy = ErrorResponse(503, "busy", "too much is being done; try again");
    busy.headers.emplace_back("Retry-After", "1");
    return Send(busy, false, keep_alive);
  }
  asio::post(shared_->workers, [self = shared_from_this(), request = std::move(request),
                                keep_alive] {
    ServerShared* const shared = self->shared_;
    ServeResponse response = shared->api.Handle(request);
    const std::function<void()> after = std::move(response.after);
    asio::post(self->stream_.get_executor(), [self, response = std::move(response), keep_alive] {
      self->Send(response, false, keep_alive);
    });
    if (after) after();
    shared->waiting.fetch_sub(1);
  });
}

void Connection::Send(const ServeResponse& response, bool head, bool keep_alive) {
  answer_.emplace(static_cast<http::status>(response.status), 11);
  answer_->set(http::field::server, "culprit");
  answer_->set(http::field::content_type, ToBeast(response.type));
  answer_->set(http::field::cache_control, "no-store");
  answer_->set("X-Content-Type-Options", "nosniff");
  answer_->set("Referrer-Policy", "no-referrer");
  for (const auto& [name, value] : response.headers) answer_->set(ToBeast(name), ToBeast(value));
  answer_->keep_alive(keep_alive);
  answer_->content_length(response.body.size());
  if (!head) answer_->body() = response.body;
  stream_.expires_after(std::chrono::milliseconds(shared_->options.answer_timeout_ms));
  http::async_write(stream_, *answer_, [self = shared_from_this()](const Error& error, size_t) {
    if (error) return;
    if (self->answer_->keep_alive())
      self->ReadRequest();
    else
      self->End();
  });
}

void Connection::End() {
  Error ignored;
  stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

void Connection::StartTap(const ServeRequest& request) {
  if (shared_->taps.fetch_add(1) >= shared_->options.max_taps) {
    shared_->taps.fetch_sub(1);
    return Send(ErrorResponse(429, "too_many_taps", "others are tapping already; end one of them"),
                false, false);
  }
  absl::StatusOr<Api::Tap> tap = shared_->api.OpenTap(request);
  if (!tap.ok()) {
    shared_->taps.fetch_sub(1);
    return Send(ErrorResponse(503, "no_tap", "the tap cannot be opened"), false, false);
  }
  tap_.emplace(*std::move(tap));
  tap_head_.emplace(http::status::ok, 11);
  tap_head_->set(http::field::server, "culprit");
  tap_head_->set(http::field::content_type, "application/x-ndjson");
  tap_head_->set(http::field::cache_control, "no-store");
  tap_head_->set("X-Content-Type-Options", "nosniff");
  tap_head_->keep_alive(false);
  tap_head_->chunked(true);
  tap_serializer_.emplace(*tap_head_);
  stream_.expires_after(std::chrono::milliseconds(shared_->options.answer_timeout_ms));
  http::async_write_header(stream_, *tap_serializer_,
                           [self = shared_from_this()](const Error& error, size_t) {
                             // At once: who taps knows that it has begun.
                             if (!error) self->SendTapPiece(TapPingLine());
                           });
}

// Sends what waits, or looks again a little later. Nothing is read from the tap while a piece is
// on its way: what a slow reader does not take is lost there, and counted.
void Connection::NextTapPiece() {
  std::string piece;
  if (next_signal_ == signals_.size()) {
    signals_.clear();
    next_signal_ = 0;
    if (const uint64_t lost = tap_->read(&signals_); lost > 0) piece = TapLostLine(lost);
  }
  while (next_signal_ < signals_.size() && piece.size() < kTapPieceBytes) {
    const TapSignal& signal = signals_[next_signal_++];
    if (tap_->filter.Wants(signal)) piece += TapLine(signal);
  }
  if (piece.empty() && std::chrono::steady_clock::now() - said_ >= kPingPeriod)
    piece = TapPingLine();
  if (!piece.empty()) return SendTapPiece(std::move(piece));
  timer_.expires_after(kTapPeriod);
  timer_.async_wait([self = shared_from_this()](const Error& error) {
    if (!error) self->NextTapPiece();
  });
}

void Connection::SendTapPiece(std::string piece) {
  piece_ = std::move(piece);
  said_ = std::chrono::steady_clock::now();
  stream_.expires_after(std::chrono::milliseconds(shared_->options.answer_timeout_ms));
  asio::async_write(stream_, http::make_chunk(asio::buffer(piece_)),
                    [self = shared_from_this()](const Error& error, size_t) {
                      if (!error) self->NextTapPiece();
                    });
}

}  // namespace culprit
