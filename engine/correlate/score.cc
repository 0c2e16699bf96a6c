#include "engine/correlate/score.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <string>

namespace culprit {
namespace {

constexpr double kMicro = 1e6;
constexpr double kMaxExponent = 60;
constexpr double kMinLog = -27.6;  // ln 1e-12: floor of one component's evidence
constexpr double kOnsetProbability = .02;

int64_t Quantise(double nats) { return std::llround(nats * kMicro); }
double Seconds(DurationUs d) { return static_cast<double>(d) / kSecondUs; }

}  // namespace

Scorer::Scorer(const Topology& topology, const ModeCatalog& modes, const EvidenceSet& evidence,
               TimeUs now, const CorrelatorOptions& options, ScoreCache* cache)
    : topology_(topology),
      modes_(modes),
      evidence_(evidence),
      now_(now),
      options_(options),
      own_cache_(cache ? nullptr : std::make_unique<ScoreCache>()),
      cache_(cache ? cache : own_cache_.get()) {
  if (!cache) cache_->Prepare(topology, evidence);
}

std::shared_ptr<const ReachTree> Scorer::Tree(const HypothesisRef& h) const {
  const Mode& mode = modes_[h.mode];
  TreeRequest request;
  request.root = h.component;
  request.only = h.from;
  if (!mode.extra.empty()) {
    request.mode = h.mode;
    request.extra = mode.extra;
  }
  return topology_.Reach(request);
}

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

// All that scores can depend on, by place.
void Scorer::Load() {
  loaded_ = true;
  const auto& items = evidence_.items();
  std::string bytes;
  auto put = [&](const auto& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  for (uint32_t place = 0; place < evidence_.components().size(); ++place) {
    const auto groups = evidence_.GroupsAt(place);
    bytes.clear();
    put(evidence_.components()[place]);
    const uint32_t begin = groups.front().begin;
    for (uint32_t i = begin; i < groups.back().end; ++i) {
      const SymptomItem& item = items[i];
      uint32_t line = 0;  // the first item that shares it
      if (item.line != 0) {
        for (line = begin; items[line].line != item.line;) ++line;
        line += 1 - begin;
      }
      put(item.onset);
      put(item.leak);
      put(item.target);
      put(item.chunk);
      put(item.signature);
      put(line);
      put(static_cast<uint8_t>(item.cls));
      put(static_cast<uint8_t>(item.weak));
    }
    contents_.push_back(cache_->Content(bytes));
  }
}

void Scorer::UseMask(const HiddenMask& hidden) {
  if (masked_ && mask_ == hidden) return;
  if (!loaded_) Load();
  masked_ = true;
  mask_ = hidden;
  const size_t n = evidence_.components().size();
  views_.resize(n);
  mixes_.resize(n);
  for (uint32_t place = 0; place < n; ++place) {
    const auto groups = evidence_.GroupsAt(place);
    const uint32_t begin = groups.front().begin;
    bool added = false;
    const uint32_t view = cache_->View(
        contents_[place],
        {reinterpret_cast<const char*>(hidden.data()) + begin, groups.back().end - begin}, &added);
    if (added) FillView(&cache_->view(view), place);
    views_[place] = view;
    mixes_[place] = ScoreCache::Mix(view + 0x9E3779B97F4A7C15u);
  }
}

void Scorer::FillView(PlaceView* view, uint32_t place) const {
  const auto groups = evidence_.GroupsAt(place);
  view->component = evidence_.components()[place];
  for (uint32_t i = groups.front().begin; i < groups.back().end; ++i) {
    const SymptomItem& item = evidence_.items()[i];
    const bool silence = item.cls == SymptomClass::kSilence;
    view->silence_any |= silence;
    if (mask_[i]) continue;
    view->visible = true;
    if (silence) {
      view->silence_visible = true;
      view->silence_onset = std::min(view->silence_onset, item.onset);
    }
    if (item.target != kNoComponent) view->targets.push_back(item.target);
    view->signatures.push_back(item.signature);
    view->weak_visible |= item.weak;
  }
  auto unique = [](auto* list) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  };
  unique(&view->targets);
  unique(&view->signatures);
  for (SignatureIndex signature : view->signatures) {
    const auto& modes = modes_.Speaking(signature);
    view->speaking.insert(view->speaking.end(), modes.begin(), modes.end());
  }
  unique(&view->speaking);
}

// All that a place's evidence can depend on in where its targets lie.
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

uint64_t Scorer::WeakVolume(uint32_t place) const {
  uint64_t hash = 1;
  const auto groups = evidence_.GroupsAt(place);
  for (uint32_t i = groups.front().begin; i < groups.back().end; ++i) {
    const SymptomItem& item = evidence_.items()[i];
    if (mask_[i] || !item.weak) continue;
    hash = ScoreCache::Mix(hash * 0x9E3779B97F4A7C15u + item.count);
  }
  return hash;
}

uint64_t Scorer::Gather(const HypothesisRef& h, const HiddenMask& hidden) {
  UseMask(hidden);
  h_ = h;
  mode_ = &modes_[h.mode];
  tables_ = &TablesOf(mode_->kind);
  ScoreCache::Reached& reached = cache_->ReachedBy(h);
  if (!reached.tree) {
    reached.tree = Tree(h);
    const auto& components = evidence_.components();
    for (uint32_t place = 0; place < components.size(); ++place) {
      const int32_t node = reached.tree->Find(components[place]);
      if (node < 0) continue;
      ScoreCache::ReachedPlace& at = reached.places.emplace_back();
      at.place = place;
      at.node = node;
      at.named = node > 0 && mode_->Names(components[place]);
      at.recent.fill({UINT32_MAX, nullptr});
    }
  }
  tree_ = reached.tree;
  spots_.clear();
  silence_at_root_ = false;
  silence_onset_ = INT64_MAX;
  bool root_term = false;
  all_weak_ = true;
  uint64_t print = 0;
  auto mix = [&print](uint64_t a, uint64_t b) {
    print += ScoreCache::Mix((a << 32 | b) + 0x9E3779B97F4A7C15u);
  };
  for (ScoreCache::ReachedPlace& at : reached.places) {
    const uint32_t id = views_[at.place];
    const PlaceView& view = cache_->view(id);
    if (at.node == 0) {
      silence_at_root_ = view.silence_visible;
      silence_onset_ = view.silence_onset;
      if (view.silence_any) mix(id, at.place | 1u << 31);
      if (mode_->kind == ModeKind::kLink) continue;  // the far end has no evidence of its own
    } else if (at.named) {
      mix(id, at.place | 1u << 31);
    }
    const SpotData* data = nullptr;
    const bool volume = at.node == 0 && view.weak_visible;
    for (const auto& [seen, kept] : at.recent) {
      if (seen == id && !volume) data = kept;
    }
    if (!data) {
      ScoreCache::SpotKey key;
      key.view = id;
      key.mode = std::binary_search(view.speaking.begin(), view.speaking.end(), h.mode)
                     ? h.mode
                     : static_cast<int32_t>(mode_->kind);
      if (at.node != 0 && !view.targets.empty()) key.targets = Places(view.targets);
      if (volume) key.targets = WeakVolume(at.place);
      key.place = at.node == 0 ? 0 : tree_->nodes[at.node].hops == 1 ? 1 : 2;
      bool added = false;
      SpotData& fresh = cache_->Spot(key, &added);
      if (added) FillSpot(&fresh, at.place, at.node);
      at.recent[at.next++ % at.recent.size()] = {id, &fresh};
      data = &fresh;
    }
    SpotEffect* effect = data->effect;
    if (at.node == 0) root_term = !effect->terms.empty();
    all_weak_ &= effect->all_weak;
    mix(effect->id, at.place);
    spots_.push_back({at.node, at.place, &view, data, effect});
  }
  all_weak_ &= root_term;
  return print;
}

void Scorer::FillSpot(SpotData* data, uint32_t place, int32_t node) {
  SpotEffect effect;
  effect.root = node == 0;
  std::vector<uint32_t> term_lines;  // of the evidence
  const auto& items = evidence_.items();
  const auto groups = evidence_.GroupsAt(place);
  const uint32_t base = groups.front().begin;
  auto add = [&](SpotTerm term, const SpotData::Source& source, uint32_t line, double p,
                 double leak) {
    if (p <= 0) return;
    term.full = (1 - (1 - p) * (1 - leak)) / leak;
    term.onset_candidate = !term.silence && p > kOnsetProbability;
    term_lines.push_back(line);
    if (line != 0) {
      term.line = static_cast<uint32_t>(std::find(term_lines.begin(), term_lines.end(), line) -
                                        term_lines.begin()) +
                  1;
    }
    effect.all_weak &= term.weak;
    effect.terms.push_back(term);
    data->sources.push_back(source);
    if (!term.onset_candidate) return;
    TimeUs onset = term.onset;
    for (uint32_t i = 0; i < effect.onset_count; ++i) {
      if (onset < effect.onsets[i]) std::swap(onset, effect.onsets[i]);
    }
    if (effect.onset_count < effect.onsets.size()) effect.onsets[effect.onset_count++] = onset;
  };
  for (const EvidenceSet::Group& group : groups) {
    const bool dependency = IsDependencyClass(group.cls);
    SpotTerm shared;
    shared.late_after = options_.late_after;
    shared.silence = group.cls == SymptomClass::kSilence;
    shared.dependency = dependency;
    shared.server_error = group.cls == SymptomClass::kServerError;
    int strong = 0, weak = 0;
    bool claimed = true;
    uint64_t lines = 0;
    double leak = 0;
    uint32_t line = 0;
    for (uint32_t i = group.begin; i < group.end; ++i) {
      const SymptomItem& item = items[i];
      if (mask_[i]) {
        effect.hidden.own = true;
        effect.hidden.dependency |= dependency;
        effect.hidden.server_error |= shared.server_error;
        continue;
      }
      if (mode_->Spares(item.signature)) continue;
      if (const auto* listing = ListingOf(item, node)) {
        SpotTerm term = shared;
        term.at_self = listing->at == kAtSelf;
        term.at_any = listing->at == kAtAnyDependent;
        term.late_after = listing->late_after;
        term.onset = item.onset;
        add(term, {i - base, i + 1 - base, true}, item.line, listing->p, item.leak);
        continue;
      }
      // Items come by onset; a strong one replaces what weak ones said.
      if (item.weak) {
        lines += item.count;
        if (strong > 0) continue;
        if (weak++ == 0) {
          shared.onset = item.onset;
          leak = item.leak;
          line = item.line;
        }
      } else if (strong++ == 0) {
        shared.onset = item.onset;
        leak = item.leak;
        line = item.line;
      }
      claimed &= modes_.Claimed(item.signature);
      leak = std::min(leak, item.leak);
      if (line != item.line) line = 0;
    }
    if (strong + weak == 0) continue;
    double p = ClassProbability(group.cls, group.target, node);
    if (claimed && !dependency) p *= options_.claimed_elsewhere;
    if (strong == 0) {
      shared.weak = true;
      p = std::min(p, WeakCap(node == 0));
      if (node == 0 && lines > 10) {
        p *= std::min(options_.weak_volume_max, 1 + std::log10(static_cast<double>(lines) / 10));
      }
    }
    add(shared, {group.begin - base, group.end - base, false}, line, p, leak);
  }
  data->effect = cache_->Intern(std::move(effect));
}

double Scorer::Probability(const HypothesisRef& h, uint32_t item) const {
  const SymptomItem& it = evidence_.items()[item];
  Scorer copy(topology_, modes_, evidence_, now_, options_);
  copy.h_ = h;
  copy.mode_ = &modes_[h.mode];
  copy.tables_ = &TablesOf(copy.mode_->kind);
  copy.tree_ = Tree(h);
  const int32_t node = copy.tree_->Find(it.component);
  if (node < 0 || (node == 0 && copy.mode_->kind == ModeKind::kLink)) return 0;
  if (copy.mode_->Spares(it.signature)) return 0;
  if (const auto* listing = copy.ListingOf(it, node)) return listing->p;
  double p = copy.ClassProbability(it.cls, it.target, node);
  if (!IsDependencyClass(it.cls) && modes_.Claimed(it.signature)) p *= options_.claimed_elsewhere;
  return it.weak ? std::min(p, copy.WeakCap(node == 0)) : p;
}

double Scorer::Maturity(double since_onset, int hops, double stretch) const {
  return 1 - std::exp(-since_onset / (options_.absence_maturity * stretch * std::max(1, hops)));
}

bool Scorer::SignatureAt(const Spot* spot, SignatureIndex signature) const {
  if (!spot) return false;
  const auto groups = evidence_.GroupsAt(spot->place);
  for (uint32_t i = groups.front().begin; i < groups.back().end; ++i) {
    if (evidence_.items()[i].signature == signature) return true;
  }
  return false;
}

// ln P(nothing of what is expected here and was not seen), for a component that logged since T.
double Scorer::AbsenceLog(const Spot* spot, int32_t node, double since_onset,
                          const SpotSeen& seen) const {
  const ReachNode& at = tree_->nodes[node];
  double log = 0;
  if (node == 0) {
    const double mature = Maturity(since_onset, 1);
    if (!seen.own) {
      if (mode_->self_listed > 0) {
        log += std::log1p(-mode_->self_listed * mature);
      } else {
        for (size_t c = 0; c < kSymptomClassCount; ++c) {
          if (c != static_cast<size_t>(SymptomClass::kSilence) && tables_->own[c] > 0) {
            log += std::log1p(-tables_->own[c] * mature);
          }
        }
      }
    }
    // A component seen logging is unlikely to be down, unless it says so itself.
    if (mode_->kind == ModeKind::kDown && !(spot && spot->view->silence_any) && !seen.self_listed) {
      const double silent = tables_->own[static_cast<size_t>(SymptomClass::kSilence)];
      const double tau = std::max(0.0, since_onset - options_.silence_lag);
      log += std::log1p(-silent * (1 - std::exp(-tau / 15)));
    }
    return log;
  }
  if (mode_->Names(at.id)) {
    bool any = false;
    for (const Mode::Listing& listing : mode_->listings) {
      if (listing.at != at.id) continue;
      if (SignatureAt(spot, listing.signature)) {
        any = true;
        continue;
      }
      const double stretch = std::max(1.0, listing.late_after / 120);
      log += std::log1p(-listing.p * Maturity(since_onset, 1, stretch));
    }
    return any ? options_.absence_beside_symptom * log : log;
  }
  const double mature = Maturity(since_onset, at.hops);
  if (!seen.dependency) {
    if (mode_->any_listed > 0 && at.hops == 1) {
      if (!seen.any_listed) log += std::log1p(-mode_->any_listed * mature);
    } else {
      for (SymptomClass cls :
           {SymptomClass::kRefused, SymptomClass::kTimeout, SymptomClass::kDepError}) {
        const double p =
            at.hops == 1 ? tables_->dependent[static_cast<size_t>(cls)] : RelayProbability(cls);
        log += std::log1p(-p * mature);
      }
    }
  }
  if (!seen.server_error) {
    log += std::log1p(-VictimProbability(SymptomClass::kServerError) * mature);
  }
  return log;
}

// AbsenceLog in micro-nats; clears settled_ if it is still growing.
int64_t Scorer::Missing(const Spot* spot, int32_t node, TimeUs onset, const SpotSeen& seen) {
  constexpr double kEver = 1e12;  // seconds
  auto compute = [&](double since_onset) {
    return Quantise(AbsenceLog(spot, node, since_onset, seen));
  };
  const double since = Seconds(now_ - onset);
  if (node != 0 && mode_->Names(tree_->nodes[node].id)) {
    const int64_t value = compute(since);
    settled_ &= value == compute(kEver);
    return value;
  }
  const bool silence = spot && spot->view->silence_any;
  const int32_t mode =
      mode_->self_listed > 0 || mode_->any_listed > 0 ? h_.mode : static_cast<int32_t>(mode_->kind);
  const uint64_t what =
      static_cast<uint64_t>(mode) << 32 | static_cast<uint64_t>(tree_->nodes[node].hops) << 8 |
      uint64_t{node == 0} << 7 | uint64_t{silence} << 5 | uint64_t{seen.own} << 4 |
      uint64_t{seen.dependency} << 3 | uint64_t{seen.server_error} << 2 |
      uint64_t{seen.self_listed} << 1 | uint64_t{seen.any_listed};
  ScoreCache::Absence& known = cache_->AbsenceAt(onset, what);
  if (known.what != what || known.onset != onset || (!known.settled && known.now != now_)) {
    known = {onset, now_, what, compute(since), false};
    known.settled = known.value == compute(kEver);
  }
  settled_ &= known.settled;
  return known.value;
}

double Scorer::Ratio(const SpotTerm& term, TimeUs onset) const {
  double g = 1;
  if (!term.silence) {
    const double d = Seconds(term.onset - onset);
    if (d < -options_.skew_slack) {
      g = std::exp((d + options_.skew_slack) / options_.early_decay);
    } else if (d > term.late_after) {
      g = std::exp(-(d - term.late_after) / options_.late_decay);
    }
  }
  return 1 + (term.full - 1) * g;
}

bool Scorer::Counts(const SpotEffect& data, size_t t) const {
  const uint32_t line = data.terms[t].line;
  if (line == 0) return true;
  for (size_t o = 0; o < ratios_.size(); ++o) {
    if (o == t || data.terms[o].line != line) continue;
    if (ratios_[o] > ratios_[t] || (ratios_[o] == ratios_[t] && o < t)) return false;
  }
  return true;
}

const SpotEffect::At& Scorer::PresentAt(const Spot& spot, TimeUs onset) {
  SpotEffect& data = *spot.effect;
  for (const SpotEffect::At& at : data.at) {
    if (at.onset == onset) return at;
  }
  SpotEffect::At result{onset, 0, kNoTime, data.hidden};
  bool not_silence = false;
  TimeUs first = kNoTime;
  ratios_.resize(data.terms.size());
  for (size_t t = 0; t < data.terms.size(); ++t) {
    const SpotTerm& term = data.terms[t];
    ratios_[t] = Ratio(term, onset);
    if (ratios_[t] <= 1) continue;
    result.seen.own = true;
    result.seen.dependency |= term.dependency || term.weak;
    result.seen.server_error |= term.server_error || term.weak;
    result.seen.self_listed |= term.at_self;
    result.seen.any_listed |= term.at_any;
    not_silence |= !term.silence;
    if (first == kNoTime || term.onset < first) first = term.onset;
  }
  for (size_t t = 0; t < data.terms.size(); ++t) {
    if (ratios_[t] <= 1 || !Counts(data, t)) continue;
    double nats = std::log(ratios_[t]);
    const SpotTerm& term = data.terms[t];
    if (term.weak && data.root && term.onset > onset) {
      const double late = Seconds(term.onset - onset) * options_.weak_order_per_second;
      nats -= std::min(options_.weak_order_max, late);
    }
    result.sum += Quantise(nats);
  }
  if (not_silence) result.first = first;
  cache_->CountTerms(1);
  return data.at.emplace_back(result);
}

void Scorer::Responsibilities(const Spot& spot, TimeUs onset, HypothesisDetail* detail) {
  const uint32_t base = evidence_.GroupsAt(spot.place).front().begin;
  for (size_t t = 0; t < spot.effect->terms.size(); ++t) {
    const double ratio = Ratio(spot.effect->terms[t], onset);
    if (ratio <= 1) continue;
    const SpotData::Source& source = spot.data->sources[t];
    for (uint32_t i = base + source.begin; i < base + source.end; ++i) {
      const SymptomItem& item = evidence_.items()[i];
      if (mask_[i]) continue;
      if (!source.listed && (mode_->Spares(item.signature) || ListingOf(item, spot.node))) continue;
      // For now the part of this place alone; Evaluate multiplies by P(place impaired).
      detail->responsibility.emplace_back(i, 1 - 1 / ratio);
    }
  }
}

int64_t Scorer::Evaluate(TimeUs onset, ComponentId mute, HypothesisDetail* detail) {
  const auto& nodes = tree_->nodes;
  const size_t n = nodes.size();
  const bool link = mode_->kind == ModeKind::kLink;
  sum_.assign(n, 0);
  first_.assign(n, kNoTime);
  own_.assign(n, 0);
  std::vector<uint8_t> absent(detail ? n : 0, 0);
  std::vector<std::pair<size_t, int32_t>> responsible;  // first index in detail, node
  const bool mature = now_ > onset;
  settled_ &= mature;
  // Whether it logged since the assumed onset.
  auto logged = [&](ComponentId id) {
    const TimeUs alive = evidence_.Alive(id);
    settled_ &= alive >= onset || alive == kNoTime;
    return alive >= onset;
  };
  for (const Spot& spot : spots_) {
    const SpotEffect::At& at = PresentAt(spot, onset);
    const ComponentId id = nodes[spot.node].id;
    int64_t sum = at.sum;
    first_[spot.node] = at.first;
    if ((spot.node == 0 || !all_weak_) && mature && id != mute && logged(id)) {
      const int64_t missing = Missing(&spot, spot.node, onset, at.seen);
      sum += missing;
      if (detail) absent[spot.node] = missing < 0;
    }
    own_[spot.node] = std::clamp(sum, Quantise(kMinLog), Quantise(options_.evidence_cap));
    if (detail) {
      responsible.emplace_back(detail->responsibility.size(), spot.node);
      Responsibilities(spot, onset, detail);
    }
  }
  // Places without any symptom differ only by hops (and edge, for leaves): computed once.
  constexpr int64_t kUnset = INT64_MIN;
  quiet_.assign(static_cast<size_t>(options_.max_depth) + 3, kUnset);
  const size_t classes = tree_->edge_values.size();
  quiet_leaf_.assign(quiet_.size() * classes, kUnset);
  if (detail) up_.assign(n, {});

  int64_t root = 0;
  for (size_t i = n; i-- > 0;) {
    const ReachNode& node = nodes[i];
    int64_t a = own_[i];
    bool plain = false;
    if (spot_of_node_[i] < 0) {
      if (mature && !(i == 0 ? link : all_weak_) && node.id != mute && logged(node.id)) {
        if (i == 0 || (mode_->spec >= 0 && mode_->Names(node.id))) {
          a = Missing(nullptr, static_cast<int32_t>(i), onset, {});
        } else {
          int64_t& q = quiet_[node.hops];
          if (q == kUnset) q = Missing(nullptr, static_cast<int32_t>(i), onset, {});
          a = q;
          plain = true;
        }
        if (detail) absent[i] = a < 0;
      }
    } else if (node.parent >= 0 && a > 0 && first_[i] != kNoTime &&
               first_[node.parent] != kNoTime) {
      const double d = Seconds(first_[i] - first_[node.parent]) + options_.skew_slack;
      if (d < 0) a += Quantise(std::max(-1.0, d / options_.early_decay));
    }
    if (detail) own_[i] = a;
    if (i == 0) {
      root = cache_->Message(a, options_.own_visible) + sum_[0];
      break;
    }
    const int64_t m = a + sum_[i];
    int64_t message;
    if (plain && node.leaf) {
      int64_t& q = quiet_leaf_[node.hops * classes + node.edge_class];
      if (q == kUnset) q = cache_->Message(m, node.edge);
      message = q;
    } else {
      message = cache_->Message(m, node.edge);
    }
    sum_[node.parent] += message;
    if (detail) {
      const double x = std::exp(std::min(static_cast<double>(m) / kMicro, kMaxExponent));
      up_[i] = {message, node.edge * x / (node.edge * x + 1 - node.edge)};
    }
  }
  if (detail) {
    std::vector<double> impaired(n, 1.0);
    for (size_t i = 1; i < n; ++i) impaired[i] = impaired[nodes[i].parent] * up_[i].posterior;
    for (size_t s = 0; s < responsible.size(); ++s) {
      const size_t end =
          s + 1 < responsible.size() ? responsible[s + 1].first : detail->responsibility.size();
      for (size_t r = responsible[s].first; r < end; ++r) {
        detail->responsibility[r].second *= impaired[responsible[s].second];
      }
    }
    std::sort(detail->responsibility.begin(), detail->responsibility.end());
    detail->places.reserve(n);
    for (size_t i = 0; i < n; ++i) {
      detail->places.push_back(
          {nodes[i].id, i == 0 ? root : up_[i].message, own_[i], absent[i] != 0});
    }
    detail->tree = tree_;
  }
  return root;
}

int64_t Scorer::ScoreAt(const HypothesisRef& h, const HiddenMask& hidden, TimeUs onset) {
  Gather(h, hidden);
  spot_of_node_.assign(tree_->nodes.size(), -1);
  for (size_t i = 0; i < spots_.size(); ++i) {
    spot_of_node_[spots_[i].node] = static_cast<int32_t>(i);
  }
  return Evaluate(onset, kNoComponent, nullptr);
}

std::optional<HypothesisScore> Scorer::Score(const HypothesisRef& h, const HiddenMask& hidden,
                                             double prior_bonus, ComponentId mute,
                                             HypothesisDetail* detail) {
  Gather(h, hidden);
  return ScoreGathered(prior_bonus, mute, detail);
}

std::optional<HypothesisScore> Scorer::ScoreGathered(double prior_bonus, ComponentId mute,
                                                     HypothesisDetail* detail) {
  settled_ = true;
  spot_of_node_.assign(tree_->nodes.size(), -1);
  for (size_t i = 0; i < spots_.size(); ++i) {
    spot_of_node_[spots_[i].node] = static_cast<int32_t>(i);
  }
  // The three earliest onsets, and the root's own.
  std::array<TimeUs, 3> onsets;
  size_t count = 0;
  TimeUs own = kNoTime;
  for (const Spot& spot : spots_) {
    const SpotEffect& data = *spot.effect;
    if (spot.node == 0 && data.onset_count > 0) own = data.onsets[0];
    for (uint32_t k = 0; k < data.onset_count; ++k) {
      TimeUs onset = data.onsets[k];
      for (size_t i = 0; i < count; ++i) {
        if (onset < onsets[i]) std::swap(onset, onsets[i]);
      }
      if (count < onsets.size()) onsets[count++] = onset;
    }
  }
  std::array<std::pair<TimeUs, double>, 4> candidates;  // T, penalty
  size_t tried = 0;
  if (count == 0) {
    if (!silence_at_root_) return std::nullopt;
    candidates[tried++] = {silence_onset_ - std::llround(options_.silence_lag * kSecondUs), 0};
  } else {
    for (size_t i = 0; i < count; ++i) candidates[tried++] = {onsets[i], static_cast<double>(i)};
    if (own != kNoTime) {
      const TimeUs bound = own - std::llround(options_.skew_slack * kSecondUs);
      const auto before =
          std::lower_bound(onsets.begin(), onsets.begin() + count, bound) - onsets.begin();
      candidates[tried++] = {own, static_cast<double>(std::min<ptrdiff_t>(before, 2))};
    }
  }
  const double prior = (mode_->kind == ModeKind::kLink ? options_.link_prior : options_.prior) +
                       mode_->prior_offset + prior_bonus;
  std::optional<HypothesisScore> best;
  bool settled = true;
  for (size_t c = 0; c < tried; ++c) {
    const auto& [onset, penalty] = candidates[c];
    // The same onset again with no smaller penalty cannot win.
    if (c > 0 && candidates[c - 1] == candidates[c]) continue;
    settled_ = true;
    const int64_t value = Evaluate(onset, mute, nullptr) - Quantise(penalty) + Quantise(prior);
    if (!best || value > best->micro_nats || (value == best->micro_nats && onset < best->onset)) {
      best = HypothesisScore{value, onset};
      settled = settled_;
    }
  }
  // Missing evidence only grows: what is not the best onset now will never be.
  settled_ = settled;
  if (detail) {
    *detail = {};
    Evaluate(best->onset, mute, detail);
  }
  return best;
}

}  // namespace culprit
