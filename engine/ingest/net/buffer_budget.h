// A bound on memory that many connections share. Thread-safe.
#pragma once
#include <cstdint>
#include <list>
#include <mutex>

namespace culprit {

// Memory for messages that are not complete yet. Whoever holds some and waited longest is never
// refused, so that there is always one that can go on.
class BufferBudget {
 public:
  explicit BufferBudget(uint64_t max_bytes) : max_bytes_(max_bytes) {}
  using Ticket = std::list<uint64_t>::iterator;
  Ticket Enter();
  void Leave(Ticket ticket);
  // Sets what the ticket's owner holds; false: not now, nothing changed. Less is always given. 0
  // puts the owner at the end of the queue.
  bool Hold(Ticket ticket, uint64_t bytes);

 private:
  const uint64_t max_bytes_;
  std::mutex mutex_;  // of what follows
  std::list<uint64_t> held_;
  uint64_t total_ = 0;
};

}  // namespace culprit
