// What a live run tells of itself: a snapshot for metrics, `culprit top` and the state dump.
// Plain values.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/base/counters.h"
#include "engine/core/live.h"
#include "engine/deliver/destination.h"

namespace culprit {

struct SourceStats {
  std::string name;
  SourceHealth health;
  uint64_t bytes = 0;  // taken from it and committed
  uint64_t lines = 0;
  uint64_t signals = 0;
  uint64_t dead_letters = 0;
  TimeUs newest = kNoTime;  // event time
};

struct PipelineStats {
  TimeUs now = kNoTime;  // wall clock
  TimeUs started = kNoTime;

  // Since start, committed.
  uint64_t bytes = 0;
  uint64_t lines = 0;
  uint64_t signals = 0;
  uint64_t dead_letters = 0;
  Counters scan_reasons;
  std::map<std::string, uint64_t> signature_hits;  // by id, those that hit at all
  std::vector<SourceStats> sources;

  size_t streams = 0;       // that have not ended
  size_t idle_streams = 0;  // not waited for
  size_t queue_bytes = 0;   // taken, not committed
  size_t queue_limit = 0;
  uint64_t commits = 0;
  uint64_t failed_commits = 0;
  int64_t commit_us = 0;  // the last one

  bool ready = false;
  std::string not_ready;  // why

  // Of the reason half.
  uint64_t log_seq = 0;        // last committed
  uint64_t reasoned_seq = 0;   // last reasoned about
  TimeUs watermark = kNoTime;  // event time
  TimeUs newest = kNoTime;     // event time
  uint64_t bursts = 0;
  size_t open_incidents = 0;
  uint64_t checkpoints = 0;
  size_t checkpoint_bytes = 0;  // the last one
  int64_t checkpoint_us = 0;    // how long it took
  Counters reason_reasons;

  std::vector<DestinationStatus> destinations;  // in the order of the configuration
};

}  // namespace culprit
