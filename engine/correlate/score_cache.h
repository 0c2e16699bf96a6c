// What scoring keeps from one hypothesis, mask and evaluation to the next: what is visible of a
// part of the evidence (a "view"), what it says under a kind of hypothesis and that by assumed
// onset, and values of pure functions. All of it is keyed by everything it depends on, so a score
// from the cache is the score from scratch, bit for bit. Belongs to one thread; a copy starts
// empty, so what holds one stays copyable.
#pragma once
#include <cstdint>
#include <memory>
#include <memory_resource>
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

// The items that a term came from.
struct TermSource {
  uint32_t begin = 0, end = 0;
  bool listed = false;  // one item on its own: begin
};

class ScoreCache {
 public:
  struct ReachedPlace {
    uint32_t slot = 0;
    int32_t node = 0;
    bool named = false;      // by the mode
    uint32_t situation = 0;  // among its surroundings, as far as it has seen their news
    uint32_t news = 0;
  };
  // The tree of a hypothesis and the places in it.
  struct Reached {
    std::shared_ptr<const ReachTree> tree;
    std::vector<ReachedPlace> places;    // all that ever had evidence
    std::vector<int32_t> place_of_node;  // index into places; -1: never any evidence
    std::vector<uint8_t> named;          // nodes that the mode names; empty: none
    uint32_t slots = 0;                  // as many were there
    uint64_t generation = 0;
  };
  struct Absence {
    TimeUs onset = kNoTime, now = kNoTime;
    uint64_t what = ~uint64_t{0};  // mode, hops, what was seen
    int64_t value = 0;
    bool settled = false;  // more time changes nothing
  };
  struct Content {
    uint32_t id = 0, topic = 0;
  };

  // `known`: what it remembers of absences, and twice as many messages. Of one evaluation, few.
  static constexpr size_t kKnownOnce = 64;
  explicit ScoreCache(size_t known = 4096) : absences_(known), messages_(2 * known) {}
  ScoreCache(const ScoreCache& other) : ScoreCache(other.absences_.size()) {}
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

  // Places that had evidence are numbered in the order of their first.
  static constexpr uint32_t kNoSlot = UINT32_MAX;
  uint32_t SlotOf(ComponentId id) const { return id < slot_of_.size() ? slot_of_[id] : kNoSlot; }
  uint32_t slots() const { return static_cast<uint32_t>(components_of_.size()); }
  ComponentId ComponentOf(uint32_t slot) const { return components_of_[slot]; }
  uint32_t AddSlot(ComponentId id);
  Surroundings& SurroundingsOf(uint32_t slot) { return *surroundings_[slot]; }

  // What a part consists of; the topic of a new one (*added) is to be filled in.
  Content& ContentOf(std::string_view bytes, bool* added);
  // The view of a content with these items hidden, or a new one to be filled (*added).
  PartView* View(uint32_t content, std::string_view hidden, uint32_t* id, bool* added);
  // By a hash of the views of its parts.
  PlaceView* ViewOfPlace(uint64_t views);
  SpotEffect* Intern(bool root, const std::vector<SpotTerm>& terms,
                     const std::vector<SpotEffect::Timing>& timing);
  // What parts say together; equal ones are one object.
  PlaceEffect* InternPlace(const std::vector<SpotEffect*>& parts, const SpotSeen& hidden,
                           int64_t cap);
  Reached& ReachedBy(const HypothesisRef& h) {
    std::unique_ptr<Reached>& reached = reached_[h];
    if (!reached) reached = std::make_unique<Reached>();
    return *reached;
  }
  Absence& AbsenceAt(TimeUs onset, uint64_t what) {
    return absences_[Mix(static_cast<uint64_t>(onset) ^ what * 0x9E3779B97F4A7C15u) %
                     absences_.size()];
  }
  // ln(1 + edge (exp(m) - 1)), both in micro-nats.
  int64_t Message(int64_t m, double edge);
  // Of all that is kept until Clear.
  std::pmr::memory_resource* memory() { return &memory_; }

  static uint64_t Mix(uint64_t x) {
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
  }

 private:
  struct HashAsIs {
    size_t operator()(uint64_t k) const { return k; }
  };
  struct KnownMessage {
    int64_t m = INT64_MIN;
    double edge = 0;
    int64_t value = 0;
  };
  // Gives nothing back but all of it, and knows how much that is.
  class Memory : public std::pmr::memory_resource {
   public:
    void Release() {
      pool_.release();
      used_ = 0;
    }
    size_t used() const { return used_; }

   private:
    void* do_allocate(size_t bytes, size_t alignment) override {
      used_ += bytes;
      return pool_.allocate(bytes, alignment);
    }
    void do_deallocate(void*, size_t, size_t) override {}
    bool do_is_equal(const memory_resource& other) const noexcept override {
      return this == &other;
    }
    std::pmr::monotonic_buffer_resource pool_;
    size_t used_ = 0;
  };

  uint64_t version_ = ~uint64_t{0};
  uint64_t generation_ = 0;
  size_t logging_ = 0;
  std::vector<ComponentId> components_;
  Memory memory_;
  std::vector<uint32_t> slot_of_;  // by component
  std::vector<ComponentId> components_of_;
  std::vector<std::unique_ptr<Surroundings>> surroundings_;  // by slot
  absl::flat_hash_map<std::string, Content> contents_;
  absl::flat_hash_map<std::string, std::pair<uint32_t, PartView*>> views_;
  absl::flat_hash_map<uint64_t, PlaceView*, HashAsIs> place_views_;
  absl::flat_hash_map<uint64_t, SpotEffect*, HashAsIs> effects_;
  absl::flat_hash_map<uint64_t, PlaceEffect*, HashAsIs> place_effects_;
  absl::flat_hash_map<HypothesisRef, std::unique_ptr<Reached>, HypothesisHash> reached_;
  std::vector<Absence> absences_;
  std::vector<KnownMessage> messages_;
  uint32_t next_effect_ = 0;  // never used twice
  std::string key_;
};

}  // namespace culprit
