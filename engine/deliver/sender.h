// All destinations, each with a thread of its own: a dead one delays no other. Thread-safe.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/deliver/destination.h"

namespace culprit {

class Sender {
 public:
  // `clock`: the wall clock. `source` outlives this.
  Sender(OutboxSource* source, const SendOptions& options, std::function<TimeUs()> clock);
  ~Sender();  // Stop at once

  // Before Start; names are unique.
  void Add(std::string name, std::unique_ptr<Sink> sink);
  void Start();
  void Wake();  // there may be something new in the outbox
  // Sends what can be sent at once until `drain` is over, and ends the threads; an attempt that is
  // under way is waited for. What waits stays in the outbox. Idempotent.
  void Stop(DurationUs drain);

  std::vector<DestinationStatus> status() const;  // in the order of Add

 private:
  struct Lane;
  void Run(Lane* lane);

  OutboxSource* const source_;
  const SendOptions options_;
  const std::function<TimeUs()> clock_;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace culprit
