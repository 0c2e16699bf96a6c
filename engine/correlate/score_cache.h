// What scoring keeps from one hypothesis, mask and evaluation to the next: what is visible of a
// part of the evidence (a "view"), the terms it gives under a kind of hypothesis and their sums by
// assumed onset, and values of pure functions. All of it is keyed by everything it depends on, so a
// score from the cache is the score from scratch, bit for bit. Belongs to one thread; a copy starts
// empty, so what holds one stays copyable.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "engine/correlate/evidence.h"
#include "engine/correlate/modes.h"
#include "engine/correlate/score_places.h"
#include "engine/correlate/topology.h"

namespace culprit {

struct HypothesisRef {
  int32_t mode = 0;  // index into the ModeCatalog
  ComponentId component = kNoComponent;
  ComponentId from = kNoComponent;  // link
  bool operator==(const HypothesisRef&) const = default;
};

struct HypothesisHash {
  size_t operator()(const HypothesisRef& h) const {
    const uint64_t x = (h.component * 0x9E3779B97F4A7C15u) ^ (h.from * 0xC2B2AE3D27D4EB4Fu) ^
                       static_cast<uint64_t>(h.mode + 1) * 0x165667B19E3779F9u;
    return x ^ (x >> 32);  // tables look at the low bits
  }
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

// What a part says under one kind of hypothesis; equal ones are one object.
struct SpotEffect {
  struct At {
    int64_t sum = 0;         // of what is present, not yet bounded
    TimeUs first = kNoTime;  // first explained onset; kNoTime: none
    bool silence = true;     // and that is all
    SpotSeen seen;
  };
  uint32_t id = 0;
  bool root = false;
  std::vector<SpotTerm> terms;
  std::vector<double> nats;  // of a term with perfect timing; 0: not computed yet
  SpotSeen hidden;
  bool all_weak = true;                     // of the terms, also if there are none
  std::array<TimeUs, 3> onsets = {};        // earliest, of terms that may set the fault's onset
  uint32_t onset_count = 0;                 // of these, at most 3
  TimeUs from = INT64_MAX, to = INT64_MIN;  // onsets at which a term may count
  std::unique_ptr<SpotEffect> next;         // another one with the same hash
};

// The items that a term came from.
struct TermSource {
  uint32_t begin = 0, end = 0;
  bool listed = false;  // one item on its own: begin
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
  struct Known {  // an effect
    // Where named targets lie in the tree; at the root, the volume of weak bursts: a hash, or 0.
    uint64_t where = 0;
    SpotEffect* effect = nullptr;
  };
  ComponentId component = kNoComponent;
  bool visible = false;      // any item
  bool silence_any = false;  // hidden or not
  bool silence_visible = false;
  bool weak_visible = false;
  bool dependency_visible = false;         // of a dependency class, without a target
  TimeUs silence_onset = INT64_MAX;        // earliest visible
  std::vector<ComponentId> targets;        // named by visible items
  std::vector<SignatureIndex> signatures;  // of visible items, sorted
  std::vector<int32_t> speaking;           // modes that list or spare one of these, sorted
  std::vector<GroupView> groups;           // that have visible items
  SpotSeen hidden;
  // By kind, then by what speaks, and by distance (root, next to it, further away): the latest, and
  // those of other places of the targets.
  std::vector<Known> effects;
  std::vector<std::pair<uint32_t, Known>> other_effects;
};

class ScoreCache {
 public:
  struct ReachedPlace {
    ComponentId id = kNoComponent;
    uint32_t place = 0;  // index of the evidence component
    int32_t node = 0;
    bool named = false;      // by the mode
    uint32_t situation = 0;  // among these surroundings
    uint32_t version = 0;
  };
  struct Reached {
    std::shared_ptr<const ReachTree> tree;
    std::vector<ReachedPlace> places;
    std::vector<int32_t> place_of_node;  // index into places; -1: no evidence
    std::vector<uint8_t> named;          // nodes that the mode names; empty: none
    uint64_t generation = 0;
  };
  struct Absence {
    TimeUs onset = kNoTime, now = kNoTime;
    uint64_t what = ~uint64_t{0};  // mode, hops, what was seen
    int64_t value = 0;
    bool settled = false;  // more time changes nothing
  };

  ScoreCache() = default;
  ScoreCache(const ScoreCache&) {}
  ScoreCache& operator=(const ScoreCache&) {
    Clear();
    return *this;
  }

