// An incident as people and sinks see it. Value type; made by correlate/, read by sinks and
// reports.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/burst.h"

namespace culprit {

enum class Confidence : uint8_t { kInconclusive, kLikely, kConfirmed };
constexpr std::string_view ConfidenceName(Confidence c) {
  constexpr std::string_view kNames[] = {"INCONCLUSIVE", "LIKELY", "CONFIRMED"};
  return kNames[static_cast<size_t>(c)];
}

enum class IncidentState : uint8_t { kSuspected, kOpen, kResolved, kMerged, kRelated };
constexpr std::string_view IncidentStateName(IncidentState s) {
  constexpr std::string_view kNames[] = {"suspected", "open", "resolved", "merged", "related"};
  return kNames[static_cast<size_t>(s)];
}

struct Hypothesis {
  std::string component;     // root
  std::string from;          // link only: the dependent end of the cut path
  std::string failure_mode;  // pack id, or "generic/down|slow|faulty|link"
  std::string title;         // "etcd is down or unreachable"
  ModeKind kind = ModeKind::kDown;
  int64_t score_micro_nats = 0;
  double probability = 0;  // component posterior, null included
  double share = 0;        // cause share, without the null
};

struct Alternative {
  Hypothesis hypothesis;
  std::string reason;  // why it ranks lower, one sentence
};

struct Symptom {
  uint64_t burst = 0;
  std::string signature;  // id, or "silence"
  std::string title;
  SymptomClass cls = SymptomClass::kOther;
  std::string component;
  std::string target;
  std::string template_text;
  TimeUs onset = kNoTime;
  TimeUs last = kNoTime;
  uint64_t count = 0;
  std::vector<std::string> path;  // components from root to here
  double responsibility = 0;      // of the root for it
  int64_t weight_micro_nats = 0;  // score with it minus score without it
};

// Something expected that did not happen though the component was logging.
struct Absence {
  std::string component;
  std::string what;               // signature id or class names
  int64_t weight_micro_nats = 0;  // negative: speaks against the root
};

struct Spared {
  std::string signature;
  std::string title;
  bool confirmed = false;  // true: its component was logging and it did not appear
};

struct TimelineEntry {
  TimeUs time = kNoTime;
  std::string kind;  // onset, burst, opened, paged, root_changed, quiet, resolved, ...
  std::string component;
  std::string text;
};

struct Incident {
  std::string id;  // INC-<UTC second>-<hash>: stable
  IncidentState state = IncidentState::kSuspected;
  Severity severity = Severity::kError;
  std::string title;
  Hypothesis root;
  Confidence confidence = Confidence::kInconclusive;
  std::vector<std::string> ties;  // INCONCLUSIVE: the candidates, most likely first (root included)
  std::vector<Alternative> alternatives;
  std::vector<std::string> affected;  // components it took down, nearest first, root excluded
  std::vector<Symptom> symptoms;      // explained bursts, by onset
  std::vector<Absence> absences;
  std::vector<Symptom> unexplained;  // concurrent bursts it does not explain
  std::vector<Spared> spared;
  std::string impact;
  Runbook runbook;  // captures filled in
  TimeUs onset = kNoTime;
  TimeUs opened_at = kNoTime;
  TimeUs paged_at = kNoTime;  // kNoTime: never passed the paging threshold
  TimeUs updated_at = kNoTime;
  TimeUs resolved_at = kNoTime;
  std::vector<Evidence> evidence;  // root's own lines first, then by time; capped
  std::vector<TimelineEntry> timeline;
  std::string merged_into;
  std::string split_from;
  std::string related_to;
  int flaps = 0;
  bool flapping = false;
  std::vector<std::string> root_history;  // roots shown before, oldest first
};

}  // namespace culprit
