#include "engine/ingest/syslog/connection.h"

#include <algorithm>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace culprit {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr size_t kReadBytes = 64 * 1024;
constexpr size_t kBatchBytes = 128 * 1024;
constexpr auto kRetry = std::chrono::milliseconds(5);
constexpr auto kDrainSilence = std::chrono::milliseconds(20);
constexpr absl::Duration kDrain = absl::Seconds(1);

}  // namespace

SyslogConnection::SyslogConnection(std::shared_ptr<SyslogServerState> state, Socket socket,
                                   asio::ssl::context* tls)
    : state_(std::move(state)),
      executor_(socket.get_executor()),
      watch_(executor_),
      retry_(executor_),
      drain_(executor_),
      framing_(state_->config.max_message_bytes),
      last_read_(absl::Now()) {
  error_code ignored;
  const auto remote = socket.remote_endpoint(ignored);
  host_ = HostText(remote.address());
  peer_ = absl::StrCat(host_, ":", remote.port());
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  if (tls != nullptr) {
    tls_.emplace(std::move(socket), *tls);
  } else {
    plain_.emplace(std::move(socket));
  }
  state_->open.fetch_add(1);
}

SyslogConnection::~SyslogConnection() { state_->open.fetch_sub(1); }

void SyslogConnection::Start() {
  asio::dispatch(executor_, [self = shared_from_this()] {
    if (!self->tls_) {
      self->secure_ = true;
      self->Watch(self->state_->config.idle_timeout);
      return self->Read();
    }
    self->Watch(self->state_->config.handshake_timeout);
    self->tls_->async_handshake(asio::ssl::stream_base::server, [self](const error_code& error) {
      if (self->closed_ || error == asio::error::operation_aborted) return;
      if (error) {
        TlsErrorText();  // what OpenSSL queued on this thread belongs to this connection
        return self->Fail(SyslogCount::kFailedTls, absl::StrCat("TLS: ", error.message()));
      }
      self->secure_ = true;
      self->last_read_ = absl::Now();
      self->Watch(self->state_->config.idle_timeout);
      self->Read();
    });
  });
}

void SyslogConnection::Watch(absl::Duration after) {
  watch_.cancel();
  if (after <= absl::ZeroDuration()) return;
  watch_.expires_after(absl::ToChronoMilliseconds(after));
  watch_.async_wait([self = shared_from_this()](const error_code& error) {
    if (error || self->closed_) return;
    if (!self->secure_) return self->Fail(SyslogCount::kTimeouts, "no TLS handshake in time");
    const absl::Duration left = self->last_read_ + self->state_->config.idle_timeout - absl::Now();
    // What is held back by the sink is not idle.
    if (left > absl::ZeroDuration() || !self->reading_) {
      return self->Watch(std::max(left, absl::Milliseconds(100)));
    }
    self->state_->Count(SyslogCount::kTimeouts);
    error_code ignored;
    self->socket().cancel(ignored);
  });
}

void SyslogConnection::Read() {
  if (reading_ || ended_ || closed_) return;
  reading_ = true;
  buffer_.erase(0, begin_);
  begin_ = 0;
  const size_t held = buffer_.size();
  buffer_.resize(held + kReadBytes);
  if (draining_) StopReadingSoon();
  auto handler = [self = shared_from_this(), held](const error_code& error, size_t n) {
    self->buffer_.resize(held + n);
    self->OnRead(error, n);
  };
  const auto buffer = asio::buffer(buffer_.data() + held, kReadBytes);
  if (tls_) {
    tls_->async_read_some(buffer, std::move(handler));
  } else {
    plain_->async_read_some(buffer, std::move(handler));
  }
}

void SyslogConnection::OnRead(const error_code& error, size_t n) {
  reading_ = false;
  if (closed_) return;
  if (n > 0) {
    last_read_ = absl::Now();
    state_->bytes.fetch_add(n, std::memory_order_relaxed);
    state_->last_data.store(absl::ToUnixMicros(last_read_), std::memory_order_relaxed);
  }
  if (error || (draining_ && absl::Now() > drain_until_)) ended_ = true;
  Pump();
}

void SyslogConnection::Pump() {
  while (!closed_ && (!batch_.bytes.empty() || FillBatch())) {
    if (!PushBatch()) return;
  }
  if (closed_) return;
  if (ended_) return Shut();
  Read();
}

bool SyslogConnection::FillBatch() {
  const TimeUs now = state_->sink->Now();
  SyslogFrame frame;
  const std::string_view all(buffer_);
  while (batch_.bytes.size() < kBatchBytes) {
    size_t taken = 0;
    const bool any = framing_.Next(all.substr(begin_), &taken, &frame);
    begin_ += taken;
    if (!any) break;
    state_->Add(frame, now, &batch_);
  }
  if (ended_ && batch_.bytes.size() < kBatchBytes && begin_ < all.size()) {
    if (framing_.Finish(all.substr(begin_), &frame)) {
      state_->Count(SyslogCount::kCutMessages);
      state_->Add(frame, now, &batch_);
    }
    begin_ = all.size();
  }
  return !batch_.bytes.empty();
}

// False: the sink is full, or the connection is closed.
bool SyslogConnection::PushBatch() {
  if (!batch_.done) batch_.done = [](const absl::Status&) {};  // nobody outside waits for it
  absl::StatusOr<bool> taken = absl::NotFoundError("");
  while (absl::IsNotFound(taken.status())) {
    if (stream_ == nullptr) stream_ = state_->streams.Find(state_->LookOf(host_), absl::Now());
    taken = SenderStreams::TryPush(*stream_, *state_->sink, &batch_);
    if (absl::IsNotFound(taken.status())) stream_ = nullptr;  // it was idle and has ended
  }
  if (!taken.ok()) return Shut(), false;  // the program stops
  if (*taken) batch_ = LiveBatch();
  // Found anew for every batch: that is what keeps it from being idle.
  stream_ = nullptr;
  if (*taken == blocked_) state_->blocked.fetch_add(*taken ? -1 : 1);
  blocked_ = !*taken;
  if (blocked_ && !retrying_) {
    retrying_ = true;
    retry_.expires_after(kRetry);
    retry_.async_wait([self = shared_from_this()](const error_code& error) {
      self->retrying_ = false;
      if (!error) self->Pump();
    });
  }
  return *taken;
}

void SyslogConnection::Fail(SyslogCount count, std::string_view why) {
  if (closed_) return;
  state_->Count(count);
  state_->Warn(count, peer_, why);
  Shut();
}

void SyslogConnection::Shut() {
  if (closed_) return;
  closed_ = true;
  if (blocked_) state_->blocked.fetch_sub(1);
  blocked_ = false;
  watch_.cancel();
  retry_.cancel();
  drain_.cancel();
  error_code ignored;
  socket().shutdown(Socket::shutdown_both, ignored);
  socket().close(ignored);
}

// What was written before the drain is still taken; what comes after a moment of silence, or later
// than kDrain, is not.
void SyslogConnection::StopReadingSoon() {
  drain_.expires_after(kDrainSilence);
  drain_.async_wait([self = shared_from_this()](const error_code& error) {
    error_code ignored;
    if (!error && !self->closed_) self->socket().cancel(ignored);
  });
}

void SyslogConnection::Drain() {
  asio::post(executor_, [self = shared_from_this()] {
    if (!self->secure_) return self->Shut();
    self->draining_ = true;
    self->drain_until_ = absl::Now() + kDrain;
    if (self->reading_) self->StopReadingSoon();
  });
}

void SyslogConnection::Close() {
  asio::post(executor_, [self = shared_from_this()] { self->Shut(); });
}

}  // namespace culprit
