// Who depends on whom, as the correlator sees it now: declared edges of the active packs, edges
// learned from captured addresses, and edges "lit" by what is being observed. Owned by one
// Correlator, one thread; copyable (reach trees are shared, they are immutable).
//
// Ids are dense and stay valid; wherever order matters, components compare by name (Rank), so
// results do not depend on who was seen first.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/core/report.h"
#include "engine/core/time.h"
#include "engine/correlate/options.h"

namespace culprit {

using ComponentId = uint32_t;
constexpr ComponentId kNoComponent = UINT32_MAX;

struct ReachNode {
  ComponentId id = kNoComponent;
  int32_t parent = -1;  // index into ReachTree::nodes; -1: the root
  int16_t hops = 0;
  bool leaf = true;
  uint8_t edge_class = 0;  // equal edge strengths have equal classes
  double reach = 1;        // product of the edges from the root
  double edge = 1;         // strength of the edge to the parent
};

// The components that depend on a root, each by its most likely path; parents before children.
struct ReachTree {
  std::vector<ReachNode> nodes;
  std::vector<std::pair<ComponentId, int32_t>> index;  // sorted by id
  std::vector<double> edge_values;                     // by edge_class
  int32_t Find(ComponentId id) const;                  // index into nodes, or -1
};

// What a tree starts from. `only` (link): the single dependent through which the fault reaches
// others. `extra`: components a failure mode names, children of the root with at least lit_edge.
struct TreeRequest {
  ComponentId root = kNoComponent;
  ComponentId only = kNoComponent;
  int32_t mode = -1;  // identifies `extra` in the cache; -1: none
  std::span<const ComponentId> extra;
};

class CheckpointReader;
class CheckpointWriter;

class Topology {
 public:
  explicit Topology(const CorrelatorOptions& options) : options_(options) {}

  ComponentId Intern(std::string_view name);
  ComponentId Find(std::string_view name) const;  // kNoComponent: unknown
  const std::string& Name(ComponentId id) const { return *names_[id]; }
  size_t size() const { return names_.size(); }
  uint32_t Rank(ComponentId id) const;  // place in name order

  void Declare(ComponentId from, ComponentId to, bool hard);
  void Learn(ComponentId from, ComponentId to, TimeUs seen);
  void ForgetLearned(TimeUs unused_since);
  // The (dependent, dependency) pairs that the current evidence names; replaces the former set.
  void SetLit(std::vector<std::pair<ComponentId, ComponentId>> pairs);
  // Bursting components by onset and the strength of an unknown dependency (0: none).
  void SetUnknownEdges(std::vector<ComponentId> bursting, double strength);
  double UnknownEdge() const { return unknown_edge_; }
  // A declared edge whose both ends were seen logging.
  bool HasLivingMap() const;

  // Newest line seen of a component.
  void SetAlive(ComponentId id, TimeUs time);
  // Grows whenever a reach tree, a rank or who was ever seen logging may have changed.
  uint64_t version() const { return version_; }
  const std::vector<TimeUs>& AliveTimes() const { return alive_; }  // by id

  struct Arc {
    ComponentId other;
    uint32_t edge;
  };
  const std::vector<Arc>& Dependencies(ComponentId id) const { return dependencies_[id]; }
  bool ArcActive(const Arc& arc) const { return Strength(arc.edge) > 0; }

  std::shared_ptr<const ReachTree> Reach(const TreeRequest& request) const;
  // The same if it is at hand; or null.
  std::shared_ptr<const ReachTree> Kept(const TreeRequest& request) const;
  std::vector<ReportEdge> Edges() const;  // sorted by names

  // Names, learned and lit edges; declared ones and signs of life come from elsewhere.
  void Write(CheckpointWriter& ar) const;
  void Read(CheckpointReader& ar);  // into an empty one

 private:
  struct Edge {
    ComponentId from, to;
    double declared = 0;
    bool learned = false;
    bool lit = false;
    TimeUs used = kNoTime;
  };
  struct Key {
    ComponentId root, only;
    int32_t mode;
    bool operator==(const Key&) const = default;
  };
  struct KeyHash {
    size_t operator()(const Key& k) const {
      return (k.root * 0x9E3779B97F4A7C15u) ^ (k.only * 0xC2B2AE3D27D4EB4Fu) ^
             static_cast<size_t>(k.mode + 1) * 0x165667B19E3779F9u;
    }
  };
  double Strength(uint32_t edge) const;
  uint32_t EdgeOf(ComponentId from, ComponentId to);
  void Changed(uint32_t edge, double before);
  std::shared_ptr<const ReachTree> Build(const TreeRequest& request) const;

  CorrelatorOptions options_;
  std::map<std::string, ComponentId, std::less<>> ids_;
  std::vector<const std::string*> names_;  // keys of ids_
  std::vector<std::vector<Arc>> dependencies_, dependents_;
  std::vector<Edge> edges_;
  std::map<std::pair<ComponentId, ComponentId>, uint32_t> edge_ids_;
  std::vector<TimeUs> alive_;
  std::vector<std::pair<ComponentId, ComponentId>> lit_;
  std::vector<ComponentId> bursting_;
  double unknown_edge_ = 0;
  uint64_t version_ = 0;
  mutable std::vector<uint32_t> ranks_;
  mutable bool ranks_dirty_ = false;
  mutable std::unordered_map<Key, std::shared_ptr<const ReachTree>, KeyHash> trees_;

 public:
  Topology(const Topology& other);
  Topology& operator=(const Topology& other);
  Topology(Topology&&) = default;
  Topology& operator=(Topology&&) = default;
};

}  // namespace culprit
