#include "engine/deliver/sender.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace culprit {
namespace {

using Steady = std::chrono::steady_clock;

// Spreads the waits of several destinations; the same at every start.
uint32_t SeedOf(const std::string& name) {
  uint32_t h = 0x811c9dc5u;  // FNV-1a
  for (const char c : name) h = (h ^ static_cast<unsigned char>(c)) * 0x01000193u;
  return h;
}

}  // namespace

struct Sender::Lane {
  Lane(std::string name, std::unique_ptr<Sink> sink, OutboxSource* source,
       const SendOptions& options)
      : destination(name, std::move(sink), source, options, SeedOf(name)) {}
  Destination destination;
  std::mutex mutex;
  std::condition_variable wake;
  bool woken = false;                                       // guarded by mutex
  bool stop = false;                                        // guarded by mutex
  Steady::time_point deadline = Steady::time_point::max();  // guarded by mutex
  std::thread thread;
};

Sender::Sender(OutboxSource* source, const SendOptions& options, std::function<TimeUs()> clock)
    : source_(source), options_(options), clock_(std::move(clock)) {}

Sender::~Sender() { Stop(0); }

void Sender::Add(std::string name, std::unique_ptr<Sink> sink) {
  lanes_.push_back(std::make_unique<Lane>(std::move(name), std::move(sink), source_, options_));
  lanes_.back()->destination.set_clock(clock_);
}

void Sender::Start() {
  for (const auto& lane : lanes_) lane->thread = std::thread([this, l = lane.get()] { Run(l); });
}

void Sender::Wake() {
  for (const auto& lane : lanes_) {
    {
      const std::lock_guard<std::mutex> lock(lane->mutex);
      lane->woken = true;
    }
    lane->wake.notify_one();
  }
}

void Sender::Run(Lane* lane) {
  for (;;) {
    {
      const std::lock_guard<std::mutex> lock(lane->mutex);
      if (lane->stop && Steady::now() >= lane->deadline) return;
      lane->woken = false;
    }
    const TimeUs next = lane->destination.Step(clock_());
    const TimeUs now = clock_();
    if (next <= now) continue;
    std::unique_lock<std::mutex> lock(lane->mutex);
    if (lane->woken) continue;
    if (lane->stop) return;  // all that can be sent now was sent
    // Not longer than a poll: the wall clock may be set meanwhile.
    lane->wake.wait_for(lock, std::chrono::microseconds(std::min(next - now, options_.poll)),
                        [&] { return lane->woken || lane->stop; });
  }
}

void Sender::Stop(DurationUs drain) {
  const Steady::time_point deadline = Steady::now() + std::chrono::microseconds(drain);
  for (const auto& lane : lanes_) {
    {
      const std::lock_guard<std::mutex> lock(lane->mutex);
      lane->stop = true;
      lane->deadline = std::min(lane->deadline, deadline);
    }
    lane->wake.notify_one();
  }
  for (const auto& lane : lanes_)
    if (lane->thread.joinable()) lane->thread.join();
}

std::vector<DestinationStatus> Sender::status() const {
  std::vector<DestinationStatus> out;
  for (const auto& lane : lanes_) out.push_back(lane->destination.status());
  return out;
}

}  // namespace culprit
