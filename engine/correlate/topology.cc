#include "engine/correlate/topology.h"

#include <algorithm>
#include <queue>
#include <tuple>

namespace culprit {
namespace {

constexpr size_t kMaxCachedTrees = 8192;

}  // namespace

int32_t ReachTree::Find(ComponentId id) const {
  auto it = std::lower_bound(index.begin(), index.end(), std::make_pair(id, INT32_MIN));
  return it != index.end() && it->first == id ? it->second : -1;
}

Topology::Topology(const Topology& other)
    : options_(other.options_),
      ids_(other.ids_),
      names_(other.names_.size()),
      dependencies_(other.dependencies_),
      dependents_(other.dependents_),
      edges_(other.edges_),
      edge_ids_(other.edge_ids_),
      alive_(other.alive_),
      lit_(other.lit_),
      bursting_(other.bursting_),
      unknown_edge_(other.unknown_edge_),
      version_(other.version_),
      ranks_(other.ranks_),
      ranks_dirty_(other.ranks_dirty_),
      trees_(other.trees_) {
  for (const auto& [name, id] : ids_) names_[id] = &name;
}

Topology& Topology::operator=(const Topology& other) {
  if (this != &other) *this = Topology(other);
  return *this;
}

ComponentId Topology::Intern(std::string_view name) {
  if (auto it = ids_.find(name); it != ids_.end()) return it->second;
  const auto id = static_cast<ComponentId>(names_.size());
  auto it = ids_.emplace(std::string(name), id).first;
  names_.push_back(&it->first);
  dependencies_.emplace_back();
  dependents_.emplace_back();
  alive_.push_back(kNoTime);
  ranks_dirty_ = true;
  ++version_;
  return id;
}

ComponentId Topology::Find(std::string_view name) const {
  auto it = ids_.find(name);
  return it == ids_.end() ? kNoComponent : it->second;
}

uint32_t Topology::Rank(ComponentId id) const {
  if (ranks_dirty_) {
    ranks_.resize(names_.size());
    uint32_t rank = 0;
    for (const auto& [name, component] : ids_) ranks_[component] = rank++;
    ranks_dirty_ = false;
  }
  return ranks_[id];
}

double Topology::Strength(uint32_t edge) const {
  const Edge& e = edges_[edge];
  if (e.lit) return options_.lit_edge;
  if (e.declared > 0) return e.declared;
  return e.learned ? options_.learned_edge : 0;
}

uint32_t Topology::EdgeOf(ComponentId from, ComponentId to) {
  auto [it, added] = edge_ids_.try_emplace({from, to}, static_cast<uint32_t>(edges_.size()));
  if (added) {
    edges_.push_back({from, to});
    dependencies_[from].push_back({to, it->second});
    dependents_[to].push_back({from, it->second});
  }
  return it->second;
}

// A tree that does not hold the edge's dependency never looks at the edge.
void Topology::Changed(uint32_t edge, double before) {
  if (Strength(edge) == before) return;
  ++version_;
  const ComponentId to = edges_[edge].to;
  std::erase_if(trees_, [to](const auto& entry) { return entry.second->Find(to) >= 0; });
}

void Topology::Declare(ComponentId from, ComponentId to, bool hard) {
  if (from == to) return;
  const uint32_t id = EdgeOf(from, to);
  const double before = Strength(id);
  edges_[id].declared =
      std::max(edges_[id].declared, hard ? options_.hard_edge : options_.soft_edge);
  Changed(id, before);
}

void Topology::Learn(ComponentId from, ComponentId to, TimeUs seen) {
  if (from == to) return;
  const uint32_t id = EdgeOf(from, to);
  const double before = Strength(id);
  edges_[id].learned = true;
  edges_[id].used = std::max(edges_[id].used, seen);
  Changed(id, before);
}

void Topology::ForgetLearned(TimeUs unused_since) {
  for (uint32_t id = 0; id < edges_.size(); ++id) {
    if (!edges_[id].learned || edges_[id].lit || edges_[id].used >= unused_since) continue;
    const double before = Strength(id);
    edges_[id].learned = false;
    Changed(id, before);
  }
}

void Topology::SetLit(std::vector<std::pair<ComponentId, ComponentId>> pairs) {
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  std::erase_if(pairs, [](const auto& p) { return p.first == p.second; });
  if (pairs == lit_) return;
  auto set = [this](const auto& pair, bool lit) {
    const uint32_t id = EdgeOf(pair.first, pair.second);
    if (edges_[id].lit == lit) return;
    const double before = Strength(id);
    edges_[id].lit = lit;
    Changed(id, before);
  };
  for (const auto& pair : lit_) {
    if (!std::binary_search(pairs.begin(), pairs.end(), pair)) set(pair, false);
  }
  for (const auto& pair : pairs) set(pair, true);
  lit_ = std::move(pairs);
}

void Topology::SetUnknownEdges(std::vector<ComponentId> bursting, double strength) {
  if (strength == 0) bursting.clear();
  if (strength == unknown_edge_ && bursting == bursting_) return;
  unknown_edge_ = strength;
  bursting_ = std::move(bursting);
  trees_.clear();
  ++version_;
}

void Topology::SetAlive(ComponentId id, TimeUs time) {
  if (alive_[id] == kNoTime && time != kNoTime) ++version_;
  alive_[id] = std::max(alive_[id], time);
}

bool Topology::HasLivingMap() const {
  return std::any_of(edges_.begin(), edges_.end(), [this](const Edge& e) {
    return e.declared > 0 && alive_[e.from] != kNoTime && alive_[e.to] != kNoTime;
  });
}

std::shared_ptr<const ReachTree> Topology::Kept(const TreeRequest& request) const {
  const auto it = trees_.find({request.root, request.only, request.mode});
  return it == trees_.end() ? nullptr : it->second;
}

std::shared_ptr<const ReachTree> Topology::Reach(const TreeRequest& request) const {
  const Key key{request.root, request.only, request.mode};
  if (auto it = trees_.find(key); it != trees_.end()) return it->second;
  if (trees_.size() >= kMaxCachedTrees) trees_.clear();
  return trees_[key] = Build(request);
}

// Max-product Dijkstra over reverse edges. Ties: higher reach, fewer hops, lower parent name.
std::shared_ptr<const ReachTree> Topology::Build(const TreeRequest& request) const {
  struct Best {
    double reach = 0;
    int hops = 0;
    ComponentId parent = kNoComponent;
    double edge = 1;
    bool settled = false;
  };
  std::unordered_map<ComponentId, Best> best;
  using Entry = std::tuple<double, int, uint32_t, ComponentId>;  // -reach, hops, rank, id
  using Heap = std::priority_queue<Entry, std::vector<Entry>, std::greater<>>;
  std::vector<ComponentId> order;

  auto offer = [&](Heap& heap, ComponentId node, ComponentId parent, double edge, double reach,
                   int hops) {
    auto [it, fresh] = best.try_emplace(node);
    Best& b = it->second;
    if (b.settled) return;
    if (!fresh) {
      if (reach < b.reach) return;
      if (reach == b.reach) {
        if (hops > b.hops) return;
        if (hops == b.hops && Rank(parent) >= Rank(b.parent)) return;
      }
    }
    b = {reach, hops, parent, edge, false};
    heap.emplace(-reach, hops, Rank(node), node);
  };
  // `within`: only these may be reached (sorted by id), or null for all.
  auto run = [&](Heap& heap, double min_reach, const std::vector<ComponentId>* within) {
    while (!heap.empty()) {
      const auto [negative, hops, rank, node] = heap.top();
      heap.pop();
      Best& b = best[node];
      if (b.settled) continue;
      b.settled = true;
      order.push_back(node);
      if (hops >= options_.max_depth) continue;
      if (node == request.root) {
        for (ComponentId named : request.extra) {
          if (named != node) offer(heap, named, node, options_.lit_edge, options_.lit_edge, 1);
        }
      }
      for (const Arc& arc : dependents_[node]) {
        const double edge = Strength(arc.edge);
        if (edge <= 0) continue;
        if (node == request.root && request.only != kNoComponent && arc.other != request.only) {
          continue;
        }
        if (within && !std::binary_search(within->begin(), within->end(), arc.other)) continue;
        const double reach = -negative * edge;
        if (reach < min_reach) continue;
        offer(heap, arc.other, node, edge, reach, hops + 1);
      }
    }
  };
  {
    Heap heap;
    best[request.root] = {1, 0, kNoComponent, 1, false};
    heap.emplace(-1.0, 0, Rank(request.root), request.root);
    run(heap, options_.min_reach, nullptr);
  }
  if (unknown_edge_ > 0 && request.only == kNoComponent) {
    std::vector<ComponentId> within = bursting_;
    std::sort(within.begin(), within.end());
    for (ComponentId start : bursting_) {
      if (best.contains(start) && best[start].settled) continue;
      best[start] = {unknown_edge_, 2, request.root, unknown_edge_, false};
      Heap heap;
      heap.emplace(-unknown_edge_, 2, Rank(start), start);
      run(heap, 0, &within);
    }
  }

  auto tree = std::make_shared<ReachTree>();
  tree->nodes.reserve(order.size());
  tree->index.reserve(order.size());
  std::unordered_map<ComponentId, int32_t> place;
  for (ComponentId id : order) {
    const Best& b = best[id];
    ReachNode node;
    node.id = id;
    node.hops = static_cast<int16_t>(b.hops);
    node.reach = b.reach;
    node.edge = b.edge;
    if (b.parent != kNoComponent) {
      node.parent = place.at(b.parent);
      tree->nodes[node.parent].leaf = false;
    }
    auto value = std::find(tree->edge_values.begin(), tree->edge_values.end(), b.edge);
    node.edge_class = static_cast<uint8_t>(value - tree->edge_values.begin());
    if (value == tree->edge_values.end()) tree->edge_values.push_back(b.edge);
    place[id] = static_cast<int32_t>(tree->nodes.size());
    tree->index.emplace_back(id, static_cast<int32_t>(tree->nodes.size()));
    tree->nodes.push_back(node);
  }
  std::sort(tree->index.begin(), tree->index.end());
  return tree;
}

std::vector<ReportEdge> Topology::Edges() const {
  std::vector<ReportEdge> result;
  for (uint32_t id = 0; id < edges_.size(); ++id) {
    const Edge& e = edges_[id];
    if (e.declared == 0 && !e.learned && !e.lit) continue;
    result.push_back({Name(e.from), Name(e.to), e.declared == 0});
  }
  std::sort(result.begin(), result.end(), [](const ReportEdge& a, const ReportEdge& b) {
    return std::tie(a.from, a.to) < std::tie(b.from, b.to);
  });
  return result;
}

}  // namespace culprit
