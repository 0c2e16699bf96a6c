#include "engine/correlate/score.h"

#include <algorithm>
#include <cmath>

namespace culprit {
namespace {

constexpr double kMicro = 1e6;
constexpr double kMaxExponent = 60;
constexpr double kMinLog = -27.6;  // ln 1e-12: floor of one component's evidence
constexpr double kOnsetProbability = .02;

int64_t Quantise(double nats) { return std::llround(nats * kMicro); }
double Seconds(DurationUs d) { return static_cast<double>(d) / kSecondUs; }

// ln(1 + e (exp(m) - 1)): what a subtree of evidence m adds through an edge of strength e.
int64_t Message(int64_t m, double edge) {
  if (m == 0) return 0;
  const double v = static_cast<double>(m) / kMicro;
  return Quantise(v < kMaxExponent ? std::log1p(edge * std::expm1(v)) : v + std::log(edge));
}

}  // namespace

Scorer::Scorer(const Topology& topology, const ModeCatalog& modes, const EvidenceSet& evidence,
               TimeUs now, const CorrelatorOptions& options)
    : topology_(topology), modes_(modes), evidence_(evidence), now_(now), options_(options) {}

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

void Scorer::Prepare(const HypothesisRef& h, const HiddenMask& hidden) {
  h_ = h;
  hidden_ = &hidden;
  mode_ = &modes_[h.mode];
  tables_ = &TablesOf(mode_->kind);
  tree_ = Tree(h);
  terms_.clear();
  spots_.clear();
  spot_of_node_.assign(tree_->nodes.size(), -1);
  silence_at_root_ = false;
  const auto& items = evidence_.items();
  const auto& components = evidence_.components();
  for (uint32_t place = 0; place < components.size(); ++place) {
    const int32_t node = tree_->Find(components[place]);
    if (node < 0) continue;
    const auto groups = evidence_.GroupsAt(place);
    if (node == 0) {
      for (uint32_t i = groups.front().begin; i < groups.back().end; ++i) {
        silence_at_root_ |= items[i].cls == SymptomClass::kSilence && !hidden[i];
      }
      if (mode_->kind == ModeKind::kLink) continue;  // the far end has no evidence of its own
    }
    Spot spot;
    spot.node = node;
    spot.place = place;
    spot.begin = static_cast<uint32_t>(terms_.size());
    for (const EvidenceSet::Group& group : groups) {
      const bool dependency = IsDependencyClass(group.cls);
      const bool silence = group.cls == SymptomClass::kSilence;
      const bool server_error = group.cls == SymptomClass::kServerError;
      spot.silence_any |= silence;
      Term shared;
      shared.begin = group.begin;
      shared.end = group.end;
      shared.late_after = options_.late_after;
      shared.silence = silence;
      shared.dependency = dependency;
      shared.server_error = server_error;
      int strong = 0, weak = 0;
      bool claimed = true;
      uint64_t lines = 0;
      for (uint32_t i = group.begin; i < group.end; ++i) {
        const SymptomItem& item = items[i];
        if (hidden[i]) {
          spot.hidden.own = true;
          spot.hidden.dependency |= dependency;
          spot.hidden.server_error |= server_error;
          continue;
        }
        if (mode_->Spares(item.signature)) continue;
        if (const auto* listing = ListingOf(item, node)) {
          Term term = shared;
          term.listed = true;
          term.listed_at = listing->at;
          term.p = listing->p;
          term.late_after = listing->late_after;
          term.leak = item.leak;
          term.onset = item.onset;
          term.line = item.line;
          term.begin = i;
          term.end = i + 1;
          if (term.p > 0) terms_.push_back(term);
          continue;
        }
        // Items come by onset; a strong one replaces what weak ones said.
        if (item.weak) {
          lines += item.count;
          if (strong > 0) continue;
          if (weak++ == 0) {
            shared.onset = item.onset;
            shared.leak = item.leak;
            shared.line = item.line;
          }
        } else if (strong++ == 0) {
          shared.onset = item.onset;
          shared.leak = item.leak;
          shared.line = item.line;
        }
        claimed &= modes_.Claimed(item.signature);
        shared.leak = std::min(shared.leak, item.leak);
        if (shared.line != item.line) shared.line = 0;
      }
      if (strong + weak == 0) continue;
      shared.p = ClassProbability(group.cls, group.target, node);
      if (claimed && !dependency) shared.p *= options_.claimed_elsewhere;
      if (strong == 0) {
        shared.weak = true;
        shared.p = std::min(shared.p, WeakCap(node == 0));
        if (node == 0 && lines > 10) {
          shared.p *=
              std::min(options_.weak_volume_max, 1 + std::log10(static_cast<double>(lines) / 10));
        }
      }
      if (shared.p > 0) terms_.push_back(shared);
    }
    spot.end = static_cast<uint32_t>(terms_.size());
    spot_of_node_[node] = static_cast<int32_t>(spots_.size());
    spots_.push_back(spot);
  }
  all_weak_ = spot_of_node_[0] >= 0 &&
              spots_[spot_of_node_[0]].end > spots_[spot_of_node_[0]].begin &&
              std::all_of(terms_.begin(), terms_.end(), [](const Term& t) { return t.weak; });
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

double Scorer::Maturity(TimeUs onset, int hops, double stretch) const {
  const double tau = Seconds(now_ - onset);
  return 1 - std::exp(-tau / (options_.absence_maturity * stretch * std::max(1, hops)));
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
double Scorer::AbsenceLog(const Spot* spot, int32_t node, TimeUs onset, const Seen& seen) const {
  const ReachNode& at = tree_->nodes[node];
  double log = 0;
  if (node == 0) {
    const double mature = Maturity(onset, 1);
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
    if (mode_->kind == ModeKind::kDown && !(spot && spot->silence_any) && !seen.self_listed) {
      const double silent = tables_->own[static_cast<size_t>(SymptomClass::kSilence)];
      const double tau = std::max(0.0, Seconds(now_ - onset) - options_.silence_lag);
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
      log += std::log1p(-listing.p * Maturity(onset, 1, stretch));
    }
    return any ? options_.absence_beside_symptom * log : log;
  }
  const double mature = Maturity(onset, at.hops);
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

int64_t Scorer::SpotEvidence(const Spot& spot, TimeUs onset, ComponentId mute, bool* absence,
                             TimeUs* first_explained, HypothesisDetail* detail) {
  int64_t sum = 0;
  Seen seen = spot.hidden;
  bool not_silence = false;
  TimeUs first = kNoTime;
  ratios_.assign(spot.end - spot.begin, 1.0);
  for (uint32_t t = spot.begin; t < spot.end; ++t) {
    const Term& term = terms_[t];
    double g = 1;
    if (!term.silence) {
      const double d = Seconds(term.onset - onset);
      if (d < -options_.skew_slack) {
        g = std::exp((d + options_.skew_slack) / options_.early_decay);
      } else if (d > term.late_after) {
        g = std::exp(-(d - term.late_after) / options_.late_decay);
      }
    }
    const double full = (1 - (1 - term.p) * (1 - term.leak)) / term.leak;
    const double ratio = 1 + (full - 1) * g;
    if (ratio <= 1) continue;
    ratios_[t - spot.begin] = ratio;
    seen.own = true;
    seen.dependency |= term.dependency || term.weak;
    seen.server_error |= term.server_error || term.weak;
    seen.self_listed |= term.listed_at == kAtSelf;
    seen.any_listed |= term.listed_at == kAtAnyDependent;
    not_silence |= !term.silence;
    if (first == kNoTime || term.onset < first) first = term.onset;
  }
  for (uint32_t t = 0; t < ratios_.size(); ++t) {
    if (ratios_[t] <= 1) continue;
    const uint32_t line = terms_[spot.begin + t].line;
    bool counts = true;  // of several signatures on one line, the best explained counts
    for (uint32_t o = 0; line != 0 && o < ratios_.size(); ++o) {
      if (o == t || terms_[spot.begin + o].line != line) continue;
      counts &= ratios_[o] < ratios_[t] || (ratios_[o] == ratios_[t] && t < o);
    }
    if (!counts) continue;
    double nats = std::log(ratios_[t]);
    const Term& term = terms_[spot.begin + t];
    if (term.weak && spot.node == 0 && term.onset > onset) {
      const double late = Seconds(term.onset - onset) * options_.weak_order_per_second;
      nats -= std::min(options_.weak_order_max, late);
    }
    sum += Quantise(nats);
  }
  *first_explained = not_silence ? first : kNoTime;
  const ComponentId id = tree_->nodes[spot.node].id;
  const bool counts = spot.node == 0 || !all_weak_;
  if (counts && evidence_.Alive(id) >= onset && now_ > onset && id != mute) {
    const int64_t missing = Quantise(AbsenceLog(&spot, spot.node, onset, seen));
    *absence = missing < 0;
    sum += missing;
  }
  if (detail) {
    for (uint32_t t = 0; t < ratios_.size(); ++t) {
      if (ratios_[t] <= 1) continue;
      const Term& term = terms_[spot.begin + t];
      for (uint32_t i = term.begin; i < term.end; ++i) {
        const SymptomItem& item = evidence_.items()[i];
        if ((*hidden_)[i]) continue;
        if (!term.listed && (mode_->Spares(item.signature) || ListingOf(item, spot.node))) continue;
        // For now the part of this place alone; Evaluate multiplies by P(place impaired).
        detail->responsibility.emplace_back(i, 1 - 1 / ratios_[t]);
      }
    }
  }
  return std::clamp(sum, Quantise(kMinLog), Quantise(options_.evidence_cap));
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
  for (const Spot& spot : spots_) {
    bool absence = false;
    if (detail) responsible.emplace_back(detail->responsibility.size(), spot.node);
    own_[spot.node] = SpotEvidence(spot, onset, mute, &absence, &first_[spot.node], detail);
    if (detail) absent[spot.node] = absence;
  }
  // Places without any symptom differ only by hops (and edge, for leaves): computed once.
  const bool mature = now_ > onset;
  constexpr int64_t kUnset = INT64_MIN;
  std::vector<int64_t> quiet(static_cast<size_t>(options_.max_depth) + 3, kUnset);
  const size_t classes = tree_->edge_values.size();
  std::vector<int64_t> quiet_leaf(quiet.size() * classes, kUnset);
  if (detail) up_.assign(n, {});

  int64_t root = 0;
  for (size_t i = n; i-- > 0;) {
    const ReachNode& node = nodes[i];
    int64_t a = own_[i];
    bool plain = false;
    if (spot_of_node_[i] < 0) {
      if (mature && !(i == 0 ? link : all_weak_) && node.id != mute &&
          evidence_.Alive(node.id) >= onset) {
        if (i == 0 || (mode_->spec >= 0 && mode_->Names(node.id))) {
          a = Quantise(AbsenceLog(nullptr, static_cast<int32_t>(i), onset, {}));
        } else {
          int64_t& q = quiet[node.hops];
          if (q == kUnset) {
            q = Quantise(AbsenceLog(nullptr, static_cast<int32_t>(i), onset, {}));
          }
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
      root = Message(a, options_.own_visible) + sum_[0];
      break;
    }
    const int64_t m = a + sum_[i];
    int64_t message;
    if (plain && node.leaf) {
      int64_t& q = quiet_leaf[node.hops * classes + node.edge_class];
      if (q == kUnset) q = Message(m, node.edge);
      message = q;
    } else {
      message = Message(m, node.edge);
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
  Prepare(h, hidden);
  return Evaluate(onset, kNoComponent, nullptr);
}

std::optional<HypothesisScore> Scorer::Score(const HypothesisRef& h, const HiddenMask& hidden,
                                             double prior_bonus, ComponentId mute,
                                             HypothesisDetail* detail) {
  Prepare(h, hidden);
  std::vector<TimeUs> onsets;
  TimeUs own = kNoTime;
  for (const Spot& spot : spots_) {
    for (uint32_t t = spot.begin; t < spot.end; ++t) {
      const Term& term = terms_[t];
      if (term.silence || term.p <= kOnsetProbability) continue;
      onsets.push_back(term.onset);
      if (spot.node == 0 && (own == kNoTime || term.onset < own)) own = term.onset;
    }
  }
  std::vector<std::pair<TimeUs, double>> candidates;  // T, penalty
  std::sort(onsets.begin(), onsets.end());
  if (onsets.empty()) {
    if (!silence_at_root_) return std::nullopt;
    TimeUs silence = INT64_MAX;
    for (uint32_t i = 0; i < evidence_.items().size(); ++i) {
      const SymptomItem& item = evidence_.items()[i];
      if (item.component == h.component && item.cls == SymptomClass::kSilence && !hidden[i]) {
        silence = std::min(silence, item.onset);
      }
    }
    candidates.emplace_back(silence - std::llround(options_.silence_lag * kSecondUs), 0);
  } else {
    for (size_t i = 0; i < std::min<size_t>(3, onsets.size()); ++i) {
      candidates.emplace_back(onsets[i], static_cast<double>(i));
    }
    if (own != kNoTime) {
      const TimeUs bound = own - std::llround(options_.skew_slack * kSecondUs);
      const auto before = std::lower_bound(onsets.begin(), onsets.end(), bound) - onsets.begin();
      candidates.emplace_back(own, static_cast<double>(std::min<ptrdiff_t>(before, 2)));
    }
  }
  const double prior = (mode_->kind == ModeKind::kLink ? options_.link_prior : options_.prior) +
                       mode_->prior_offset + prior_bonus;
  std::optional<HypothesisScore> best;
  for (size_t c = 0; c < candidates.size(); ++c) {
    const auto& [onset, penalty] = candidates[c];
    // The same onset again with no smaller penalty cannot win.
    if (c > 0 && candidates[c - 1] == candidates[c]) continue;
    const int64_t value = Evaluate(onset, mute, nullptr) - Quantise(penalty) + Quantise(prior);
    if (!best || value > best->micro_nats || (value == best->micro_nats && onset < best->onset)) {
      best = HypothesisScore{value, onset};
    }
  }
  if (detail) {
    *detail = {};
    Evaluate(best->onset, mute, detail);
  }
  return best;
}

}  // namespace culprit
