#include "engine/ingest/syslog/datagrams.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/base/status.h"
#include "engine/ingest/net/tcp_server.h"

namespace culprit {
namespace {

constexpr size_t kDatagramBytes = 64 * 1024;  // no UDP datagram is longer
constexpr size_t kAtOnce = 64;
constexpr size_t kBatchBytes = 128 * 1024;
constexpr size_t kPerMessage = 64;  // beside its bytes
constexpr absl::Duration kRetry = absl::Milliseconds(5);

std::string HostOf(const sockaddr_storage& from) {
  char text[INET6_ADDRSTRLEN] = {};
  if (from.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(from).sin_addr, text, sizeof(text));
    return text;
  }
  inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(from).sin6_addr, text, sizeof(text));
  const std::string_view host(text);
  return std::string(host.starts_with("::ffff:") && host.find('.') != std::string_view::npos
                         ? host.substr(7)
                         : host);
}

}  // namespace

// What recvmmsg fills.
struct SyslogDatagrams::Buffers {
  Buffers() : bytes(kAtOnce * kDatagramBytes, '\0') { Reset(); }
  void Reset() {
    for (size_t i = 0; i < kAtOnce; ++i) {
      parts[i] = {bytes.data() + i * kDatagramBytes, kDatagramBytes};
      heads[i] = {};
      heads[i].msg_hdr = {.msg_name = &from[i],
                          .msg_namelen = sizeof(from[i]),
                          .msg_iov = &parts[i],
                          .msg_iovlen = 1,
                          .msg_control = control[i],
                          .msg_controllen = sizeof(control[i]),
                          .msg_flags = 0};
    }
  }
  std::string bytes;
  mmsghdr heads[kAtOnce];
  iovec parts[kAtOnce];
  sockaddr_storage from[kAtOnce];
  alignas(cmsghdr) char control[kAtOnce][64];
};

SyslogDatagrams::~SyslogDatagrams() {
  Stop();
  if (socket_ >= 0) close(socket_);
  if (wake_ >= 0) close(wake_);
}

