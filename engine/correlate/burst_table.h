// The bursts that are evidence: open ones, those that ended less than evidence_window ago, and
// those of open incidents. A burst of a key that an incident holds is one symptom with the former
// one, with the earliest onset (ROOT_CAUSE 6), so a lasting incident does not grow with every
// return; but only once the incident was paged: until then, that it came again is evidence (a leak
// is a matter of 5 minutes). One thread, copyable.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/core/knowledge.h"
#include "engine/correlate/evidence.h"
#include "engine/correlate/live.h"
#include "engine/correlate/options.h"

namespace culprit {

class CheckpointReader;
class CheckpointWriter;
class StateNames;

// (signature, template, component, target) as text: stable over runs.
std::string KeyOf(const Knowledge& knowledge, const Burst& burst);

class BurstTable {
 public:
  explicit BurstTable(const CorrelatorOptions& options) : options_(options) {}

  // News of a burst: false if it is not (or no longer) kept.
  bool Update(const Burst& burst);
  // A burst that opened becomes part of the symptom of its key, if a paged incident holds one.
  bool Fold(const std::string& key, const Burst& burst);
  void Add(TrackedBurst tracked);
  void Erase(const BurstIds& ids);
  // What open incidents hold now.
  void Hold(std::span<const LiveIncident> incidents);

  const BurstMap& all() const { return bursts_; }
  // When the first burst stops being evidence; INT64_MAX: none will.
  TimeUs next_expiry() const { return next_expiry_; }
  BurstIds Expired(TimeUs now) const;
  // At most max_items, the newest; *left_out tells how many did not fit.
  std::vector<SymptomItem> Items(const Knowledge& knowledge, size_t* left_out) const;

  void Write(const StateNames& names, CheckpointWriter& ar) const;
  // Into an empty table; call Hold after it. How many bursts are of signatures that are gone.
  size_t Read(const StateNames& names, CheckpointReader& ar);

 private:
  void SeeExpiry(const TrackedBurst& tracked);

  CorrelatorOptions options_;
  BurstMap bursts_;
  std::unordered_map<uint64_t, uint64_t> folded_;     // open bursts that were folded -> first
  std::unordered_map<std::string, uint64_t> by_key_;  // newest of the key
  TimeUs next_expiry_ = INT64_MAX;
};

}  // namespace culprit
