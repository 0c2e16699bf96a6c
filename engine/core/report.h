// The result of a replay, complete: what every output format renders. Value type.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/counters.h"
#include "engine/core/incident.h"

namespace culprit {

struct ReportStream {
  std::string name;     // StreamInfo::DisplayName()
  std::string format;   // detected input format
  std::string service;  // of most of its records
  uint64_t bytes = 0;
  uint64_t signals = 0;
  std::string error;  // empty, or why it was not read to its end
};

struct ReportStats {
  uint64_t streams = 0;
  uint64_t bytes = 0;
  uint64_t lines = 0;
  uint64_t signals = 0;
  uint64_t bursts = 0;
  TimeUs first_time = kNoTime;  // event time range seen
  TimeUs last_time = kNoTime;
  Counters reasons;
};

struct ReportEdge {
  std::string from;  // depends on `to`
  std::string to;
  bool learned = false;  // from captured addresses, not declared
};

struct Report {
  std::vector<Incident> incidents;      // by (onset, id); merged and related ones included
  std::vector<Symptom> unattributed;    // bursts in no incident
  std::vector<ReportStream> streams;    // by partition; index = PartitionId of evidence
  std::vector<std::string> components;  // all seen logging or named, sorted
  std::vector<ReportEdge> edges;        // of the active topology, sorted
  ReportStats stats;
};

}  // namespace culprit
