#include "engine/correlate/inference.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>

namespace culprit {
namespace {

constexpr double kMicro = 1e6;
constexpr double kMember = .5;
constexpr size_t kKnown = 16;  // masks of which a hypothesis keeps its score
constexpr size_t kProbes = 8;  // hypotheses scored first, to know what "far below the best" is

int64_t Micro(double nats) { return std::llround(nats * kMicro); }

double LogRatio(double p, double leak) { return std::log((1 - (1 - p) * (1 - leak)) / leak); }

}  // namespace

void ObserveEdges(const std::vector<SymptomItem>& items, TimeUs now,
                  const CorrelatorOptions& options, Topology* topology) {
  std::vector<std::pair<ComponentId, ComponentId>> lit;
  std::map<ComponentId, TimeUs> first;
  for (const SymptomItem& item : items) {
    if (item.target != kNoComponent && item.target != item.component &&
        IsDependencyClass(item.cls)) {
      lit.emplace_back(item.component, item.target);
      topology->Learn(item.component, item.target, std::min(item.onset, now));
    }
    auto [it, added] = first.try_emplace(item.component, item.onset);
    if (!added) it->second = std::min(it->second, item.onset);
  }
  topology->SetLit(std::move(lit));
  double unknown = options.forced_unknown_edge;
  if (unknown < 0) unknown = topology->HasLivingMap() ? 0 : options.unknown_edge;
  std::vector<ComponentId> bursting;
  if (unknown > 0) {
    for (const auto& [id, onset] : first) bursting.push_back(id);
    std::sort(bursting.begin(), bursting.end(), [&](ComponentId a, ComponentId b) {
      return std::pair(first[a], topology->Rank(a)) < std::pair(first[b], topology->Rank(b));
    });
  }
  topology->SetUnknownEdges(std::move(bursting), unknown);
}

void InferenceCache::Clear() {
  scores_.Clear();
  now_ = kNoTime;
  below_.clear();
  reached_by_.clear();
  candidates_.clear();
  at_.clear();
}

Ranker::Ranker(const Topology& topology, const ModeCatalog& modes, const EvidenceSet& evidence,
               TimeUs now, const CorrelatorOptions& options, const PriorBonus* bonus,
               InferenceCache* cache)
    : topology_(topology),
      modes_(modes),
      evidence_(evidence),
      now_(now),
      options_(options),
      bonus_(bonus),
      own_cache_(cache ? nullptr : std::make_unique<InferenceCache>()),
      cache_(cache ? cache : own_cache_.get()),
      unknown_edges_(topology.UnknownEdge() > 0),
      scorer_(topology, modes, evidence, now, options, &cache_->scores_),
      chosen_(topology.size(), 0) {
  if (now < cache_->now_) cache_->Clear();  // what will not change any more may not be so yet
  cache_->now_ = now;
  if (!cache_->scores_.Prepare(topology, evidence)) return;
  cache_->candidates_.clear();
  cache_->at_.clear();
  cache_->below_.assign(evidence.components().size(), {});
  cache_->reached_by_.assign(topology.size(), {});
  for (uint32_t place = 0; place < cache_->below_.size(); ++place) SpreadFrom(place);
}

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

double Ranker::Bonus(const HypothesisRef& h) const {
  if (!bonus_) return 0;
  auto it = bonus_->find({h.mode, h.component});
  return it == bonus_->end() ? 0 : it->second;
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
    const PlaceView& view = cache_->scores_.view(scorer_.views()[place]);
    if (!view.visible) continue;
    signatures.insert(signatures.end(), view.signatures.begin(), view.signatures.end());
    for (ComponentId target : view.targets) {
      add(target);
      links.emplace(target, view.component);
    }
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
      if (std::none_of(mode.listings.begin(), mode.listings.end(),
                       [&](const auto& l) { return l.signature == signature; })) {
        continue;
      }
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
  if (kept) return kept.get();
  kept = std::make_unique<Candidate>();
  Candidate& candidate = *kept;
  candidate.h = h;
  candidate.order = OrderOf(h);
  if (unknown_edges_ && h.from == kNoComponent) {
    candidate.everywhere = true;
    for (uint32_t place = 0; place < cache_->below_.size(); ++place) {
      candidate.places.push_back(place);
    }
  } else {
    candidate.places = cache_->reached_by_[h.component];
    for (ComponentId id : modes_[h.mode].extra) {
      candidate.places.insert(candidate.places.end(), cache_->reached_by_[id].begin(),
                              cache_->reached_by_[id].end());
    }
    std::sort(candidate.places.begin(), candidate.places.end());
    candidate.places.erase(std::unique(candidate.places.begin(), candidate.places.end()),
                           candidate.places.end());
  }
  return &candidate;
}

// What the symptoms of a place would give with perfect timing, certain edges and nothing missing.
double Ranker::BoundAt(const Candidate& candidate, uint32_t place) {
  const Mode& mode = modes_[candidate.h.mode];
  const bool own = evidence_.components()[place] == candidate.h.component;
  PlaceView& view = cache_->scores_.view(scorer_.views()[place]);
  std::array<double, 2>* known = &view.bounds[static_cast<size_t>(mode.kind)];
  if (mode.mentions != 0) {
    const auto speaker =
        std::lower_bound(view.speaking.begin(), view.speaking.end(), candidate.h.mode);
    if (speaker != view.speaking.end() && *speaker == candidate.h.mode) {
      known = &view.speaking_bounds[static_cast<size_t>(speaker - view.speaking.begin())];
    }
  }
  double& at_place = (*known)[own];
  if (!std::isnan(at_place)) return at_place;
  const ModeTables& tables = TablesOf(mode.kind);
  const HiddenMask& hidden = scorer_.mask();
  at_place = 0;
  for (const EvidenceSet::Group& group : evidence_.GroupsAt(place)) {
    const auto c = static_cast<size_t>(group.cls);
    double table = own ? tables.own[c]
                   : !IsDependencyClass(group.cls)
                       ? VictimProbability(group.cls)
                       : std::max(tables.dependent[c], RelayProbability(group.cls));
    bool visible = false;
    double leak = 1;
    for (uint32_t i = group.begin; i < group.end; ++i) {
      if (hidden[i]) continue;
      const SymptomItem& item = evidence_.items()[i];
      visible = true;
      leak = std::min(leak, item.leak);
      if (!mode.MayMention(Mode::BitOf(item.signature))) continue;
      for (const Mode::Listing& l : mode.listings) {
        if (l.signature == item.signature) at_place += LogRatio(l.p, item.leak);
      }
    }
    if (visible && table > 0) at_place += LogRatio(table, leak);
  }
  return at_place;
}

// At most the prior plus what every place that may be reached would give at best.
int64_t Ranker::UpperBound(const Candidate& candidate) {
  const Mode& mode = modes_[candidate.h.mode];
  double sum = (mode.kind == ModeKind::kLink ? options_.link_prior : options_.prior) +
               mode.prior_offset + Bonus(candidate.h);
  for (uint32_t place : candidate.places) {
    sum += std::min(BoundAt(candidate, place), options_.evidence_cap);
  }
  return Micro(sum) + 1000;
}

int64_t Ranker::BoundOf(Candidate* candidate) {
  uint64_t print = print_;
  if (!candidate->everywhere) {
    print = 0;
    for (uint32_t place : candidate->places) print += scorer_.mixes()[place];
  }
  for (Candidate::Known& known : candidate->known) {
    if (known.print == print) return known.bound;
  }
  Candidate::Known fresh;
  fresh.print = print;
  fresh.bound = UpperBound(*candidate);
  if (candidate->known.size() < kKnown) {
    candidate->known.push_back(fresh);
  } else {
    candidate->next = (candidate->next + 1) % kKnown;
    candidate->known[candidate->next] = fresh;
  }
  return fresh.bound;
}

const std::optional<HypothesisScore>& Ranker::ScoreOf(Candidate* candidate,
                                                      const HiddenMask& hidden) {
  auto current = [this](const Candidate::Scored& s) { return s.settled || s.now == now_; };
  const uint64_t print = scorer_.Gather(candidate->h, hidden);
  std::vector<Candidate::Scored>& scores = candidate->scores;
  size_t at = 0;
  while (at < scores.size() && scores[at].print != print) ++at;
  if (at < scores.size() && current(scores[at])) return scores[at].score;
  if (at == scores.size()) {
    if (scores.size() < kKnown) {
      scores.emplace_back();
    } else {
      at = candidate->next_score = (candidate->next_score + 1) % kKnown;
    }
  }
  Candidate::Scored& scored = scores[at];
  scored.print = print;
  scored.score = scorer_.ScoreGathered(Bonus(candidate->h));
  scored.settled = scorer_.settled();
  scored.now = now_;
  return scored.score;
}

std::vector<Ranker::Entry> Ranker::Entries(const HiddenMask& hidden) {
  scorer_.UseMask(hidden);
  print_ = 0;
  for (uint64_t mix : scorer_.mixes()) print_ += mix;
  std::vector<Entry> entries;
  for (Candidate* candidate : Hypotheses()) entries.push_back({BoundOf(candidate), candidate});
  return entries;
}

std::optional<RankedHypothesis> Ranker::Best(const HiddenMask& hidden) {
  std::vector<Entry> entries = Entries(hidden);
  const auto below = [](const Entry& a, const Entry& b) {
    return a.bound != b.bound ? a.bound < b.bound : b.candidate->order < a.candidate->order;
  };
  std::make_heap(entries.begin(), entries.end(), below);
  const Candidate* best = nullptr;
  HypothesisScore top;
  for (auto end = entries.end(); end != entries.begin(); --end) {
    std::pop_heap(entries.begin(), end, below);
    const Entry& entry = *(end - 1);
    if (best ? entry.bound < top.micro_nats : entry.bound < -Micro(options_.prune_margin)) break;
    const auto& score = ScoreOf(entry.candidate, hidden);
    if (!score) continue;
    if (best && (score->micro_nats < top.micro_nats ||
                 (score->micro_nats == top.micro_nats && best->order < entry.candidate->order))) {
      continue;
    }
    best = entry.candidate;
    top = *score;
  }
  if (!best) return std::nullopt;
  return RankedHypothesis{best->h, top.micro_nats, top.onset, 0};
}

std::vector<RankedHypothesis> Ranker::Rank(const HiddenMask& hidden) {
  std::vector<Entry> entries = Entries(hidden);
  const size_t probes = std::min(kProbes, entries.size());
  std::partial_sort(entries.begin(), entries.begin() + static_cast<ptrdiff_t>(probes),
                    entries.end(), [](const Entry& a, const Entry& b) {
                      return a.bound != b.bound ? a.bound > b.bound
                                                : a.candidate->order < b.candidate->order;
                    });
  int64_t best = 0;  // the null
  for (size_t i = 0; i < probes; ++i) {
    if (const auto& score = ScoreOf(entries[i].candidate, hidden)) {
      best = std::max(best, score->micro_nats);
    }
  }
  const int64_t floor = best - Micro(options_.prune_margin);
  struct Scored {
    int64_t micro_nats;
    const Candidate* candidate;
    TimeUs onset;
  };
  std::vector<Scored> scored;
  for (const Entry& entry : entries) {
    if (entry.bound < floor) continue;
    if (const auto& score = ScoreOf(entry.candidate, hidden)) {
      scored.push_back({score->micro_nats, entry.candidate, score->onset});
    }
  }
  std::sort(scored.begin(), scored.end(), [](const Scored& a, const Scored& b) {
    return a.micro_nats != b.micro_nats ? a.micro_nats > b.micro_nats
                                        : a.candidate->order < b.candidate->order;
  });
  std::vector<RankedHypothesis> result;
  result.reserve(scored.size());
  for (const Scored& s : scored) result.push_back({s.candidate->h, s.micro_nats, s.onset, 0});
  return result;
}

namespace {

// Items that the hypothesis is responsible for, ascending.
std::vector<uint32_t> MembersOf(Ranker& ranker, const HypothesisRef& h, const HiddenMask& hidden) {
  HypothesisDetail detail;
  ranker.scorer().Score(h, hidden, ranker.Bonus(h), kNoComponent, &detail);
  std::vector<uint32_t> members;
  for (const auto& [item, responsibility] : detail.responsibility) {
    if (responsibility < kMember) continue;
    if (members.empty() || members.back() != item) members.push_back(item);
  }
  return members;
}

// All but its members.
InferredIncident MakeIncident(const Topology& topology, std::vector<RankedHypothesis> ranked,
                              const HiddenMask& hidden, double beta) {
  InferredIncident incident;
  const double top = static_cast<double>(ranked[0].score_micro_nats) / kMicro;
  double z = std::exp(std::min(700.0, -top * beta));
  const double null_weight = z;
  std::map<uint32_t, RootCandidate> by_rank;
  for (uint32_t i = 0; i < ranked.size(); ++i) {
    RankedHypothesis& r = ranked[i];
    const double w = std::exp((static_cast<double>(r.score_micro_nats) / kMicro - top) * beta);
    r.posterior = w;
    z += w;
    auto [it, added] = by_rank.try_emplace(topology.Rank(r.hypothesis.component));
    if (added) {
      it->second.component = r.hypothesis.component;
      it->second.best = i;
    }
    it->second.posterior += w;
  }
  for (RankedHypothesis& r : ranked) r.posterior /= z;
  for (auto& [rank, candidate] : by_rank) {
    candidate.share = candidate.posterior / (z - null_weight);
    candidate.posterior /= z;
    incident.candidates.push_back(candidate);
  }
  std::stable_sort(
      incident.candidates.begin(), incident.candidates.end(),
      [](const RootCandidate& a, const RootCandidate& b) { return a.posterior > b.posterior; });
  incident.score_micro_nats = ranked[0].score_micro_nats;
  incident.hypotheses = std::move(ranked);
  incident.hidden = hidden;
  return incident;
}

}  // namespace

InferenceResult Infer(const Topology& topology, const ModeCatalog& modes,
                      const EvidenceSet& evidence, TimeUs now, const CorrelatorOptions& options,
                      const PriorBonus* bonus, InferenceCache* cache) {
  InferenceResult result;
  Ranker ranker(topology, modes, evidence, now, options, bonus, cache);
  HiddenMask hidden(evidence.items().size(), 0);
  auto hide = [&](const std::vector<uint32_t>& members, uint8_t value) {
    for (uint32_t item : members) hidden[item] = value;
  };
  // Greedy cover: who is best, and what that one explains.
  struct Root {
    std::vector<uint32_t> members;
    HiddenMask hidden;  // when it was found
  };
  std::vector<Root> roots;
  for (int k = 0; k < options.max_roots; ++k) {
    const auto best = ranker.Best(hidden);
    if (!best || best->score_micro_nats < Micro(options.open_score)) break;
    Root root{MembersOf(ranker, best->hypothesis, hidden), hidden};
    if (root.members.empty()) break;
    hide(root.members, 1);
    roots.push_back(std::move(root));
  }
  // Back-fit: all hypotheses for each, with only the others' members hidden.
  for (Root& root : roots) {
    hide(root.members, 0);
    auto ranked = ranker.Rank(hidden);
    std::vector<uint32_t> again;
    if (!ranked.empty()) again = MembersOf(ranker, ranked[0].hypothesis, hidden);
    InferredIncident incident;
    if (again.empty()) {  // nothing is left for it: it stays as it was found
      incident = MakeIncident(topology, ranker.Rank(root.hidden), root.hidden, options.temperature);
      incident.members = std::move(root.members);
    } else {
      incident = MakeIncident(topology, std::move(ranked), hidden, options.temperature);
      std::set_union(root.members.begin(), root.members.end(), again.begin(), again.end(),
                     std::back_inserter(incident.members));
    }
    hide(incident.members, 1);
    result.incidents.push_back(std::move(incident));
  }
  for (uint32_t i = 0; i < hidden.size(); ++i) {
    if (!hidden[i]) result.unattributed.push_back(i);
  }
  return result;
}

std::vector<int> RelatedIncidents(const InferenceResult& result, const EvidenceSet& evidence,
                                  const CorrelatorOptions& options) {
  const auto& incidents = result.incidents;
  const auto& items = evidence.items();
  std::vector<int> related(incidents.size(), -1);
  std::vector<size_t> order;
  for (size_t i = 0; i < incidents.size(); ++i) {
    if (incidents[i].score_micro_nats >= Micro(options.page_score)) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return incidents[a].score_micro_nats > incidents[b].score_micro_nats;
  });
  auto onset = [&](size_t i) {
    TimeUs first = INT64_MAX;
    for (uint32_t m : incidents[i].members) first = std::min(first, items[m].onset);
    return first;
  };
  std::vector<size_t> kept;
  for (size_t i : order) {
    const ComponentId root = incidents[i].hypotheses[0].hypothesis.component;
    bool self = false, named = false, victim = false;
    for (uint32_t m : incidents[i].members) {
      self |= items[m].component == root && !IsDependencyClass(items[m].cls) &&
              items[m].cls != SymptomClass::kServerError && items[m].cls != SymptomClass::kOther;
      named |= items[m].target == root;
    }
    for (const SymptomItem& item : items) {
      victim |= item.component == root && IsDependencyClass(item.cls);
    }
    int parent = -1;
    for (size_t k : kept) {
      const double d = static_cast<double>(onset(i) - onset(k)) / kSecondUs;
      if (d >= -options.related_before && d <= options.related_after) {
        parent = static_cast<int>(k);
        break;
      }
    }
    if (parent >= 0 && !self && (!named || victim)) {
      related[i] = parent;
    } else {
      kept.push_back(i);
    }
  }
  return related;
}

}  // namespace culprit
