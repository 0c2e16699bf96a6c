#include "engine/ingest/http/connection.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/base/views.h"

namespace culprit {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr size_t kBufferBytes = 64 * 1024;
constexpr auto kLinger = std::chrono::seconds(1);

std::string_view View(beast::string_view text) { return {text.data(), text.size()}; }

}  // namespace

HttpConnection::HttpConnection(std::shared_ptr<HttpServerState> state, Socket socket,
                               asio::ssl::context* tls)
    : state_(std::move(state)),
      executor_(socket.get_executor()),
      retry_(executor_),
      ticket_(state_->budget.Enter()),
      buffer_(kBufferBytes + state_->config.max_header_bytes) {
  Error ignored;
  const auto remote = socket.remote_endpoint(ignored);
  host_ = HostText(remote.address());
  peer_ = absl::StrCat(host_, ":", remote.port());
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  if (tls != nullptr) {
    tls_.emplace(beast::tcp_stream(std::move(socket)), *tls);
  } else {
    plain_.emplace(std::move(socket));
  }
  state_->open.fetch_add(1);
}

HttpConnection::~HttpConnection() {
  state_->budget.Leave(ticket_);
  if (!closed_) state_->open.fetch_sub(1);
}

void HttpConnection::Start() {
  asio::dispatch(executor_, [self = shared_from_this()] {
    if (!self->tls_) return self->ReadHead();
    self->tcp().expires_after(absl::ToChronoNanoseconds(self->state_->config.handshake_timeout));
    self->tls_->async_handshake(asio::ssl::stream_base::server, [self](const Error& error) {
      if (self->closed_) return;
      if (!error) return self->ReadHead();
      TlsErrorText();  // what OpenSSL queued on this thread belongs to this connection
      const HttpCount kind =
          error == beast::error::timeout ? HttpCount::kTimeouts : HttpCount::kFailedTls;
      self->state_->Count(kind);
      self->state_->Warn(kind, self->peer_, absl::StrCat("TLS: ", error.message()));
      self->Shut();
    });
  });
}

void HttpConnection::ReadHead() {
  if (draining_ || closing_) return Shut();
  const HttpConfig& config = state_->config;
  parser_.emplace();
  parser_->header_limit(static_cast<uint32_t>(config.max_header_bytes));
  parser_->body_limit(config.max_body_bytes);
  // Until the first byte of a request the connection is only kept; then its head must come.
  idle_ = buffer_.size() == 0;
  if (!idle_) {
    tcp().expires_after(absl::ToChronoNanoseconds(config.header_timeout));
    return WithStream([this](auto& stream) {
      http::async_read_header(
          stream, buffer_, *parser_,
          [self = shared_from_this()](const Error& error, size_t) { self->OnHead(error); });
    });
  }
  tcp().expires_after(absl::ToChronoNanoseconds(config.idle_timeout));
  WithStream([this](auto& stream) {
    stream.async_read_some(buffer_.prepare(kBufferBytes / 2),
                           [self = shared_from_this()](const Error& error, size_t n) {
                             self->idle_ = false;
                             if (self->closed_ || error) return self->Shut();
                             self->buffer_.commit(n);
                             self->ReadHead();
                           });
  });
}

// True: the connection is over.
bool HttpConnection::Failed(const Error& error) {
  if (closed_) return true;
  if (!error) return false;
  if (error == beast::error::timeout) {
    state_->Count(HttpCount::kTimeouts);
    state_->Warn(HttpCount::kTimeouts, peer_, "a request did not come in time");
  }
  const bool spoke = error.category() == http::make_error_code(http::error::bad_value).category();
  if (spoke && error != http::error::end_of_stream && error != http::error::partial_message) {
    if (error == http::error::body_limit) {
      Answer({.status = 413, .body = "the body is larger than max_body_bytes"}, /*close=*/true);
    } else if (error == http::error::header_limit) {
      Answer({.status = 431, .body = "the head is larger than max_header_bytes"}, true);
    } else {
      Answer({.status = 400, .body = error.message()}, /*close=*/true);
    }
  } else {
    Shut();
  }
  return true;
}

HttpHead HttpConnection::Head() const {
  const auto& request = parser_->get();
  const auto header = [&](auto name) { return View(request[name]); };
  HttpHead head{.method = View(request.method_string()),
                .target = View(request.target()),
                .authorization = header(http::field::authorization),
                .content_type = header(http::field::content_type),
                .encoding = header(http::field::content_encoding),
                .service = header("X-Culprit-Service"),
                .key = header("Idempotency-Key"),
                .firehose_id = header("X-Amz-Firehose-Request-Id"),
                .firehose_key = header("X-Amz-Firehose-Access-Key"),
                .firehose_arn = header("X-Amz-Firehose-Source-Arn")};
  return head;
}

