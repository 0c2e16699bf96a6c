// The candidates of a round: hypotheses near what is visible.
#include <algorithm>

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
  std::vector<std::pair<ComponentId, ComponentId>> links;  // (target, from)
  std::vector<int32_t> listing;
  for (uint32_t place = 0; place < evidence_.components().size(); ++place) {
    const PlaceView& view = scorer_.view(place);
    if (!view.visible) continue;
    for (ComponentId target : view.targets) {
      add(target);
      links.emplace_back(target, evidence_.components()[place]);
    }
    for (ComponentId id : cache_->below_[place]) add(id);
    listing.insert(listing.end(), view.listing.begin(), view.listing.end());
  }
  // A failure mode that lists something visible is a candidate wherever the map puts it.
  std::sort(listing.begin(), listing.end());
  listing.erase(std::unique(listing.begin(), listing.end()), listing.end());
  for (int32_t m : listing) {
    if (modes_[m].kind != ModeKind::kLink) add(modes_[m].component);
  }
  std::sort(links.begin(), links.end());
  for (int32_t m : modes_.PackLinks()) {
    const Mode& mode = modes_[m];
    const auto link =
        std::lower_bound(links.begin(), links.end(), std::pair(mode.component, mode.from));
    const bool named = link != links.end() && *link == std::pair(mode.component, mode.from);
    if (!named && !std::binary_search(listing.begin(), listing.end(), m)) continue;
    result.push_back(Find({m, mode.component, mode.from}));
    if (named) links.erase(link);
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
  if (cache_->at_.size() < topology_.size()) cache_->at_.resize(topology_.size());
  std::vector<Candidate*>& at = cache_->at_[id];
  if (!at.empty()) return at;
  bool replaced[3] = {false, false, false};
  if (const auto* pack = modes_.PackModes(id)) {
    for (int32_t mode : *pack) {
      replaced[static_cast<size_t>(modes_[mode].kind)] = true;
      at.push_back(Find({mode, id, kNoComponent}));
    }
  }
  for (int32_t kind = 0; kind < 3; ++kind) {
    if (!replaced[kind]) at.push_back(Find({kind, id, kNoComponent}));
  }
  return at;
}

HypothesisCandidate* Ranker::Find(const HypothesisRef& h) {
  auto& kept = cache_->candidates_[h];
  if (!kept) {
    kept = std::make_unique<Candidate>();
    kept->h = h;
    kept->reached = scorer_.ReachedBy(h);
  }
  return kept.get();
}

// Names may be others than before.
void Ranker::Refresh(Candidate* candidate) {
  candidate->generation = cache_->scores_.generation();
  candidate->order = OrderOf(candidate->h);
}

}  // namespace culprit
