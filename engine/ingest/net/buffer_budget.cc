#include "engine/ingest/net/buffer_budget.h"

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

}  // namespace culprit
