// Bursts: what detect/ makes of signals and correlate/ reasons about.
#pragma once
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/core/signal.h"

namespace culprit {

// One line kept as proof.
struct Evidence {
  Position position;
  TimeUs time = kNoTime;
  TimeOrigin time_origin = TimeOrigin::kAssumed;
  Level level = Level::kUnknown;
  std::string service;
  std::string instance;
  std::string line;
  std::vector<Capture> captures;
};

constexpr SignatureIndex kNoSignature = UINT32_MAX;

struct Burst {
  uint64_t id = 0;                          // counts up in order of opening; deterministic
  SignatureIndex signature = kNoSignature;  // kNoSignature: silence
  uint64_t template_id = 0;   // by_template signatures: stable hash of the mined template; else 0
  std::string template_text;  // with <*> for variables
  SymptomClass cls = SymptomClass::kOther;
  Severity severity = Severity::kError;
  std::string component;
  std::string target;
  TimeUs onset = kNoTime;      // first line of the oldest slice in the window that fired
  TimeUs last = kNoTime;       // newest line
  TimeUs opened_at = kNoTime;  // end of the slice at which it fired
  TimeUs closed_at = kNoTime;  // end of the slice at which it went quiet; kNoTime while open
  uint64_t count = 0;          // lines since onset
  std::vector<std::pair<std::string, uint64_t>> instances;  // top 8 by (count desc, name)
  std::vector<Evidence> evidence;  // the first lines in (time, partition, offset) order, capped
};

// All that the reason half learns when one slice closes. Pointers belong to the detector and hold
// until its next call.
struct SliceOutcome {
  TimeUs slice_start = 0;
  TimeUs slice_end = 0;  // "now" of every decision taken on it
  std::vector<const Burst*> opened;
  std::vector<const Burst*> changed;  // open before and still open: count, last, evidence
  std::vector<const Burst*> closed;
  std::vector<std::pair<std::string, TimeUs>>
      alive;  // component -> newest line in this slice, by name
  std::vector<uint32_t>
      packs_seen;  // packs one of whose own (not weak) signatures matched, ascending
};

}  // namespace culprit
