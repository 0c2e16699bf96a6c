// What a live run decides by the clock: who is not waited for any longer, when time may begin and
// when it goes on in silence, when a silent stream's last record is complete, when a source counts
// as dead. Each decision becomes a control entry. Used by the committing thread alone.
#pragma once
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/pipeline/live_control.h"
#include "engine/pipeline/live_options.h"
#include "engine/pipeline/live_stream_slot.h"

namespace culprit {

class LiveClockwork {
 public:
  struct Actions {
    std::function<void(std::shared_ptr<StreamSlot>)> flush;
    // A line of the pipeline's own, about the health of a source.
    std::function<void(std::string)> say;
  };

  LiveClockwork(const LivePipelineOptions& options, std::vector<LiveSource*> sources,
                Actions actions);

  // `slots`: all that have not ended.
  void Tick(const std::vector<std::shared_ptr<StreamSlot>>& slots, bool wants_ticks,
            std::vector<ControlEntry>* controls);
  size_t idle_streams() const { return idle_; }

 private:
  struct Seen {
    SourceState state = SourceState::kStarting;
    int64_t since = 0;  // SteadyNow
    int64_t said = 0;
  };

  void LookAtSources(int64_t now);
  void Settle(const std::vector<std::shared_ptr<StreamSlot>>& slots, int64_t now,
              std::vector<ControlEntry>* controls);
  bool Behind(const std::string& source) const;
  DurationUs IdleAfter(const std::string& source) const;

  const LivePipelineOptions& options_;
  const std::vector<LiveSource*> sources_;
  const Actions actions_;
  const int64_t started_;
  std::map<std::string, Seen> seen_;
  bool settled_ = false;
  size_t streams_ = 0;         // known at the last look
  int64_t streams_since_ = 0;  // since when it has been so many
  int64_t ticked_ = 0;
  std::atomic<size_t> idle_{0};
};

}  // namespace culprit