void HttpConnection::OnHead(const Error& error) {
  if (Failed(error)) return;
  state_->Count(HttpCount::kRequests);
  const HttpHead head = Head();
  const auto length = parser_->content_length();
  const bool body = !parser_->is_done();
  if (!Authorized(state_->config, head)) {
    state_->Warn(HttpCount::kUnauthorized, peer_, "a wrong token or password, or none");
    return Answer({.status = 401, .body = "a token or password is required"}, body);
  }
  if (head.method != "POST" && head.method != "PUT") {
    return Answer({.status = 405, .body = "send records by POST"}, body);
  }
  if (length && *length > state_->config.max_body_bytes) {
    return Answer({.status = 413, .body = "the body is larger than max_body_bytes"}, true);
  }
  if (!state_->sink->Accepting() || (length && !state_->budget.Hold(ticket_, *length))) {
    return Busy(body);
  }
  tcp().expires_after(absl::ToChronoNanoseconds(state_->config.body_timeout));
  const std::string_view expect = View(parser_->get()[http::field::expect]);
  if (!body || !absl::EqualsIgnoreCase(ToAbsl(expect), "100-continue")) return ReadBody();
  continue_ = {http::status::continue_, parser_->get().version()};
  WithStream([this](auto& stream) {
    http::async_write(stream, continue_, [self = shared_from_this()](const Error& failed, size_t) {
      if (self->closed_ || failed) return self->Shut();
      self->ReadBody();
    });
  });
}

void HttpConnection::ReadBody() {
  if (parser_->is_done()) return OnBody({});
  WithStream([this](auto& stream) {
    http::async_read_some(stream, buffer_, *parser_,
                          [self = shared_from_this()](const Error& error, size_t n) {
                            self->state_->bytes.fetch_add(n, std::memory_order_relaxed);
                            self->OnBody(error);
                          });
  });
}

void HttpConnection::OnBody(const Error& error) {
  if (Failed(error)) return;
  if (!parser_->is_done()) {
    const bool counted = parser_->content_length().has_value();
    if (!counted && !state_->budget.Hold(ticket_, parser_->get().body().size())) {
      return Busy(/*close=*/true);
    }
    return ReadBody();
  }
  tcp().expires_never();
  state_->last_data.store(absl::ToUnixMicros(absl::Now()), std::memory_order_relaxed);
  TakeUpload();
}

void HttpConnection::Busy(bool close) {
  Answer({.status = 503, .body = "too much is under way; send it again"}, close);
}

// `close`: because the body was not read.
void HttpConnection::Answer(const HttpAnswer& answer, bool close) {
  if (closed_ || writing_) return;
  state_->budget.Hold(ticket_, 0);
  switch (answer.status) {
    case 200:
      break;
    case 401:
      state_->Count(HttpCount::kUnauthorized);
      break;
    case 413:
      state_->Count(HttpCount::kTooLarge);
      break;
    case 503:
      state_->Count(HttpCount::kBusy);
      break;
    default:
      state_->Count(HttpCount::kBadRequests);
      state_->Warn(HttpCount::kBadRequests, peer_,
                   absl::StrCat(answer.status, ": ", answer.body.substr(0, 200)));
  }
  const auto& request = parser_->get();
  response_.emplace(static_cast<http::status>(answer.status), request.version());
  Response& response = *response_;
  HttpAnswer worded = InItsWords(Head(), answer, upload_.rejected, state_->sink->Now());
  response.set(http::field::content_type, worded.content_type);
  if (answer.status == 401) {
    response.set(http::field::www_authenticate,
                 state_->config.token.empty() ? "Basic realm=\"culprit\"" : "Bearer");
  }
  if (answer.status == 405) response.set(http::field::allow, "POST, PUT");
  if (answer.status == 503) response.set(http::field::retry_after, "1");
  response.body() = std::move(worded.body);
  response.keep_alive(request.keep_alive() && !close && !draining_ && !closing_);
  response.prepare_payload();
  writing_ = true;
  tcp().expires_after(absl::ToChronoNanoseconds(state_->config.body_timeout));
  WithStream([this, close](auto& stream) {
    http::async_write(stream, *response_,
                      [self = shared_from_this(), close](const Error& error, size_t) {
                        self->writing_ = false;
                        if (self->closed_) return;
                        if (error) return self->Shut();
                        if (close) return self->Linger();
                        if (!self->response_->keep_alive()) return self->Shut();
                        self->ReadHead();
                      });
  });
}

// The sender is still writing a body that nobody reads: if the connection ended now, it would see
// that before the answer.
void HttpConnection::Linger() {
  Error ignored;
  if (draining_ || closing_) return Shut();
  if (!tls_) tcp().socket().shutdown(Socket::shutdown_send, ignored);
  tcp().expires_after(kLinger);
  retry_.expires_after(kLinger);
  retry_.async_wait([self = shared_from_this()](const Error&) { self->Shut(); });
  struct Discard {
    std::shared_ptr<HttpConnection> self;
    void operator()(const Error& error, size_t) const {
      if (self->closed_) return;
      if (error) return self->Shut();
      self->buffer_.consume(self->buffer_.size());
      self->tcp().async_read_some(self->buffer_.prepare(kBufferBytes / 2), *this);
    }
  };
  Discard{shared_from_this()}({}, 0);
}

void HttpConnection::Shut() {
  if (closed_) return;
  closed_ = true;
  state_->open.fetch_sub(1);  // what waits for its commit may keep this object for longer
  if (blocked_) state_->blocked.fetch_sub(1);
  blocked_ = false;
  retry_.cancel();
  Error ignored;
  tcp().socket().shutdown(Socket::shutdown_both, ignored);
  tcp().close();
  if (chunk_) Settle(/*complete=*/false);
}

// A request that is under way is still taken and answered.
void HttpConnection::Drain() {
  asio::post(executor_, [self = shared_from_this()] {
    self->draining_ = true;
    if (self->idle_) self->Shut();
  });
}

void HttpConnection::Close() {
  asio::post(executor_, [self = shared_from_this()] {
    self->closing_ = true;
    if (!self->writing_) self->Shut();
  });
}

}  // namespace culprit
