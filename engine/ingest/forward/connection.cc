#include "engine/ingest/forward/connection.h"

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/base/views.h"
#include "engine/ingest/net/tls.h"

namespace culprit {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kFirstBufferBytes = 64 * 1024;
constexpr size_t kMaxReadBytes = 1 << 20;
// Acknowledgements that the sender does not read.
constexpr size_t kMaxUnwrittenBytes = 1 << 20;
constexpr uint64_t kProgressBytes = 64 * 1024;
constexpr auto kRetry = std::chrono::milliseconds(5);
constexpr auto kDrainSilence = std::chrono::milliseconds(20);
constexpr absl::Duration kDrain = absl::Seconds(1);
constexpr size_t kMaxHandshakeBytes = 8192;

}  // namespace

ForwardConnection::ForwardConnection(std::shared_ptr<ForwardServerState> state, Socket socket,
                                     asio::ssl::context* tls)
    : state_(std::move(state)),
      config_(state_->config),
      executor_(socket.get_executor()),
      watch_(executor_),
      retry_(executor_),
      drain_(executor_),
      ticket_(state_->budget.Enter()),
      scanner_(kMaxHandshakeBytes),
      opened_(absl::Now()),
      last_read_(opened_) {
  error_code ignored;
  const auto remote = socket.remote_endpoint(ignored);
  host_ = remote.address().to_string(ignored);
  peer_ = absl::StrCat(host_, ":", remote.port());
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  if (tls != nullptr) {
    tls_.emplace(std::move(socket), *tls);
  } else {
    plain_.emplace(std::move(socket));
  }
  state_->open.fetch_add(1);
}

ForwardConnection::~ForwardConnection() {
  state_->budget.Leave(ticket_);
  state_->open.fetch_sub(1);
}

void ForwardConnection::Start() {
  asio::dispatch(executor_, [self = shared_from_this()] {
    self->Watch();
    if (!self->tls_) return self->OnSecure();
    self->tls_->async_handshake(asio::ssl::stream_base::server, [self](const error_code& error) {
      if (self->phase_ == Phase::kClosed || error == asio::error::operation_aborted) return;
      if (!error) return self->OnSecure();
      TlsErrorText();  // what OpenSSL queued on this thread belongs to this connection
      self->Fail(ForwardCount::kFailedTls, absl::StrCat("TLS: ", error.message()));
    });
  });
}

void ForwardConnection::OnSecure() {
  if (config_.shared_key.empty()) {
    scanner_ = MsgpackScanner(config_.max_message_bytes);
    phase_ = Phase::kFirstByte;
  } else {
    phase_ = Phase::kPing;
    handshake_ = std::make_unique<Handshake>(config_, state_->server_name);
    Send(handshake_->Helo());
  }
  Pump();
}

void ForwardConnection::Read() {
  if (reading_ || ended_ || phase_ == Phase::kClosed) return;
  if (!MakeRoom()) return RetrySoon();
  reading_ = true;
  if (draining_) StopReadingSoon();
  const auto buffer = asio::buffer(buffer_.get() + end_, std::min(capacity_ - end_, kMaxReadBytes));
  auto handler = [self = shared_from_this()](const error_code& e, size_t n) { self->OnRead(e, n); };
  if (tls_) {
    tls_->async_read_some(buffer, std::move(handler));
  } else {
    plain_->async_read_some(buffer, std::move(handler));
  }
}

void ForwardConnection::OnRead(const error_code& error, size_t n) {
  reading_ = false;
  if (phase_ == Phase::kClosed) return;
  if (n > 0) {
    end_ += n;
    total_read_ += n;
    last_read_ = absl::Now();
    state_->bytes.fetch_add(n, std::memory_order_relaxed);
    state_->last_data.store(absl::ToUnixMicros(last_read_), std::memory_order_relaxed);
  }
  if (error) ended_ = true;
  if (draining_ && last_read_ > drain_until_) ended_ = true;
  Pump();
}

// Room for more of the message at hand, growing with what came, not with what its head promises.
bool ForwardConnection::MakeRoom() {
  const size_t held = end_ - begin_;
  const size_t known = phase_ == Phase::kMsgpack ? scanner_.end() : 0;
  size_t need = kFirstBufferBytes;
  if (held > kFirstBufferBytes / 2) need = std::max(held + held / 2, std::min(known, 2 * held));
  need = std::max(need, kFirstBufferBytes);
  const bool large = need > kFirstBufferBytes;
  if (!state_->budget.Hold(ticket_, large ? std::max(need, capacity_) : 0)) return false;
  if (need > capacity_ || (!large && capacity_ > kFirstBufferBytes)) {
    auto other = std::make_unique_for_overwrite<char[]>(need);
    if (held > 0) std::memcpy(other.get(), buffer_.get() + begin_, held);
    buffer_ = std::move(other);
    capacity_ = need;
  } else if (held == 0 || capacity_ - end_ < capacity_ / 4) {
    std::memmove(buffer_.get(), buffer_.get() + begin_, held);
  } else {
    return true;
  }
  begin_ = 0;
  end_ = held;
  return true;
}

void ForwardConnection::Send(std::string_view bytes) {
  if (phase_ == Phase::kClosed) return;
  to_write_ += bytes;
  if (to_write_.size() > kMaxUnwrittenBytes) return Shut();
  if (writing_.empty()) WriteMore();
}

