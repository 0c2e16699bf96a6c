// What the detector remembers of one key, and the table of all keys. Plain state, one owner thread.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "engine/core/burst.h"
#include "engine/detect/held_lines.h"
#include "engine/detect/rate.h"
#include "engine/detect/slice.h"
#include "engine/detect/stable_hash.h"
#include "engine/detect/window.h"

namespace culprit {

constexpr int64_t kNever = INT64_MAX;

constexpr size_t kInstancesShown = 8;

struct OpenBurst {
  Burst burst;
  uint64_t off_level2 = 0;       // twice the window sum below which it is quiet
  int64_t quiet_since = kNever;  // slice at whose close it fell below
  int64_t opened_slice = 0;

  const InstanceCounts& instances() const { return instances_; }
  void SetInstances(InstanceCounts instances) {
    instances_ = std::move(instances);
    shown_ = false;
    ShowInstances();
  }
  void CountInstances(const Slice& slice, const SliceCell& cell) {
    ForEachInstance(slice, cell,
                    [this](std::string_view name, uint64_t n) { CountInstance(name, n); });
  }
  void CountInstance(std::string_view name, uint64_t n);
  // Brings burst.instances up to date.
  void ShowInstances() {
    if (!shown_) instances_.Top(kInstancesShown, &burst.instances);
    shown_ = true;
  }

 private:
  InstanceCounts instances_;
  bool shown_ = true;  // burst.instances are the most frequent of instances_
};

struct ComponentSeason {
  Season season;
  size_t users = 0;  // keys that point here
};

struct RateState {
  RateBaseline baseline;
  ComponentSeason* component = nullptr;  // owned by the detector
};

// The memory of many keys is far away: whoever walks over them fetches ahead.
constexpr size_t kFetchAhead = 8;
template <typename T>
void Prefetch(const T& object) {
  constexpr size_t kLine = 64;
  const auto* bytes = reinterpret_cast<const char*>(&object);
  for (size_t at = 0; at < sizeof(T); at += kLine) __builtin_prefetch(bytes + at);
}

struct BurstKey {
  static constexpr uint32_t kNoCell = UINT32_MAX;

  uint64_t hash = 0;
  SignatureIndex signature = 0;
  uint32_t generation = 0;  // counts reuses of the slot
  uint64_t template_id = 0;
  std::string component;
  std::string target;

  SlidingWindow window;
  int64_t last_slice = 0;  // newest slice with a line
  TimeUs last = kNoTime;   // newest line
  // Slice of its entry in the timers; absent rule: due time of its entry in the absent queue.
  int64_t armed = kNever;
  int64_t mark = 0;               // absent rule: the life clock when it was last seen
  int64_t touched = INT64_MIN;    // newest slice it was looked at
  uint32_t first_cell = kNoCell;  // in that slice: chain of its cells
  bool first_seen = false;        // in that slice: never seen before
  bool kept = false;              // has state worth keeping without lines (rate, absent)
  HeldLines held;                 // lines of the window, while no burst is open
  std::unique_ptr<OpenBurst> burst;
  std::unique_ptr<RateState> rate;

  auto Order() const {
    return std::tuple<SignatureIndex, std::string_view, std::string_view, uint64_t>(
        signature, component, target, template_id);
  }
};

inline uint64_t BurstKeyHash(SignatureIndex signature, std::string_view component,
                             std::string_view target, uint64_t template_id) {
  const uint64_t h = CellHash(signature, component, target, {});
  return template_id == 0 ? h : MixHash(h, template_id);
}

class KeyTable {
 public:
  struct View {
    uint64_t hash;
    SignatureIndex signature;
    std::string_view component, target;
    uint64_t template_id;
  };
  static constexpr uint32_t kNone = UINT32_MAX;

  KeyTable() : index_(0, Ref{this}, Ref{this}) {}
  KeyTable(const KeyTable&) = delete;
  KeyTable& operator=(const KeyTable&) = delete;

  BurstKey& At(uint32_t i) { return chunks_[i / kChunk][i % kChunk]; }
  const BurstKey& At(uint32_t i) const { return chunks_[i / kChunk][i % kChunk]; }
  size_t size() const { return index_.size(); }
  uint32_t Find(const View& view) const {
    auto it = index_.find(view);
    return it == index_.end() ? kNone : *it;
  }
  // What is found or looked at a few steps later.
  void Prefetch(const View& view) const { index_.prefetch(view); }
  void Prefetch(uint32_t i) const { culprit::Prefetch(At(i)); }
  uint32_t Insert(const View& view);  // which is not there
  void Erase(uint32_t i);
  template <typename F>
  void ForEachByIndex(F f) const {  // in an order that depends on the calls alone
    for (uint32_t i = 0; i < used_; ++i) {
      if (index_.contains(i)) f(At(i));
    }
  }
  template <typename F>
  void ForEach(F f) {  // in no particular order
    for (const uint32_t i : index_) f(i, At(i));
  }
  template <typename F>
  void ForEach(F f) const {
    for (const uint32_t i : index_) f(i, At(i));
  }

 private:
  static constexpr size_t kChunk = 256;
  struct Ref {
    using is_transparent = void;
    const KeyTable* table;
    size_t operator()(uint32_t i) const { return table->At(i).hash; }
    size_t operator()(const View& v) const { return v.hash; }
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(const View& v, uint32_t i) const { return Same(v, table->At(i)); }
    bool operator()(uint32_t i, const View& v) const { return Same(v, table->At(i)); }
    static bool Same(const View& v, const BurstKey& k) {
      return v.hash == k.hash && v.signature == k.signature && v.template_id == k.template_id &&
             v.component == k.component && v.target == k.target;
    }
  };
  std::vector<std::unique_ptr<BurstKey[]>> chunks_;
  std::vector<uint32_t> free_;
  uint32_t used_ = 0;
  absl::flat_hash_set<uint32_t, Ref, Ref> index_;
};

}  // namespace culprit