absl::Status SyslogDatagrams::Listen() {
  const SyslogConfig& config = state_->config;
  CULPRIT_ASSIGN_OR_RETURN(const auto endpoint, ParseListen(config.udp));
  const auto failed = [&](const char* what) {
    return absl::InvalidArgumentError(absl::StrCat(config.name, ": cannot ", what, " UDP ",
                                                   config.udp, ": ", std::strerror(errno)));
  };
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  socket_ = socket(endpoint.data()->sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket_ < 0 || wake_ < 0) return failed("open");
  const int on = 1;
  const int buffer = static_cast<int>(config.receive_buffer_bytes);
  // Neither may fail the start: they are wishes.
  setsockopt(socket_, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
  setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
  if (bind(socket_, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) {
    return failed("bind");
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof(bound);
  getsockname(socket_, reinterpret_cast<sockaddr*>(&bound), &size);
  // The port stands at the same place in both families.
  port_ = ntohs(reinterpret_cast<const sockaddr_in&>(bound).sin_port);
  return absl::OkStatus();
}

void SyslogDatagrams::Run() {
  thread_ = std::thread([this] { Loop(); });
}

void SyslogDatagrams::Wake() const {
  const uint64_t one = 1;
  if (write(wake_, &one, sizeof(one)) < 0) return;  // it is set already
}

void SyslogDatagrams::Drain() {
  draining_ = true;
  Wake();
}

void SyslogDatagrams::Stop() {
  stopping_ = true;
  Wake();
  if (thread_.joinable()) thread_.join();
}

void SyslogDatagrams::Loop() {
  const auto buffers = std::make_unique<Buffers>();
  bool held_back = false;
  while (!stopping_) {
    const bool draining = draining_;  // before the last look
    absl::Duration wait = std::max(flush_at_ - absl::Now(), absl::ZeroDuration());
    if (held_back) wait = kRetry;
    if (draining) wait = held_back ? kRetry : absl::ZeroDuration();
    pollfd polled[2] = {{.fd = socket_, .events = POLLIN, .revents = 0},
                        {.fd = wake_, .events = POLLIN, .revents = 0}};
    const timespec time = absl::ToTimespec(std::min(wait, absl::Seconds(10)));
    ppoll(polled, 2, &time, nullptr);
    uint64_t ignored = 0;
    if (polled[1].revents != 0 && read(wake_, &ignored, sizeof(ignored)) < 0) continue;
    while (!Receive(buffers.get()) && !stopping_) {
      if (!full_.empty() && !Flush()) held_back = true;
    }
    if (draining || held_back || !full_.empty() || absl::Now() >= flush_at_) {
      const bool was = std::exchange(held_back, !Flush());
      if (was != held_back) state_->blocked.fetch_add(held_back ? 1 : -1);
    }
    if (draining && !held_back) break;
  }
  if (held_back) state_->blocked.fetch_sub(1);
  ended_ = true;
}

bool SyslogDatagrams::Receive(Buffers* buffers) {
  buffers->Reset();
  const int n = recvmmsg(socket_, buffers->heads, kAtOnce, MSG_DONTWAIT, nullptr);
  if (n <= 0) return true;
  for (int i = 0; i < n; ++i) {
    msghdr& head = buffers->heads[i].msg_hdr;
    for (cmsghdr* c = CMSG_FIRSTHDR(&head); c != nullptr; c = CMSG_NXTHDR(&head, c)) {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SO_RXQ_OVFL) continue;
      uint32_t total = 0;
      std::memcpy(&total, CMSG_DATA(c), sizeof(total));
      const auto more = total - static_cast<uint32_t>(drops_of_kernel_);  // it wraps
      drops_of_kernel_ += more;
      if (more > 0) CountDrops(more);
    }
    const auto* data = static_cast<const char*>(buffers->parts[i].iov_base);
    Take({data, buffers->heads[i].msg_len}, HostOf(buffers->from[i]));
  }
  return static_cast<size_t>(n) < kAtOnce;
}

void SyslogDatagrams::CountDrops(uint64_t n) {
  state_->Count(SyslogCount::kDroppedDatagrams, n);
  drops_.Count(Reason::kDatagramDropped, n);
}

void SyslogDatagrams::Take(std::string_view datagram, const std::string& host) {
  SyslogFrame frame;
  state_->Count(SyslogCount::kDatagrams);
  state_->bytes.fetch_add(datagram.size(), std::memory_order_relaxed);
  if (!FrameOfDatagram(datagram, state_->config.max_message_bytes, &frame)) return;
  const size_t cost = frame.text.size() + kPerMessage;
  if (pending_bytes_ + cost > state_->config.max_buffered_bytes) return CountDrops(1);
  const absl::Time now = absl::Now();
  state_->last_data.store(absl::ToUnixMicros(now), std::memory_order_relaxed);
  pending_bytes_ += cost;
  LiveBatch& batch = pending_[host];
  state_->Add(frame, state_->sink->Now(), &batch);
  if (flush_at_ == absl::InfiniteFuture()) flush_at_ = now + state_->config.batch_wait;
  if (batch.bytes.size() < kBatchBytes) return;
  full_.emplace_back(host, std::move(batch));
  pending_.erase(host);
}

bool SyslogDatagrams::Flush() {
  for (auto& [host, batch] : pending_) full_.emplace_back(host, std::move(batch));
  pending_.clear();
  size_t done = 0;
  for (; done < full_.size(); ++done) {
    auto& [host, batch] = full_[done];
    batch.done = [](const absl::Status&) {};  // nobody outside waits for it
    batch.counters.Add(std::exchange(drops_, Counters()));
    const size_t cost = batch.bytes.size() + batch.messages.size() * (kPerMessage - 1);
    absl::StatusOr<bool> taken = absl::NotFoundError("");
    while (absl::IsNotFound(taken.status())) {
      const auto stream = state_->streams.Find(state_->LookOf(host), absl::Now());
      taken = SenderStreams::TryPush(*stream, *state_->sink, &batch);
    }
    if (!taken.ok()) stopping_ = true;  // the program stops
    if (!taken.ok() || !*taken) break;
    pending_bytes_ -= cost;
  }
  full_.erase(full_.begin(), full_.begin() + static_cast<ptrdiff_t>(done));
  flush_at_ = full_.empty() ? absl::InfiniteFuture() : absl::Now() + kRetry;
  return full_.empty();
}

}  // namespace culprit
