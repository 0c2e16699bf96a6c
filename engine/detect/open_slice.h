// A slice that still takes signals. Every update commutes: any permutation of the same signals
// leaves the same cells, counts, samples and life. Private to detect/; one owner thread.
#pragma once
#include <cstdint>
#include <queue>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "engine/base/counters.h"
#include "engine/core/signal.h"
#include "engine/detect/order.h"
#include "engine/detect/slice.h"

namespace culprit {

class SignatureNames;

class OpenSlice {
 public:
  OpenSlice(const OrderOptions& options, Counters* counters);
  OpenSlice(const OpenSlice&) = delete;
  OpenSlice& operator=(const OpenSlice&) = delete;

  void Add(PartitionId partition, const SignalView& signal);
  void AddLife(std::string_view component, PartitionId partition, TimeUs time);
  // Moves the content out and is empty afterwards; takes the memory of what was in *out.
  void Take(TimeUs start, TimeUs end, Slice* out);
  size_t samples() const { return slice_.samples.size() - free_samples_.size(); }

  void Write(const Knowledge& knowledge, CheckpointWriter& ar) const;
  // Into one that is empty. Returns how many cells had to be left out.
  size_t Read(const SignatureNames& names, CheckpointReader& ar);

 private:
  struct KeyView {
    uint64_t hash;
    SignatureIndex signature;
    std::string_view component, target, text;
  };
  struct CellRef {  // hash and equality of cell indices, looked up by KeyView
    using is_transparent = void;
    const std::vector<SliceCell>* cells;
    size_t operator()(uint32_t i) const { return (*cells)[i].hash; }
    size_t operator()(const KeyView& k) const { return k.hash; }
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(const KeyView& k, uint32_t i) const { return Same(k, (*cells)[i]); }
    bool operator()(uint32_t i, const KeyView& k) const { return Same(k, (*cells)[i]); }
    static bool Same(const KeyView& k, const SliceCell& c) {
      return k.hash == c.hash && k.signature == c.signature && k.component == c.component &&
             k.target == c.target && k.text == c.text;
    }
  };
  struct LifeView {
    uint64_t hash;
    PartitionId partition;
    std::string_view component;
  };
  struct LifeRef {
    using is_transparent = void;
    const std::vector<SliceLife>* life;
    size_t operator()(uint32_t i) const { return (*life)[i].hash; }
    size_t operator()(const LifeView& k) const { return k.hash; }
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(const LifeView& k, uint32_t i) const { return Same(k, (*life)[i]); }
    bool operator()(uint32_t i, const LifeView& k) const { return Same(k, (*life)[i]); }
    static bool Same(const LifeView& k, const SliceLife& l) {
      return k.hash == l.hash && k.partition == l.partition && k.component == l.component;
    }
  };
  struct RankedCell {  // the largest hash goes first when a bound is hit
    uint64_t hash;
    uint32_t cell;
    bool operator<(const RankedCell& o) const { return hash < o.hash; }
  };
  struct RankHeap : std::priority_queue<RankedCell> {
    const std::vector<RankedCell>& entries() const { return c; }
  };

  uint32_t FindOrAddCell(const KeyView& key);  // kNoCell: above a bound
  uint32_t NewCell(const KeyView& key);
  void DropCell(uint32_t index);
  // False: an entry of a cell that was dropped, or of its successor in the same place.
  bool Holds(const RankedCell& entry) const {
    return entry.cell < slice_.cells.size() && slice_.cells[entry.cell].hash == entry.hash &&
           slice_.cells[entry.cell].count > 0;
  }
  SliceCell& Star(SignatureIndex signature);
  uint32_t PopLargest(RankHeap* heap);
  void CountInstance(SliceCell& cell, std::string_view name, uint64_t n);
  void AddSample(SliceCell& cell, PartitionId partition, const SignalView& signal);
  // With copies of the signal's texts and captures.
  SliceSample MakeSample(PartitionId partition, const SignalView& signal);
  void DropSample(uint32_t index);
  void LimitSamples();
  void TrimSamples(SliceCell& cell, size_t keep);
  void Compact();
  uint32_t TouchLife(std::string_view component, PartitionId partition, TimeUs time);

  static constexpr uint32_t kNoCell = UINT32_MAX;
  static constexpr size_t kMostWaste = size_t{1} << 20;
  const OrderOptions& options_;
  Counters* const counters_;
  Slice slice_;
  absl::flat_hash_set<uint32_t, CellRef, CellRef> index_;
  absl::flat_hash_set<uint32_t, LifeRef, LifeRef> life_index_;
  std::vector<uint32_t> free_cells_;
  std::vector<uint32_t> free_samples_;
  std::vector<uint32_t> free_instances_;
  size_t wasted_ = 0;  // bytes of texts and captures that nothing points to any more
  std::vector<std::pair<SignatureIndex, uint32_t>> stars_;  // overflow cells
  bool full_ = false;  // max_keys_per_slice was reached: ranks_ is in use
  RankHeap ranks_;     // cells by hash; entries of dropped cells linger, without effect
  // Lines kept per cell shrink as the number of cells grows; it never shrinks back.
  size_t sample_cap_ = SliceCell::kMaxSamples;
  uint64_t sample_hash_limit_ = UINT64_MAX;  // cells above it keep none
  size_t next_sample_limit_ = 4096;          // number of cells at which it tightens
  uint64_t life_hash_limit_ = UINT64_MAX;    // signs of life above it are not kept
  // By component hash: its by_template cells. Entries of dropped cells linger and count.
  absl::flat_hash_map<uint64_t, RankHeap> texts_;
  std::string masked_;
};

}  // namespace culprit