void ForwardConnection::WriteMore() {
  writing_ = std::exchange(to_write_, {});
  auto handler = [self = shared_from_this()](const error_code& error, size_t) {
    self->writing_.clear();
    if (self->phase_ == Phase::kClosed) return;
    if (error) {
      // Nobody listens; what came complete is still taken.
      self->to_write_.clear();
      self->ended_ = true;
    }
    if (!self->to_write_.empty()) return self->WriteMore();
    if (self->closing_) return self->Shut();
    self->FinishIfDone();
  };
  if (tls_) {
    asio::async_write(*tls_, asio::buffer(writing_), std::move(handler));
  } else {
    asio::async_write(*plain_, asio::buffer(writing_), std::move(handler));
  }
}

void ForwardConnection::RetrySoon() {
  if (retrying_) return;
  retrying_ = true;
  retry_.expires_after(kRetry);
  retry_.async_wait([self = shared_from_this()](const error_code& error) {
    self->retrying_ = false;
    if (!error) self->Pump();
  });
}

void ForwardConnection::Watch() {
  const absl::Duration shortest = std::min(config_.handshake_timeout, config_.message_timeout);
  const absl::Duration tick = std::clamp(shortest / 4, absl::Milliseconds(10), absl::Seconds(1));
  watch_.expires_after(absl::ToChronoMilliseconds(tick));
  watch_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->phase_ == Phase::kClosed) return;
    self->CheckTime();
    if (self->phase_ != Phase::kClosed) self->Watch();
  });
}

void ForwardConnection::CheckTime() {
  const absl::Time now = absl::Now();
  if (phase_ == Phase::kTls || phase_ == Phase::kPing) {
    if (now - opened_ > config_.handshake_timeout) {
      Fail(ForwardCount::kTimeouts, "handshake not done in time");
    }
    return;
  }
  if (ended_) {
    // Acknowledgements that cannot be written any more.
    if (batches_ == 0 && awaiting_ == 0 && !current_ && outgoing_.empty() &&
        now - last_read_ > config_.handshake_timeout) {
      Shut();
    }
    return;
  }
  if (reading_ && begin_ < end_) {
    if (progress_since_ == absl::InfiniteFuture()) {
      progress_since_ = now;
      progress_bytes_ = total_read_;
    } else if (now - progress_since_ > config_.message_timeout) {
      if (total_read_ - progress_bytes_ < kProgressBytes) {
        return Fail(ForwardCount::kTimeouts, "a message was begun and not ended in time");
      }
      progress_since_ = now;
      progress_bytes_ = total_read_;
    }
  } else {
    progress_since_ = absl::InfiniteFuture();
  }
  if (config_.idle_timeout > absl::ZeroDuration() && begin_ == end_ && batches_ == 0 &&
      awaiting_ == 0 && now - last_read_ > config_.idle_timeout) {
    Fail(ForwardCount::kTimeouts, "nothing came for longer than idle_timeout");
  }
}

void ForwardConnection::Fail(ForwardCount count, std::string_view why) {
  if (phase_ == Phase::kClosed) return;
  state_->Count(count);
  state_->Warn(count, peer_, why);
  ended_ = true;
  begin_ = end_;
  if (phase_ == Phase::kTls) return Shut();
  error_code ignored;
  if (reading_) socket().cancel(ignored);
  FinishIfDone();
}

void ForwardConnection::FinishIfDone() {
  if (!ended_ || phase_ == Phase::kClosed || current_ || !open_.empty() || !outgoing_.empty() ||
      letter_ || batches_ > 0 || awaiting_ > 0 || !writing_.empty() || !to_write_.empty()) {
    return;
  }
  if (begin_ < end_ && !draining_) state_->Count(ForwardCount::kCutMessages);
  Shut();
}

void ForwardConnection::Shut() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  if (blocked_) state_->blocked.fetch_sub(1);
  blocked_ = false;
  watch_.cancel();
  retry_.cancel();
  drain_.cancel();
  error_code ignored;
  socket().shutdown(Socket::shutdown_both, ignored);
  socket().close(ignored);
  open_.insert(open_.end(), std::make_move_iterator(outgoing_.begin()),
               std::make_move_iterator(outgoing_.end()));
  outgoing_.clear();
  for (const Outgoing& lost : std::exchange(open_, {})) {
    for (const auto& chunk : lost.chunks) state_->in_flight.PartDone(chunk, /*committed=*/false);
  }
  if (current_ && current_->chunk) state_->in_flight.End(current_->chunk, /*complete=*/false);
  current_.reset();
}

// What a sender without acknowledgements wrote before the drain is still taken; what it writes
// after a moment of silence, or later than kDrain, is not.
void ForwardConnection::StopReadingSoon() {
  drain_.expires_after(kDrainSilence);
  drain_.async_wait([self = shared_from_this()](const error_code& error) {
    error_code ignored;
    if (!error && self->phase_ != Phase::kClosed) self->socket().cancel(ignored);
  });
}

void ForwardConnection::Drain() {
  asio::post(executor_, [self = shared_from_this()] {
    if (self->phase_ == Phase::kTls || self->phase_ == Phase::kPing) return self->Shut();
    self->draining_ = true;
    self->drain_until_ = absl::Now() + kDrain;
    if (self->reading_) self->StopReadingSoon();
  });
}

void ForwardConnection::Close() {
  asio::post(executor_, [self = shared_from_this()] {
    self->closing_ = true;
    if (self->writing_.empty()) self->Shut();
  });
}

}  // namespace culprit
