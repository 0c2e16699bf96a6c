// What places (components with evidence) show, and what that says under a hypothesis: term by term,
// part by part, place by place. Plain values in memory of the ScoreCache, of its thread.
#pragma once
#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <memory_resource>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/core/time.h"
#include "engine/correlate/evidence.h"
#include "engine/correlate/topology.h"

namespace culprit {

// Adds one to the three earliest, ascending.
inline void KeepEarliest(TimeUs onset, std::array<TimeUs, 3>* onsets, uint32_t* count) {
  for (uint32_t i = 0; i < *count; ++i) {
    if (onset < (*onsets)[i]) std::swap(onset, (*onsets)[i]);
  }
  if (*count < onsets->size()) (*onsets)[(*count)++] = onset;
}

// Until the ScoreCache is cleared: nothing in it is ever destroyed on its own.
template <typename T>
std::span<T> NewArray(std::pmr::memory_resource* memory, size_t n) {
  static_assert(std::is_trivially_destructible_v<T>);
  T* const first = static_cast<T*>(memory->allocate(n * sizeof(T), alignof(T)));
  std::uninitialized_value_construct_n(first, n);
  return {first, n};
}
template <typename T>
std::span<T> CopyOf(const std::vector<T>& list, std::pmr::memory_resource* memory) {
  const std::span<T> copy = NewArray<T>(memory, list.size());
  std::copy(list.begin(), list.end(), copy.begin());
  return copy;
}
// What belongs to a situation (a number above 0), of those asked for.
template <typename T>
class BySituation {
 public:
  T* Find(uint32_t situation) const {
    for (size_t i = situation; !known_.empty(); ++i) {
      const auto& [at, value] = known_[i & (known_.size() - 1)];
      if (at == situation) return value;
      if (at == 0) break;
    }
    return nullptr;
  }
  void Add(uint32_t situation, T* value, std::pmr::memory_resource* memory) {
    if (4 * (count_ + 1) > 3 * known_.size()) {
      const auto before = known_;
      known_ = NewArray<std::pair<uint32_t, T*>>(memory, std::max<size_t>(8, 2 * before.size()));
      for (const auto& known : before) {
        if (known.first != 0) Put(known.first, known.second);
      }
    }
    Put(situation, value);
    ++count_;
  }

 private:
  void Put(uint32_t situation, T* value) {
    size_t i = situation;
    while (known_[i & (known_.size() - 1)].first != 0) ++i;
    known_[i & (known_.size() - 1)] = {situation, value};
  }
  std::span<std::pair<uint32_t, T*>> known_;  // a power of two of them
  uint32_t count_ = 0;
};

struct SpotTerm {
  double full = 1;  // evidence ratio with perfect timing
  double late_after = 60;
  TimeUs onset = 0;
  uint32_t line = 0;  // the number of the first term of the same line plus one, or 0
  bool silence = false, dependency = false, server_error = false;
  bool weak = false;                     // an error line of unknown meaning: it may be any class
  bool onset_candidate = false;          // the fault may have begun with it
  bool at_self = false, at_any = false;  // listed for the component itself, for any dependent
  bool operator==(const SpotTerm&) const = default;
};

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
  void Add(const SpotTerm& term) {
    own = true;
    dependency |= term.dependency || term.weak;
    server_error |= term.server_error || term.weak;
    self_listed |= term.at_self;
    any_listed |= term.at_any;
  }
  bool operator==(const SpotSeen&) const = default;
};

// What is known of something at the onsets of the fault that were assumed last.
template <typename At>
class AtOnsets {
 public:
  const At* Find(TimeUs onset) const {
    for (uint32_t i = 0; i < count_; ++i) {
      if (known_[i].first == onset) return &known_[i].second;
    }
    return nullptr;
  }
  At* Add(TimeUs onset, const At& at, std::pmr::memory_resource* memory) {
    constexpr size_t kMost = 16;
    if (count_ == known_.size() && count_ < kMost) {
      const auto grown = NewArray<std::pair<TimeUs, At>>(memory, count_ == 0 ? 2 : 2 * count_);
      std::copy(known_.begin(), known_.end(), grown.begin());
      known_ = grown;
    }
    const size_t i = count_ < known_.size() ? count_++ : next_++ % kMost;
    known_[i] = {onset, at};
    return &known_[i].second;
  }

 private:
  std::span<std::pair<TimeUs, At>> known_;
  uint32_t count_ = 0, next_ = 0;
};

