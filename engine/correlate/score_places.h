// What a place (a component with evidence) shows and says as a whole: the parts of score_cache.h
// together. Plain values of the ScoreCache's thread.
#pragma once
#include <array>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/core/time.h"
#include "engine/correlate/evidence.h"
#include "engine/correlate/topology.h"

namespace culprit {

struct SpotEffect;

constexpr size_t kModeKindCount = 4;
constexpr double kUnsetBound = std::numeric_limits<double>::quiet_NaN();

// Adds one to the three earliest, ascending.
inline void KeepEarliest(TimeUs onset, std::array<TimeUs, 3>* onsets, uint32_t* count) {
  for (uint32_t i = 0; i < *count; ++i) {
    if (onset < (*onsets)[i]) std::swap(onset, (*onsets)[i]);
  }
  if (*count < onsets->size()) (*onsets)[(*count)++] = onset;
}

struct SpotSeen {  // explained or hidden
  bool own = false, dependency = false, server_error = false;
  bool self_listed = false, any_listed = false;
  void Add(const SpotSeen& other) {
    own |= other.own;
    dependency |= other.dependency;
    server_error |= other.server_error;
    self_listed |= other.self_listed;
    any_listed |= other.any_listed;
  }
  bool operator==(const SpotSeen&) const = default;
};

// What a place says under one kind of hypothesis; equal ones are one object.
struct PlaceEffect {
  struct At {                // at an assumed onset of the fault
    int64_t sum = 0;         // of what is present, not yet bounded
    TimeUs first = kNoTime;  // first explained onset; kNoTime: none, or silence alone
    SpotSeen seen;
  };
  uint32_t id = 0;
  bool all_weak = true;                     // of the terms, also if there are none
  std::vector<SpotEffect*> parts;           // that have terms
  std::array<TimeUs, 3> onsets = {};        // earliest, of terms that may set the fault's onset
  uint32_t onset_count = 0;                 // of these, at most 3
  TimeUs from = INT64_MAX, to = INT64_MIN;  // onsets at which a term may count
  At quiet;                                 // at the others
};

// All that ever was at a component. What a hypothesis makes of the place depends on its
// "situation": mode, distance, and where these targets lie in its tree.
struct Surroundings {
  std::vector<ComponentId> targets;        // sorted
  std::vector<SignatureIndex> signatures;  // sorted
  std::vector<int32_t> speaking;           // modes that list or spare one of these, sorted
  bool dependency = false;                 // of a dependency class, without a target
  uint32_t version = 1;                    // of all this
  absl::flat_hash_map<uint64_t, uint32_t> situations;  // numbered
};

// Which items of a place there are, and which of them are hidden.
struct PlaceView {
  bool filled = false;
  bool visible = false;      // any item
  bool silence_any = false;  // hidden or not
  bool silence_visible = false;
  bool weak_visible = false;
  TimeUs silence_onset = INT64_MAX;   // earliest visible
  std::vector<PlaceEffect*> effects;  // by situation; null: not known yet
  // What it may give at most (Ranker::BoundAt), NaN: not computed yet; elsewhere and at the root,
  // by kind and by what speaks.
  uint64_t mentioned = 0;         // bits of the visible signatures (Mode::BitOf)
  std::vector<int32_t> speaking;  // modes that list or spare one of these, sorted
  std::array<std::array<double, 2>, kModeKindCount> bounds;
  std::vector<std::array<double, 2>> speaking_bounds;
};

}  // namespace culprit
