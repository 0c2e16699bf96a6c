// The evidence of one evaluation: bursts as terms of the causal model, and who was seen logging.
// Immutable once built; the caller keeps who is hidden in a mask of its own. Made and used by one
// thread.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/burst.h"
#include "engine/correlate/topology.h"

namespace culprit {

// One burst. Bursts with the same component, class, target and chunk are one symptom for the class
// tables (a "group"); those that a failure mode lists by signature are terms of their own there.
struct SymptomItem {
  ComponentId component = kNoComponent;
  SymptomClass cls = SymptomClass::kOther;
  ComponentId target = kNoComponent;  // dependency classes only
  uint32_t chunk = 0;  // later bursts of the same kind, far apart in time, differ here
  SignatureIndex signature = kNoSignature;
  TimeUs onset = kNoTime;
  double leak = .01;
  bool weak = false;
  uint64_t count = 0;
  uint64_t burst = 0;
  // Bursts whose first line is the very same line share this number (one line, several signatures):
  // only the best explained of them counts. 0: none.
  uint32_t line = 0;
};

class EvidenceSet {
 public:
  struct Group {
    ComponentId component = kNoComponent;
    SymptomClass cls = SymptomClass::kOther;
    ComponentId target = kNoComponent;
    uint32_t begin = 0, end = 0;  // items
  };

  // What scores on its own: a group; those that have a line in common are one.
  struct Part {
    uint32_t place = 0;           // index into components()
    uint32_t begin = 0, end = 0;  // GroupsOf
  };

  EvidenceSet() = default;
  // Sorts the items into canonical order (names, then class, target, onset, signature, burst).
  EvidenceSet(const Topology& topology, std::vector<SymptomItem> items)
      : EvidenceSet(topology, std::move(items), topology.AliveTimes()) {}
  // As of when these were the newest lines, by component.
  EvidenceSet(const Topology& topology, std::vector<SymptomItem> items, std::vector<TimeUs> alive);

  const std::vector<SymptomItem>& items() const { return items_; }
  // Newest line of a component when the set was made.
  TimeUs Alive(ComponentId id) const { return id < alive_.size() ? alive_[id] : kNoTime; }
  size_t logging() const { return logging_; }  // components that were ever seen logging
  const std::vector<Group>& groups() const { return groups_; }
  // Components with items, in name order.
  const std::vector<ComponentId>& components() const { return components_; }
  // Groups of components()[i].
  std::span<const Group> GroupsAt(size_t i) const {
    return {groups_.data() + starts_[i], groups_.data() + starts_[i + 1]};
  }
  const std::vector<Part>& parts() const { return parts_; }
  // Indexes into groups(), ascending.
  std::span<const uint32_t> GroupsOf(const Part& part) const {
    return {part_groups_.data() + part.begin, part_groups_.data() + part.end};
  }
  // Which item of its part (from 1) is the first on the same line as this one; 0: on no shared
  // line.
  uint32_t LineOf(uint32_t item) const { return lines_[item]; }

 private:
  void Divide();

  std::vector<SymptomItem> items_;
  std::vector<Group> groups_;
  std::vector<ComponentId> components_;
  std::vector<uint32_t> starts_;
  std::vector<Part> parts_;  // by place
  std::vector<uint32_t> part_groups_;
  std::vector<uint32_t> lines_;
  std::vector<TimeUs> alive_;
  size_t logging_ = 0;
};

// hidden[i]: item i is explained by another root: neither present nor absent.
using HiddenMask = std::vector<uint8_t>;

}  // namespace culprit
