// Which places a hypothesis reaches and what each of them says under it.
#include <algorithm>
#include <bit>

#include "engine/correlate/score.h"
#include "engine/correlate/score_units.h"

namespace culprit {

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

bool Scorer::Knows(const HypothesisRef& h, ScoreCache::Reached* reached) const {
  if (!reached->tree) return false;
  if (reached->generation == cache_->generation()) return true;
  if (topology_.Kept(Request(h)) != reached->tree) return false;
  reached->generation = cache_->generation();
  return true;
}

// Its tree and places as they are now. Where both are the same, situations are.
void Scorer::Reach(const HypothesisRef& h, ScoreCache::Reached* reached) const {
  if (!Knows(h, reached)) {
    auto tree = Tree(h);
    reached->generation = cache_->generation();
    if (tree != reached->tree) {
      reached->tree = std::move(tree);
      reached->slots = 0;
      reached->places.clear();
      const auto& nodes = reached->tree->nodes;
      reached->place_of_node.assign(nodes.size(), -1);
      reached->named.clear();
      if (!mode_->named.empty()) {
        reached->named.assign(nodes.size(), 0);
        for (size_t i = 1; i < nodes.size(); ++i) reached->named[i] = mode_->Names(nodes[i].id);
      }
    }
  }
  const auto add = [&](uint32_t slot, int32_t node) {
    reached->place_of_node[node] = static_cast<int32_t>(reached->places.size());
    const bool named = !reached->named.empty() && reached->named[node];
    reached->places.push_back({slot, node, named});
  };
  const auto& nodes = reached->tree->nodes;
  if (reached->slots == 0) {
    for (size_t i = 0; i < nodes.size(); ++i) {
      const uint32_t slot = cache_->SlotOf(nodes[i].id);
      if (slot != ScoreCache::kNoSlot) add(slot, static_cast<int32_t>(i));
    }
  } else {
    for (uint32_t slot = reached->slots; slot < cache_->slots(); ++slot) {
      const int32_t node = reached->tree->Find(cache_->ComponentOf(slot));
      if (node >= 0) add(slot, node);
    }
  }
  reached->slots = cache_->slots();
}

// All that what is said of the topic depends on, but for the items.
uint32_t Scorer::SituationOf(Topic* topic, int32_t node) const {
  const uint64_t distance = node == 0 ? 0 : tree_->nodes[node].hops == 1 ? 1 : 2;
  bool explained = false;  // by class
  bool kind_matters = node == 0, distance_matters = node == 0;
  uint64_t where = 0;
  for (const auto& [cls, target] : topic->kinds) {
    if (node == 0) {
      explained |= tables_->own[static_cast<size_t>(cls)] > 0;
    } else if (!IsDependencyClass(cls)) {
      explained |= VictimProbability(cls) > 0;
    } else if (target == kNoComponent) {
      explained = distance_matters = true;
      kind_matters |= distance == 1;  // beyond, they say the same of all kinds
    } else {
      uint64_t at = 1;
      if (target == h_.component) {
        kind_matters = true;
      } else {
        const int32_t found = tree_->Find(target);
        if (found < 0) continue;
        at = std::bit_cast<uint64_t>(tree_->nodes[found].reach);
      }
      explained = true;
      where += ScoreCache::Mix(at ^ ScoreCache::Mix(target + 0x9E3779B97F4A7C15u));
    }
  }
  uint64_t row = kind_matters ? static_cast<uint64_t>(mode_->kind) : 0;
  if (mode_->mentions != 0 &&
      std::binary_search(topic->speaking.begin(), topic->speaking.end(), h_.mode)) {
    row = static_cast<uint64_t>(h_.mode) + 4;
    distance_matters = true;
  } else if (!explained) {
    return 0;
  }
  const uint64_t key =
      ScoreCache::Mix(where + ScoreCache::Mix(4 * row + (distance_matters ? distance : 3)));
  return topic->situations.try_emplace(key, static_cast<uint32_t>(topic->situations.size()) + 1)
      .first->second;
}

// Takes notice of the news of its surroundings.
void Scorer::Situate(ScoreCache::ReachedPlace* at) {
  Surroundings& around = cache_->SurroundingsOf(at->slot);
  situation_ = around.situations[at->situation];
  const auto see = [&](uint32_t topic) {
    const uint32_t situation = SituationOf(&around.topics[topic], at->node);
    auto known = situation_.begin();
    while (known != situation_.end() && known->topic < topic) ++known;
    if (known != situation_.end() && known->topic == topic) {
      known->situation = situation;
    } else if (situation != 0) {
      situation_.insert(known, {topic, situation});
    }
  };
  if (at->news == 0) {
    for (uint32_t topic = 0; topic < around.topics.size(); ++topic) see(topic);
  } else {
    for (size_t i = at->news; i < around.news.size(); ++i) see(around.news[i]);
  }
  at->news = static_cast<uint32_t>(around.news.size());
  const auto [it, added] =
      around.numbers.try_emplace(situation_, static_cast<uint32_t>(around.situations.size()));
  if (added) around.situations.push_back(situation_);
  at->situation = it->second;
}

PlaceEffect* Scorer::EffectAt(const ScoreCache::ReachedPlace& at, PlaceView* view) {
  if (at.situation != 0) {
    if (PlaceEffect* const known = view->effects.Find(at.situation)) return known;
  }
  part_effects_.clear();
  for (const auto& [topic, situation] : cache_->SurroundingsOf(at.slot).situations[at.situation]) {
    if (topic + 1 >= view->starts.size()) break;
    for (uint32_t p = view->starts[topic]; p < view->starts[topic + 1]; ++p) {
      if (!view->parts[p]->visible) continue;
      SpotEffect* const effect = EffectOf(view->parts[p], situation, at.node);
      if (!effect->terms.empty()) part_effects_.push_back(effect);
    }
  }
  PlaceEffect* effect = view->nothing;
  if (!effect || !part_effects_.empty()) {
    effect = cache_->InternPlace(part_effects_, view->hidden, Quantise(options_.evidence_cap));
    if (part_effects_.empty()) view->nothing = effect;
  }
  if (at.situation != 0) view->effects.Add(at.situation, effect, cache_->memory());
  return effect;
}

uint64_t Scorer::Gather(const HypothesisRef& h, ScoreCache::Reached* reached) {
  h_ = h;
  mode_ = &modes_[h.mode];
  tables_ = &TablesOf(mode_->kind);
  if (reached->generation != cache_->generation() || reached->slots != cache_->slots()) {
    Reach(h, reached);
  }
  reached_ = reached;
  tree_ = reached->tree.get();
  spots_.clear();
  most_ = 0;
  timed_ = false;
  assumed_known_ = false;
  silence_at_root_ = silent_root_ = false;
  silence_onset_ = INT64_MAX;
  bool root_term = false;
  all_weak_ = true;
  uint64_t print = 0;
  auto mix = [&print](uint64_t what, uint64_t id) {
    print += ScoreCache::Mix(what + (id + 1) * 0x9E3779B97F4A7C15u);
  };
  for (ScoreCache::ReachedPlace& at : reached->places) {
    const uint32_t place = at.slot < place_at_.size() ? place_at_[at.slot] : kNoPlace;
    Spot& spot = spots_.emplace_back(Spot{at.node, place, nullptr});
    if (place == kNoPlace) continue;
    PlaceView* const view = place_views_[place];
    if (at.node == 0) {
      silence_at_root_ = view->silence_visible;
      silence_onset_ = view->silence_onset;
      silent_root_ = view->silence_any;
      if (view->silence_any) mix(mixes_[place], at.slot);
      if (mode_->kind == ModeKind::kLink) continue;  // the far end has no evidence of its own
    } else if (at.named) {
      mix(mixes_[place], at.slot);
    }
    if (at.news != cache_->SurroundingsOf(at.slot).news.size()) Situate(&at);
    PlaceEffect* effect = at.situation == 0 ? view->nothing : view->effects.Find(at.situation);
    if (!effect) effect = EffectAt(at, view);
    spot.effect = effect;
    if (at.node == 0) root_term = !effect->parts.empty();
    all_weak_ &= effect->all_weak;
    most_ += effect->most;
    timed_ |= effect->onset_count > 0;
    mix(effect->print, at.slot);
  }
  all_weak_ &= root_term;
  return print;
}

}  // namespace culprit