// What a part says under one kind of hypothesis; equal ones are one object.
struct SpotEffect {
  struct At {
    int64_t sum = 0;         // of what is present, not yet bounded
    TimeUs first = kNoTime;  // first explained onset; kNoTime: none
    bool silence = true;     // and that is all
    SpotSeen seen;
  };
  struct Timing {                             // of a term: onsets of the fault, between which
    TimeUs from = INT64_MIN, to = INT64_MAX;  // it may count; without, not to the last bit
    TimeUs full_from = INT64_MAX, full_to = INT64_MIN;    // it counts in full
    TimeUs spent_from = INT64_MAX, spent_to = INT64_MIN;  // it counts, but adds no micro-nat
    double ratio = 1, nats = 0;                           // with perfect timing
  };
  uint32_t id = 0;
  bool root = false;
  bool all_weak = true;  // of the terms, also if there are none
  uint32_t onset_count = 0;
  std::array<TimeUs, 3> onsets = {};        // earliest, of terms that may set the fault's onset
  TimeUs from = INT64_MAX, to = INT64_MIN;  // onsets at which a term may count
  int64_t most = 0;                         // with perfect timing
  TimeUs full_from = INT64_MAX, full_to = INT64_MIN;  // of a single term, and what is there then
  TimeUs spent_from = INT64_MAX, spent_to = INT64_MIN;
  At plain;
  std::span<SpotTerm> terms;
  std::span<Timing> timing;
  AtOnsets<At> at;
  SpotEffect* next = nullptr;  // another one with the same hash
};

// What a place says under one kind of hypothesis.
struct PlaceEffect {
  struct At {                // at an assumed onset of the fault
    int64_t sum = 0;         // of what is present, not yet bounded
    TimeUs first = kNoTime;  // first explained onset; kNoTime: none, or silence alone
    SpotSeen seen;
  };
  uint64_t print = 0;    // a hash of what it says
  bool all_weak = true;  // of the terms, also if there are none
  uint32_t onset_count = 0;
  std::array<TimeUs, 3> onsets = {};        // earliest, of terms that may set the fault's onset
  TimeUs from = INT64_MAX, to = INT64_MIN;  // onsets at which a term may count
  int64_t most = 0;                         // with perfect timing, bounded by evidence_cap
  std::span<SpotEffect*> parts;             // that have terms
  At quiet;                                 // at the other onsets
  AtOnsets<At> at;
};

// The visible items of a group as one symptom.
struct GroupView {
  SymptomClass cls = SymptomClass::kOther;
  bool weak = false;    // no strong one
  bool claimed = true;  // all that count are listed by some failure mode
  uint32_t line = 0;    // EvidenceSet::LineOf, if all are on one
  ComponentId target = kNoComponent;
  uint32_t ordinal = 0;  // among the part's groups
  TimeUs onset = 0;
  double leak = 0;
  uint64_t mentioned = 0;  // bits of the signatures (Mode::BitOf)
};

// Which items of a part there are, and which of them are hidden.
struct PartView {
  uint32_t part = 0;         // its number in the evidence at hand
  uint32_t topic = 0;        // among the surroundings
  bool visible = false;      // any item
  bool silence_any = false;  // hidden or not
  bool silence_visible = false;
  TimeUs silence_onset = INT64_MAX;  // earliest visible
  SpotSeen hidden;
  int64_t most = 0;                // under any hypothesis, with perfect timing
  std::span<GroupView> groups;     // that have visible items
  std::span<ComponentId> targets;  // named by visible items, sorted
  std::span<int32_t> listing;      // modes that list one of these, sorted
  BySituation<SpotEffect> effects;
};

// The views of a place's parts.
struct PlaceView {
  bool filled = false;
  bool visible = false;      // any item
  bool silence_any = false;  // hidden or not
  bool silence_visible = false;
  TimeUs silence_onset = INT64_MAX;  // earliest visible
  SpotSeen hidden;
  int64_t most = 0;                // under any hypothesis, bounded by evidence_cap
  std::span<PartView*> parts;      // by topic
  std::span<uint32_t> starts;      // by topic: the first part of it or a later one; and the end
  std::span<ComponentId> targets;  // named by visible items, sorted
  std::span<int32_t> listing;      // modes that list one of these, sorted
  BySituation<PlaceEffect> effects;
  PlaceEffect* nothing = nullptr;  // where a hypothesis explains none of it
};

// A kind of thing that a component ever showed: of one class about one target, or without a target;
// or several such that were on one line. What a hypothesis makes of it depends on its "situation":
// mode, distance, and where these targets lie in its tree.
struct Topic {
  std::vector<std::pair<SymptomClass, ComponentId>> kinds;  // sorted
  std::vector<int32_t> speaking;  // modes that list or spare a signature of it, sorted
  absl::flat_hash_map<uint64_t, uint32_t> situations;  // numbered from 1; 0: it explains nothing
};

// All that ever was at a component.
struct Surroundings {
  struct Situated {  // what a hypothesis makes of a topic, if anything
    uint32_t topic = 0, situation = 0;
    bool operator==(const Situated&) const = default;
    template <typename H>
    friend H AbslHashValue(H h, const Situated& s) {
      return H::combine(std::move(h), s.topic, s.situation);
    }
  };
  using Situation = std::vector<Situated>;  // by topic
  std::vector<Topic> topics;
  std::vector<uint32_t> news;  // topics as they came or came to be spoken of by more modes
  // Of a hypothesis at the component; 0: it explains nothing.
  std::vector<Situation> situations = {{}};
  absl::flat_hash_map<Situation, uint32_t> numbers = {{{}, 0}};
};

}  // namespace culprit