  void Clear();
  // Before an evaluation. Trees or places may be others (a new generation), or there was too much
  // of it all and everything is gone.
  enum class Kept { kAll, kOldGeneration, kNothing };
  Kept Prepare(const Topology& topology, const EvidenceSet& evidence);
  uint64_t generation() const { return generation_; }

  uint32_t Content(std::string_view bytes, bool* added);
  // The view of a content with these items hidden, or a new one to be filled (*added).
  uint32_t View(uint32_t content, std::string_view hidden, bool* added);
  PartView& view(uint32_t id) { return *views_[id]; }
  SpotEffect* Intern(const SpotEffect& effect);
  // What parts say together; `hidden`: of all parts, those without terms too.
  PlaceEffect* InternPlace(const std::vector<SpotEffect*>& parts, const SpotSeen& hidden);
  Surroundings& SurroundingsOf(ComponentId id) {
    std::unique_ptr<Surroundings>& at = surroundings_[id];
    if (!at) at = std::make_unique<Surroundings>();
    return *at;
  }
  // By a hash of the views of its parts.
  PlaceView& ViewOfPlace(uint64_t views) {
    std::unique_ptr<PlaceView>& view = place_views_[views];
    if (!view) view = std::make_unique<PlaceView>();
    return *view;
  }
  Reached& ReachedBy(const HypothesisRef& h) { return reached_[h]; }
  Absence& AbsenceAt(TimeUs onset, uint64_t what) {
    return absences_[Mix(static_cast<uint64_t>(onset) ^ what * 0x9E3779B97F4A7C15u) % kAbsences];
  }
  // What is present of an effect at an assumed onset of the fault; of a part, of a place.
  template <typename At>
  struct Present {
    TimeUs onset = kNoTime;
    uint32_t effect = UINT32_MAX;
    At at;
  };
  Present<SpotEffect::At>& PartAt(uint32_t effect, TimeUs onset) {
    return Slot(&parts_at_, effect, onset);
  }
  Present<PlaceEffect::At>& PlaceAt(uint32_t effect, TimeUs onset) {
    return Slot(&places_at_, effect, onset);
  }
  // ln(1 + edge (exp(m) - 1)), both in micro-nats.
  int64_t Message(int64_t m, double edge);
  void CountTerms(size_t n) { terms_ += n; }

  static uint64_t Mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }

 private:
  static constexpr size_t kAbsences = 4096, kMessages = 8192, kPresent = 16384;
  struct EffectHash {
    size_t operator()(uint64_t k) const { return k; }
  };
  struct KnownMessage {
    int64_t m = INT64_MIN;
    double edge = 0;
    int64_t value = 0;
  };
  template <typename T>
  static T& Slot(std::vector<T>* table, uint32_t effect, TimeUs onset) {
    if (table->empty()) table->resize(kPresent);
    return (*table)[Mix(static_cast<uint64_t>(onset) + effect * 0x9E3779B97F4A7C15u) % kPresent];
  }
  uint64_t version_ = ~uint64_t{0};
  uint64_t generation_ = 0;
  size_t logging_ = 0;
  std::vector<ComponentId> components_;
  absl::flat_hash_map<std::string, uint32_t> contents_, view_ids_;
  std::vector<std::unique_ptr<PartView>> views_;
  absl::flat_hash_map<uint64_t, std::unique_ptr<SpotEffect>, EffectHash> effects_;
  absl::flat_hash_map<HypothesisRef, Reached, HypothesisHash> reached_;
  std::vector<Absence> absences_ = std::vector<Absence>(kAbsences);
  absl::flat_hash_map<std::vector<uint32_t>, std::unique_ptr<PlaceEffect>> place_effects_;
  absl::flat_hash_map<ComponentId, std::unique_ptr<Surroundings>> surroundings_;
  absl::flat_hash_map<uint64_t, std::unique_ptr<PlaceView>, EffectHash> place_views_;
  std::vector<Present<SpotEffect::At>> parts_at_;
  std::vector<Present<PlaceEffect::At>> places_at_;
  std::vector<KnownMessage> messages_ = std::vector<KnownMessage>(kMessages);
  size_t terms_ = 0;
  uint32_t next_effect_ = 0;  // never used twice
  std::vector<uint32_t> place_key_;
  std::string key_;
};

}  // namespace culprit
