// What the evidence says under a hypothesis, place by place: terms with perfect timing. Kept by
// what they depend on (score_cache.h).
#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/correlate/score.h"

namespace culprit {
namespace {

constexpr double kOnsetProbability = .02;

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

SpotEffect* Scorer::EffectOf(PartView* view, uint32_t situation, int32_t node) {
  if (SpotEffect* const known = view->effects.Find(situation)) return known;
  FillSpot(nullptr, view->part, node);
  SpotEffect* const fresh = cache_->Intern(node == 0, terms_, timing_);
  view->effects.Add(situation, fresh, cache_->memory());
  return fresh;
}

// The terms of a part at this node. `sources`: of each, or null.
void Scorer::FillSpot(std::vector<TermSource>* sources, uint32_t part, int32_t node) {
  const PartView& view = *views_[part].view;
  const auto groups = evidence_.GroupsOf(evidence_.parts()[part]);
  terms_.clear();
  timing_.clear();
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
    terms_.push_back(term);
    timing_.push_back(TimingOf(term));
    if (sources) sources->push_back(source);
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
