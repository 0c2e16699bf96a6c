#include "engine/ingest/forward/server_state.h"

#include <spdlog/spdlog.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace culprit {

BufferBudget::Ticket BufferBudget::Enter() {
  const std::lock_guard lock(mutex_);
  return held_.insert(held_.end(), 0);
}

void BufferBudget::Leave(Ticket ticket) {
  const std::lock_guard lock(mutex_);
  total_ -= *ticket;
  held_.erase(ticket);
}

bool BufferBudget::Hold(Ticket ticket, uint64_t bytes) {
  const std::lock_guard lock(mutex_);
  if (bytes > *ticket && total_ - *ticket + bytes > max_bytes_) {
    // The first of the queue that holds anything.
    auto first = held_.begin();
    while (first != held_.end() && *first == 0) ++first;
    if (first != held_.end() && first != ticket) return false;
  }
  total_ += bytes - *ticket;
  *ticket = bytes;
  if (bytes == 0) held_.splice(held_.end(), held_, ticket);
  return true;
}

void ForwardServerState::Warn(ForwardCount kind, std::string_view peer, std::string_view what) {
  std::string more;
  {
    const std::lock_guard lock(mutex_);
    Silence& silence = silence_[static_cast<size_t>(kind)];
    const absl::Time now = absl::Now();
    if (now < silence.until) {
      ++silence.left_out;
      return;
    }
    if (silence.left_out > 0)
      more = absl::StrCat(" (and ", silence.left_out, " more of this kind)");
    silence = {.until = now + absl::Seconds(1), .left_out = 0};
  }
  spdlog::warn("{}: {} from {}: {}{}", config.name, ForwardCountName(kind), peer, what, more);
}

}  // namespace culprit
