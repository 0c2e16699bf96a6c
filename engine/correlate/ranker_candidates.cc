// The candidates of a round: hypotheses near what is visible, and the places of each.
#include <algorithm>
#include <set>

#include "engine/correlate/ranker.h"

namespace culprit {

void Ranker::SpreadFrom(uint32_t place) {
  std::vector<ComponentId>& below = cache_->below_[place];
  std::vector<uint8_t>& seen = chosen_;
  below.push_back(evidence_.components()[place]);
  seen[below[0]] = 1;
  size_t begin = 0;
  for (int hop = 0; hop < options_.max_depth; ++hop) {
    const size_t end = below.size();
    for (size_t i = begin; i < end; ++i) {
      for (const Topology::Arc& arc : topology_.Dependencies(below[i])) {
        if (seen[arc.other] || !topology_.ArcActive(arc)) continue;
        seen[arc.other] = 1;
        below.push_back(arc.other);
      }
    }
    begin = end;
  }
  for (ComponentId id : below) {
    cache_->reached_by_[id].push_back(place);
    seen[id] = 0;
  }
}

HypothesisOrder Ranker::OrderOf(const HypothesisRef& h) const {
  return {topology_.Rank(h.component), static_cast<int64_t>(modes_[h.mode].kind),
          h.from == kNoComponent ? -1 : int64_t{topology_.Rank(h.from)}, h.mode};
}

std::vector<HypothesisCandidate*> Ranker::Hypotheses() {
  std::vector<ComponentId> roots;
  auto add = [&](ComponentId id) {
    if (!chosen_[id]) roots.push_back(id);
    chosen_[id] = 1;
  };
  std::vector<Candidate*> result;
  std::set<std::pair<ComponentId, ComponentId>> links;  // (target, from)
  std::vector<SignatureIndex> signatures;
  for (uint32_t place = 0; place < evidence_.components().size(); ++place) {
    const auto [begin, end] = scorer_.PartsAt(place);
    bool visible = false;
    for (uint32_t part = begin; part < end; ++part) {
      const PartView& view = *scorer_.views()[part].view;
      visible |= view.visible;
      signatures.insert(signatures.end(), view.signatures.begin(), view.signatures.end());
      for (ComponentId target : view.targets) {
        add(target);
        links.emplace(target, view.component);
      }
    }
    if (!visible) continue;
    for (ComponentId id : cache_->below_[place]) add(id);
  }
  std::sort(signatures.begin(), signatures.end());
  signatures.erase(std::unique(signatures.begin(), signatures.end()), signatures.end());
  // A failure mode that lists something visible is a candidate wherever the map puts it.
  std::set<int32_t> listing_links;
  for (SignatureIndex signature : signatures) {
    for (int32_t m : modes_.Speaking(signature)) {
      const Mode& mode = modes_[m];
      if (mode.kind != ModeKind::kLink && chosen_[mode.component]) continue;
      if (!mode.Lists(signature)) continue;
      if (mode.kind == ModeKind::kLink) {
        listing_links.insert(m);
      } else {
        add(mode.component);
      }
    }
  }
  for (int32_t m : modes_.PackLinks()) {
    const Mode& mode = modes_[m];
    if (!listing_links.contains(m) && !links.contains({mode.component, mode.from})) continue;
    result.push_back(Find({m, mode.component, mode.from}));
    links.erase({mode.component, mode.from});
  }
  for (ComponentId id : roots) {
    const std::vector<Candidate*>& at = At(id);
    result.insert(result.end(), at.begin(), at.end());
    chosen_[id] = 0;
  }
  for (const auto& [target, from] : links) {
    result.push_back(Find({static_cast<int32_t>(ModeKind::kLink), target, from}));
  }
  return result;
}

const std::vector<HypothesisCandidate*>& Ranker::At(ComponentId id) {
  auto [it, added] = cache_->at_.try_emplace(id);
  if (!added) return it->second;
  bool replaced[3] = {false, false, false};
  if (const auto* pack = modes_.PackModes(id)) {
    for (int32_t mode : *pack) {
      replaced[static_cast<size_t>(modes_[mode].kind)] = true;
      it->second.push_back(Find({mode, id, kNoComponent}));
    }
  }
  for (int32_t kind = 0; kind < 3; ++kind) {
    if (!replaced[kind]) it->second.push_back(Find({kind, id, kNoComponent}));
  }
  return it->second;
}

HypothesisCandidate* Ranker::Find(const HypothesisRef& h) {
  auto& kept = cache_->candidates_[h];
  if (!kept) {
    kept = std::make_unique<Candidate>();
    kept->h = h;
  }
  return kept.get();
}

// Trees or places may be others than when it was made. What was gathered and scored stays right
// while its tree is the same one and nobody began to log.
void Ranker::Refresh(Candidate* candidate) {
  Candidate& c = *candidate;
  c.generation = cache_->scores_.generation();
  c.order = OrderOf(c.h);
  c.everywhere = unknown_edges_ && c.h.from == kNoComponent;
  c.places.clear();
  if (c.everywhere) {
    for (uint32_t place = 0; place < cache_->below_.size(); ++place) c.places.push_back(place);
  } else {
    c.places = cache_->reached_by_[c.h.component];
    for (ComponentId id : modes_[c.h.mode].extra) {
      c.places.insert(c.places.end(), cache_->reached_by_[id].begin(),
                      cache_->reached_by_[id].end());
    }
    std::sort(c.places.begin(), c.places.end());
    c.places.erase(std::unique(c.places.begin(), c.places.end()), c.places.end());
  }
  c.own = UINT32_MAX;
  for (uint32_t place : c.places) {
    if (evidence_.components()[place] == c.h.component) c.own = place;
  }
  if (!c.tree) return;
  if (c.logging == evidence_.logging() && c.tree == scorer_.KeptTree(c.h)) return;
  c.tree = nullptr;
  c.scores.clear();
  for (Candidate::Known& known : c.known) known = {known.print, known.loose};
}

}  // namespace culprit
