// Which places a hypothesis reaches and what each of them says under it.
#include <algorithm>
#include <bit>

#include "engine/correlate/score.h"

namespace culprit {
namespace {

// Adds one to a sorted list; true: it was not there.
template <typename T>
bool AddSorted(T value, std::vector<T>* list) {
  const auto at = std::lower_bound(list->begin(), list->end(), value);
  if (at != list->end() && *at == value) return false;
  list->insert(at, value);
  return true;
}

}  // namespace

TreeRequest Scorer::Request(const HypothesisRef& h) const {
  const Mode& mode = modes_[h.mode];
  TreeRequest request;
  request.root = h.component;
  request.only = h.from;
  if (!mode.extra.empty()) {
    request.mode = h.mode;
    request.extra = mode.extra;
  }
  return request;
}

std::shared_ptr<const ReachTree> Scorer::Tree(const HypothesisRef& h) const {
  return topology_.Reach(Request(h));
}

std::shared_ptr<const ReachTree> Scorer::KeptTree(const HypothesisRef& h) const {
  return topology_.Kept(Request(h));
}

// What there is to know of the items of a part, hidden or not.
void Scorer::Surround(const EvidenceSet::Part& part) {
  Surroundings& around = *surroundings_[part.place];
  bool more = false;
  for (uint32_t g : evidence_.GroupsOf(part)) {
    const EvidenceSet::Group& group = evidence_.groups()[g];
    if (group.target != kNoComponent) {
      more |= AddSorted(group.target, &around.targets);
    } else if (IsDependencyClass(group.cls)) {
      more |= !around.dependency;
      around.dependency = true;
    }
    for (uint32_t i = group.begin; i < group.end; ++i) {
      const SignatureIndex signature = evidence_.items()[i].signature;
      if (!AddSorted(signature, &around.signatures)) continue;
      for (int32_t mode : modes_.Speaking(signature)) more |= AddSorted(mode, &around.speaking);
    }
  }
  if (more) ++around.version;
}

// All that what a place says depends on, but for the place itself.
uint32_t Scorer::SituationOf(Surroundings* around, int32_t node) const {
  const uint64_t distance = node == 0 ? 0 : tree_->nodes[node].hops == 1 ? 1 : 2;
  auto row = static_cast<uint64_t>(mode_->kind);
  uint64_t where = 0;
  bool names_root = false;
  for (ComponentId target : around->targets) {
    if (node == 0) break;
    uint64_t at = 1;
    if (target == h_.component) {
      names_root = true;
    } else {
      const int32_t found = tree_->Find(target);
      if (found < 0) continue;
      at = std::bit_cast<uint64_t>(tree_->nodes[found].reach);
    }
    where += ScoreCache::Mix(at ^ ScoreCache::Mix(target + 0x9E3779B97F4A7C15u));
  }
  if (mode_->mentions != 0 &&
      std::binary_search(around->speaking.begin(), around->speaking.end(), h_.mode)) {
    row = static_cast<uint64_t>(h_.mode) + 4;
  } else if (!names_root && (distance == 2 || (distance == 1 && !around->dependency))) {
    row = 0;  // there the kinds differ only in what direct dependents say of the root
  }
  const uint64_t key = ScoreCache::Mix(where + ScoreCache::Mix(4 * row + distance + 1));
  return around->situations.try_emplace(key, static_cast<uint32_t>(around->situations.size()))
      .first->second;
}

void Scorer::UsePlace(uint32_t place) {
  root_views_[place] = nullptr;
  PlaceView& view = cache_->ViewOfPlace(mixes_[place]);
  place_views_[place] = &view;
  if (view.filled) return;
  view.filled = true;
  cache_->CountTerms(8);
  for (uint32_t part = starts_[place]; part < starts_[place + 1]; ++part) {
    const PartView& own = *views_[part].view;
    view.visible |= own.visible;
    view.silence_any |= own.silence_any;
    view.silence_visible |= own.silence_visible;
    view.weak_visible |= own.weak_visible;
    view.silence_onset = std::min(view.silence_onset, own.silence_onset);
    for (SignatureIndex signature : own.signatures) view.mentioned |= Mode::BitOf(signature);
    view.speaking.insert(view.speaking.end(), own.speaking.begin(), own.speaking.end());
  }
  std::sort(view.speaking.begin(), view.speaking.end());
  view.speaking.erase(std::unique(view.speaking.begin(), view.speaking.end()), view.speaking.end());
  view.bounds.fill({kUnsetBound, kUnsetBound});
  view.speaking_bounds.assign(view.speaking.size(), {kUnsetBound, kUnsetBound});
}

uint64_t Scorer::RootMix(uint32_t place) const {
  uint64_t mix = mixes_[place];
  if (!place_views_[place]->weak_visible) return mix;
  for (uint32_t part = starts_[place]; part < starts_[place + 1]; ++part) {
    mix = ScoreCache::Mix(mix + WeakVolume(evidence_.parts()[part]));
  }
  return mix;
}

PlaceEffect* Scorer::EffectAt(uint32_t place, int32_t node) {
  SpotSeen hidden;
  part_effects_.clear();
  for (uint32_t part = starts_[place]; part < starts_[place + 1]; ++part) {
    SpotEffect* const effect = EffectOf(part, node);
    hidden.Add(effect->hidden);
    if (!effect->terms.empty()) part_effects_.push_back(effect);
  }
  return cache_->InternPlace(part_effects_, hidden);
}

// Its tree and places as they are now. Where both are the same, situations are.
void Scorer::Reach(const HypothesisRef& h, ScoreCache::Reached* reached) const {
  auto tree = Tree(h);
  const bool same_tree = tree == reached->tree;
  reached->tree = std::move(tree);
  reached->generation = cache_->generation();
  const auto& nodes = reached->tree->nodes;
  reached->place_of_node.assign(nodes.size(), -1);
  const auto before = std::move(reached->places);
  auto known = before.begin();
  reached->places.clear();
  const auto& components = evidence_.components();
  for (uint32_t place = 0; place < components.size(); ++place) {
    const int32_t node = reached->tree->Find(components[place]);
    if (node < 0) continue;
    reached->place_of_node[node] = static_cast<int32_t>(reached->places.size());
    ScoreCache::ReachedPlace& at = reached->places.emplace_back();
    if (same_tree) {  // both are in name order
      const auto found = std::find_if(known, before.end(),
                                      [&](const auto& b) { return b.id == components[place]; });
      if (found != before.end()) at = *(known = found);
    }
    at.id = components[place];
    at.place = place;
    at.node = node;
    at.named = node > 0 && mode_->Names(components[place]);
  }
  reached->named.clear();
  if (mode_->named.empty()) return;
  reached->named.assign(nodes.size(), 0);
  for (size_t i = 1; i < nodes.size(); ++i) reached->named[i] = mode_->Names(nodes[i].id);
}

uint64_t Scorer::Gather(const HypothesisRef& h, const HiddenMask& hidden) {
  UseMask(hidden);
  h_ = h;
  mode_ = &modes_[h.mode];
  tables_ = &TablesOf(mode_->kind);
  ScoreCache::Reached& reached = cache_->ReachedBy(h);
  if (!reached.tree || reached.generation != cache_->generation()) Reach(h, &reached);
  reached_ = &reached;
  tree_ = reached.tree.get();
  spots_.clear();
  assumed_known_ = false;
  silence_at_root_ = false;
  silence_onset_ = INT64_MAX;
  bool root_term = false;
  all_weak_ = true;
  uint64_t print = 0;
  auto mix = [&print](uint64_t what, uint64_t id) {
    print += ScoreCache::Mix(what + (id + 1) * 0x9E3779B97F4A7C15u);
  };
  for (ScoreCache::ReachedPlace& at : reached.places) {
    Surroundings& around = *surroundings_[at.place];
    if (at.version != around.version) {
      at.situation = SituationOf(&around, at.node);
      at.version = around.version;
    }
    PlaceView* view = place_views_[at.place];
    Spot& spot = spots_.emplace_back(Spot{at.node, at.place, false, nullptr});
    if (at.node == 0) {
      silence_at_root_ |= view->silence_visible;
      silence_onset_ = std::min(silence_onset_, view->silence_onset);
      spot.silence = view->silence_any;
      if (view->silence_any) mix(mixes_[at.place], at.id);
      if (mode_->kind == ModeKind::kLink) continue;  // the far end has no evidence of its own
      PlaceView*& root = root_views_[at.place];
      if (!root) root = &cache_->ViewOfPlace(RootMix(at.place));
      view = root;
    } else if (at.named) {
      mix(mixes_[at.place], at.id);
    }
    if (at.situation >= view->effects.size()) {
      const size_t before = view->effects.size();
      view->effects.resize(around.situations.size());
      cache_->CountTerms((view->effects.size() - before + 7) / 8);
    }
    PlaceEffect*& effect = view->effects[at.situation];
    if (!effect) effect = EffectAt(at.place, at.node);
    if (at.node == 0) root_term |= !effect->parts.empty();
    all_weak_ &= effect->all_weak;
    mix(effect->id, at.id);
    spot.effect = effect;
  }
  all_weak_ &= root_term;
  return print;
}

}  // namespace culprit
