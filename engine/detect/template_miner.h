// Drain tree over masked messages (ROOT_CAUSE 3): length, then two prefix tokens, then the most
// similar template. Ids are hashes of the first text of a template, so they are stable between
// runs. Results depend on the order of feeding: the detector feeds in (first time, hash) order.
// One owner thread.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"

namespace culprit {

class CheckpointReader;
class CheckpointWriter;

struct MinerOptions {
  double similarity = 0.8;
  size_t max_children = 100;            // of a tree node; further tokens go to <*>
  size_t max_templates = 20'000;        // above: the least recently used quarter goes
  size_t max_templates_per_leaf = 256;  // above: the least recently used goes
  size_t max_cached_texts = 20'000;     // exact texts remembered
};

class TemplateMiner {
 public:
  struct Template {
    uint64_t id = 0;
    uint64_t count = 0;  // texts added
    std::vector<std::string> tokens;
    std::string Text() const;  // tokens joined by one space
  };

  explicit TemplateMiner(MinerOptions options = {});

  // The template of a masked text (MaskMessage). The pointer holds until the next Add. `weight`:
  // lines that had this text.
  const Template* Add(std::string_view masked, uint64_t weight = 1);
  const Template* Find(uint64_t id) const;         // null: unknown or dropped
  std::vector<const Template*> Templates() const;  // in order of creation
  size_t size() const { return by_id_.size(); }
  uint64_t dropped() const { return dropped_; }  // templates that a bound pushed out, ever
  void save(CheckpointWriter& ar) const;         // NOLINT(readability-identifier-naming)
  void load(CheckpointReader& ar);  // into an empty one. NOLINT(readability-identifier-naming)

 private:
  using Index = uint32_t;
  struct Node {
    absl::flat_hash_map<std::string, Index> children;  // token -> node
    std::vector<Index> templates;                      // leaf: by age
  };
  struct Slot {
    Template tmpl;
    uint64_t used = 0;  // sequence number of the last Add that chose it
    uint64_t born = 0;
  };

  Index Descend(const std::vector<std::string_view>& tokens);
  Index Child(Index node, std::string_view token);
  const Template* Join(Index slot, uint64_t weight);
  void DropFromLeaf(std::vector<Index>* leaf);
  void DropQuarter();
  void Free(Index slot);
  std::vector<Index> ByAge() const;

  const MinerOptions options_;
  std::vector<Node> nodes_;  // 0: root
  std::vector<Slot> slots_;
  std::vector<Index> free_slots_;
  absl::flat_hash_map<uint64_t, Index> by_id_;
  // Exact text -> template: one text stays with its template while it is remembered.
  absl::flat_hash_map<std::string, Index> cache_;
  uint64_t sequence_ = 0;
  uint64_t dropped_ = 0;
  std::vector<std::string_view> tokens_;
};

}  // namespace culprit
