// What the evidence says under a hypothesis, place by place: terms with perfect timing. Kept by
// what they depend on (score_cache.h).
#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/correlate/score.h"

namespace culprit {
namespace {

constexpr double kOnsetProbability = .02;
constexpr size_t kMaxOther = 64;  // effects of a view with targets elsewhere

}  // namespace

const Mode::Listing* Scorer::ListingOf(const SymptomItem& item, int32_t node) const {
  if (mode_->listings.empty()) return nullptr;
  if (node == 0) return mode_->Find(item.signature, kAtSelf);
  if (const auto* listing = mode_->Find(item.signature, item.component)) return listing;
  const bool about_root =
      item.target == h_.component || (item.target == kNoComponent && tree_->nodes[node].hops == 1);
  return about_root ? mode_->Find(item.signature, kAtAnyDependent) : nullptr;
}

double Scorer::ClassProbability(SymptomClass cls, ComponentId target, int32_t node) const {
  const auto c = static_cast<size_t>(cls);
  if (node == 0) return tables_->own[c];
  if (!IsDependencyClass(cls)) return VictimProbability(cls);
  const double relay = RelayProbability(cls);
  if (target != kNoComponent) {
    if (target == h_.component) return tables_->dependent[c];
    const int32_t at = tree_->Find(target);
    return at < 0 ? 0 : relay * tree_->nodes[at].reach;
  }
  return tree_->nodes[node].hops == 1 ? std::max(tables_->dependent[c], .5 * relay) : relay;
}

double Scorer::WeakCap(bool at_root) const {
  if (!at_root) return options_.weak_victim;
  switch (mode_->kind) {
    case ModeKind::kFaulty:
      return options_.weak_own_faulty;
    case ModeKind::kDown:
      return options_.weak_own_down;
    default:
      return options_.weak_own_slow;
  }
}

uint64_t Scorer::WeakLines(const EvidenceSet::Group& group) const {
  uint64_t lines = 0;
  for (uint32_t i = group.begin; i < group.end; ++i) {
    const SymptomItem& item = evidence_.items()[i];
    if (item.weak && !mask_[i]) lines += item.count;
  }
  return lines;
}

// All that evidence can depend on in where its targets lie.
uint64_t Scorer::Places(const std::vector<ComponentId>& targets) const {
  uint64_t hash = 1;
  for (ComponentId target : targets) {
    uint64_t where = 1;
    if (target != h_.component) {
      const int32_t at = tree_->Find(target);
      where = at < 0 ? 2 : std::bit_cast<uint64_t>(tree_->nodes[at].reach);
    }
    hash = ScoreCache::Mix(hash * 0x9E3779B97F4A7C15u + where);
  }
  return hash;
}

uint64_t Scorer::WeakVolume(const EvidenceSet::Part& part) const {
  uint64_t hash = 1;
  for (uint32_t g : evidence_.GroupsOf(part)) {
    const EvidenceSet::Group& group = evidence_.groups()[g];
    for (uint32_t i = group.begin; i < group.end; ++i) {
      const SymptomItem& item = evidence_.items()[i];
      if (mask_[i] || !item.weak) continue;
      hash = ScoreCache::Mix(hash * 0x9E3779B97F4A7C15u + item.count);
    }
  }
  return hash;
}

SpotEffect* Scorer::EffectOf(uint32_t part, int32_t node) {
  PartView& view = *views_[part].view;
  const size_t distance = node == 0 ? 0 : tree_->nodes[node].hops == 1 ? 1 : 2;
  size_t row = static_cast<size_t>(mode_->kind);
  bool speaks = false;
  if (mode_->mentions != 0) {
    const auto speaker = std::lower_bound(view.speaking.begin(), view.speaking.end(), h_.mode);
    speaks = speaker != view.speaking.end() && *speaker == h_.mode;
    if (speaks) row = kModeKindCount + static_cast<size_t>(speaker - view.speaking.begin());
  }
  // Away from the root the kinds differ in what direct dependents say of it only.
  if (!speaks && (distance == 2 || (distance == 1 && !view.dependency_visible))) {
    const bool names_root =
        std::find(view.targets.begin(), view.targets.end(), h_.component) != view.targets.end();
    if (!names_root) row = 0;
  }
  const auto slot = static_cast<uint32_t>(3 * row + distance);
  uint64_t where = 0;
  if (node != 0 && !view.targets.empty()) where = Places(view.targets);
  if (node == 0 && view.weak_visible) where = WeakVolume(evidence_.parts()[part]);
  PartView::Known& known = view.effects[slot];
  if (known.effect && known.where == where) return known.effect;
  for (const auto& [other, effect] : view.other_effects) {
    if (other == slot && effect.where == where) return effect.effect;
  }
  FillSpot(&fresh_, nullptr, part, node);
  SpotEffect* const effect = cache_->Intern(fresh_);
  if (known.effect && node != 0) {
    if (view.other_effects.size() >= kMaxOther) view.other_effects.clear();
    view.other_effects.push_back({slot, {where, effect}});
  }
  if (!known.effect || node == 0) known = {where, effect};
  return effect;
}

void Scorer::FillSpot(SpotEffect* out, std::vector<TermSource>* sources, uint32_t part,
                      int32_t node) {
  SpotEffect& effect = *out;
  const PartView& view = *views_[part].view;
  const auto groups = evidence_.GroupsOf(evidence_.parts()[part]);
  effect.root = node == 0;
  effect.hidden = view.hidden;
  effect.terms.clear();
  effect.all_weak = true;
  effect.onset_count = 0;
  effect.from = INT64_MAX;
  effect.to = INT64_MIN;
  if (sources) sources->clear();
  term_lines_.clear();
  const auto& items = evidence_.items();
  auto add = [&](SpotTerm& term, const TermSource& source, uint32_t line, double p, double leak) {
    if (p <= 0) return;
    term.full = (1 - (1 - p) * (1 - leak)) / leak;
    term.onset_candidate = !term.silence && p > kOnsetProbability;
    term_lines_.push_back(line);
    if (line != 0) {
      term.line = static_cast<uint32_t>(std::find(term_lines_.begin(), term_lines_.end(), line) -
                                        term_lines_.begin()) +
                  1;
    }
    effect.all_weak &= term.weak;
    effect.terms.push_back(term);
    if (sources) sources->push_back(source);
    const auto [from, to] = Counting(term);
    effect.from = std::min(effect.from, from);
    effect.to = std::max(effect.to, to);
    if (!term.onset_candidate) return;
    KeepEarliest(term.onset, &effect.onsets, &effect.onset_count);
  };
  for (const GroupView& group : view.groups) {
    const EvidenceSet::Group& all = evidence_.groups()[groups[group.ordinal]];
    const bool dependency = IsDependencyClass(group.cls);
    const bool names_root = dependency && node != 0 && group.target == h_.component;
    SpotTerm shared;
    shared.late_after = names_root ? options_.late_after_named : options_.late_after;
    shared.silence = group.cls == SymptomClass::kSilence;
    shared.dependency = dependency;
    shared.server_error = group.cls == SymptomClass::kServerError;
    Gathered said{true, group.weak, group.claimed, group.line, group.onset, group.leak};
    uint64_t lines = 0;
    if (mode_->MayMention(group.mentioned)) {
      said = {};
      for (uint32_t i = all.begin; i < all.end; ++i) {
        const SymptomItem& item = items[i];
        if (mask_[i]) continue;
        if (mode_->MayMention(Mode::BitOf(item.signature))) {
          if (mode_->Spares(item.signature)) continue;
          if (const auto* listing = ListingOf(item, node)) {
            SpotTerm term = shared;
            term.at_self = listing->at == kAtSelf;
            term.at_any = listing->at == kAtAnyDependent;
            term.late_after = names_root ? std::max(listing->late_after, options_.late_after_named)
                                         : listing->late_after;
            term.onset = item.onset;
            add(term, {i, i + 1, true}, evidence_.LineOf(i), listing->p, item.leak);
            continue;
          }
        }
        if (item.weak) lines += item.count;
        Add(i, &said);
      }
      if (!said.any) continue;
    } else if (said.weak && node == 0) {
      lines = WeakLines(all);
    }
    double p = ClassProbability(group.cls, group.target, node);
    if (said.claimed && !dependency) p *= options_.claimed_elsewhere;
    if (said.weak) {
      shared.weak = true;
      p = std::min(p, WeakCap(node == 0));
      if (node == 0 && lines > 10) {
        p *= std::min(options_.weak_volume_max, 1 + std::log10(static_cast<double>(lines) / 10));
      }
    }
    shared.onset = said.onset;
    add(shared, {all.begin, all.end, false}, said.line, p, said.leak);
  }
}

double Scorer::Probability(const HypothesisRef& h, uint32_t item) const {
  const SymptomItem& it = evidence_.items()[item];
  Scorer copy(topology_, modes_, evidence_, now_, options_);
  copy.h_ = h;
  copy.mode_ = &modes_[h.mode];
  copy.tables_ = &TablesOf(copy.mode_->kind);
  const auto tree = Tree(h);
  copy.tree_ = tree.get();
  const int32_t node = copy.tree_->Find(it.component);
  if (node < 0 || (node == 0 && copy.mode_->kind == ModeKind::kLink)) return 0;
  if (copy.mode_->Spares(it.signature)) return 0;
  if (const auto* listing = copy.ListingOf(it, node)) return listing->p;
  double p = copy.ClassProbability(it.cls, it.target, node);
  if (!IsDependencyClass(it.cls) && modes_.Claimed(it.signature)) p *= options_.claimed_elsewhere;
  return it.weak ? std::min(p, copy.WeakCap(node == 0)) : p;
}

}  // namespace culprit
