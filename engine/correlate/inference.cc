#include "engine/correlate/inference.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace culprit {
namespace {

constexpr double kMicro = 1e6;
constexpr double kMember = .5;
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

Ranker::Ranker(const Topology& topology, const ModeCatalog& modes, const EvidenceSet& evidence,
               TimeUs now, const CorrelatorOptions& options, const PriorBonus* bonus)
    : topology_(topology),
      modes_(modes),
      evidence_(evidence),
      options_(options),
      bonus_(bonus),
      scorer_(topology, modes, evidence, now, options),
      unknown_edges_(topology.UnknownEdge() > 0),
      below_(evidence.components().size()),
      reached_by_(topology.size()) {
  for (uint32_t place = 0; place < below_.size(); ++place) SpreadFrom(place);
}

void Ranker::SpreadFrom(uint32_t place) {
  std::vector<ComponentId>& below = below_[place];
  std::vector<uint8_t> seen(topology_.size(), 0);
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
  for (ComponentId id : below) reached_by_[id].push_back(place);
}

Ranker::Order Ranker::OrderOf(const HypothesisRef& h) const {
  return {topology_.Rank(h.component), static_cast<int64_t>(modes_[h.mode].kind),
          h.from == kNoComponent ? -1 : int64_t{topology_.Rank(h.from)}, h.mode};
}

double Ranker::Bonus(const HypothesisRef& h) const {
  if (!bonus_) return 0;
  auto it = bonus_->find({h.mode, h.component});
  return it == bonus_->end() ? 0 : it->second;
}

std::vector<HypothesisRef> Ranker::Hypotheses(const HiddenMask& hidden) const {
  std::vector<uint8_t> chosen(topology_.size(), 0);
  std::vector<ComponentId> roots;
  auto add = [&](ComponentId id) {
    if (!chosen[id]) roots.push_back(id);
    chosen[id] = 1;
  };
  std::vector<HypothesisRef> result;
  std::set<std::pair<ComponentId, ComponentId>> links;  // (target, from)
  std::set<SignatureIndex> signatures;
  const auto& items = evidence_.items();
  for (uint32_t place = 0; place < evidence_.components().size(); ++place) {
    const auto groups = evidence_.GroupsAt(place);
    bool visible = false;
    for (uint32_t i = groups.front().begin; i < groups.back().end; ++i) {
      if (hidden[i]) continue;
      visible = true;
      signatures.insert(items[i].signature);
      if (items[i].target == kNoComponent) continue;
      add(items[i].target);
      links.emplace(items[i].target, items[i].component);
    }
    if (!visible) continue;
    for (ComponentId id : below_[place]) add(id);
  }
  // A failure mode that lists something visible is a candidate wherever the map puts it.
  for (size_t m = 4; m < modes_.size(); ++m) {
    const Mode& mode = modes_[static_cast<int32_t>(m)];
    const bool lists = std::any_of(mode.listings.begin(), mode.listings.end(),
                                   [&](const auto& l) { return signatures.contains(l.signature); });
    if (mode.kind != ModeKind::kLink) {
      if (lists) add(mode.component);
    } else if (lists || links.contains({mode.component, mode.from})) {
      result.push_back({static_cast<int32_t>(m), mode.component, mode.from});
      links.erase({mode.component, mode.from});
    }
  }
  for (ComponentId id : roots) {
    bool replaced[3] = {false, false, false};
    if (const auto* pack = modes_.PackModes(id)) {
      for (int32_t mode : *pack) {
        replaced[static_cast<size_t>(modes_[mode].kind)] = true;
        result.push_back({mode, id, kNoComponent});
      }
    }
    for (int32_t kind = 0; kind < 3; ++kind) {
      if (!replaced[kind]) result.push_back({kind, id, kNoComponent});
    }
  }
  for (const auto& [target, from] : links) {
    result.push_back({static_cast<int32_t>(ModeKind::kLink), target, from});
  }
  return result;
}

Ranker::Candidate& Ranker::Find(const HypothesisRef& h) {
  auto [it, added] = candidates_.try_emplace(OrderOf(h));
  Candidate& candidate = it->second;
  if (!added) return candidate;
  candidate.h = h;
  if (unknown_edges_ && h.from == kNoComponent) {
    for (uint32_t place = 0; place < below_.size(); ++place) candidate.places.push_back(place);
  } else {
    candidate.places = reached_by_[h.component];
    for (ComponentId id : modes_[h.mode].extra) {
      candidate.places.insert(candidate.places.end(), reached_by_[id].begin(),
                              reached_by_[id].end());
    }
    std::sort(candidate.places.begin(), candidate.places.end());
    candidate.places.erase(std::unique(candidate.places.begin(), candidate.places.end()),
                           candidate.places.end());
  }
  return candidate;
}

// At most the prior plus, for every place that may be reached, what its symptoms would give with
// perfect timing, certain edges and nothing missing.
int64_t Ranker::UpperBound(const Candidate& candidate, const HiddenMask& hidden) const {
  const Mode& mode = modes_[candidate.h.mode];
  const ModeTables& tables = TablesOf(mode.kind);
  double sum = (mode.kind == ModeKind::kLink ? options_.link_prior : options_.prior) +
               mode.prior_offset + Bonus(candidate.h);
  for (uint32_t place : candidate.places) {
    const bool own = evidence_.components()[place] == candidate.h.component;
    double at_place = 0;
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
        for (const Mode::Listing& l : mode.listings) {
          if (l.signature == item.signature) at_place += LogRatio(l.p, item.leak);
        }
      }
      if (visible && table > 0) at_place += LogRatio(table, leak);
    }
    sum += std::min(at_place, options_.evidence_cap);
  }
  return Micro(sum) + 1000;
}

std::optional<HypothesisScore> Ranker::ScoreOf(Candidate* candidate, const HiddenMask& hidden) {
  std::vector<uint8_t> part;
  for (uint32_t place : candidate->places) {
    const auto groups = evidence_.GroupsAt(place);
    part.insert(part.end(), hidden.begin() + groups.front().begin,
                hidden.begin() + groups.back().end);
  }
  for (const auto& [mask, score] : candidate->memo) {
    if (mask == part) return score;
  }
  auto score = scorer_.Score(candidate->h, hidden, Bonus(candidate->h));
  candidate->memo.emplace_back(std::move(part), score);
  return score;
}

std::vector<RankedHypothesis> Ranker::Rank(const HiddenMask& hidden) {
  struct Entry {
    int64_t bound;
    Order order;
    Candidate* candidate;
  };
  std::vector<Entry> entries;
  for (const HypothesisRef& h : Hypotheses(hidden)) {
    Candidate& candidate = Find(h);
    entries.push_back({UpperBound(candidate, hidden), OrderOf(h), &candidate});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.bound != b.bound ? a.bound > b.bound : a.order < b.order;
  });
  int64_t best = 0;  // the null
  for (size_t i = 0; i < std::min(kProbes, entries.size()); ++i) {
    if (auto score = ScoreOf(entries[i].candidate, hidden)) {
      best = std::max(best, score->micro_nats);
    }
  }
  const int64_t floor = best - Micro(options_.prune_margin);
  struct Scored {
    Order order;
    RankedHypothesis ranked;
  };
  std::vector<Scored> scored;
  for (const Entry& entry : entries) {
    if (entry.bound < floor) break;
    if (auto score = ScoreOf(entry.candidate, hidden)) {
      scored.push_back({entry.order, {entry.candidate->h, score->micro_nats, score->onset, 0}});
    }
  }
  std::sort(scored.begin(), scored.end(), [](const Scored& a, const Scored& b) {
    return a.ranked.score_micro_nats != b.ranked.score_micro_nats
               ? a.ranked.score_micro_nats > b.ranked.score_micro_nats
               : a.order < b.order;
  });
  std::vector<RankedHypothesis> result;
  result.reserve(scored.size());
  for (const Scored& s : scored) result.push_back(s.ranked);
  return result;
}

namespace {

InferredIncident MakeIncident(Ranker& ranker, const Topology& topology,
                              std::vector<RankedHypothesis> ranked, const HiddenMask& hidden,
                              double beta) {
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
  HypothesisDetail detail;
  const HypothesisRef& h = ranked[0].hypothesis;
  ranker.scorer().Score(h, hidden, ranker.Bonus(h), kNoComponent, &detail);
  for (const auto& [item, responsibility] : detail.responsibility) {
    if (responsibility < kMember) continue;
    if (incident.members.empty() || incident.members.back() != item) {
      incident.members.push_back(item);
    }
  }
  incident.score_micro_nats = ranked[0].score_micro_nats;
  incident.hypotheses = std::move(ranked);
  incident.hidden = hidden;
  return incident;
}

}  // namespace

InferenceResult Infer(const Topology& topology, const ModeCatalog& modes,
                      const EvidenceSet& evidence, TimeUs now, const CorrelatorOptions& options,
                      const PriorBonus* bonus) {
  InferenceResult result;
  Ranker ranker(topology, modes, evidence, now, options, bonus);
  HiddenMask hidden(evidence.items().size(), 0);
  auto hide = [&](const std::vector<uint32_t>& members, uint8_t value) {
    for (uint32_t item : members) hidden[item] = value;
  };
  for (int k = 0; k < options.max_roots; ++k) {
    auto ranked = ranker.Rank(hidden);
    if (ranked.empty() || ranked[0].score_micro_nats < Micro(options.open_score)) break;
    InferredIncident incident =
        MakeIncident(ranker, topology, std::move(ranked), hidden, options.temperature);
    if (incident.members.empty()) break;
    hide(incident.members, 1);
    result.incidents.push_back(std::move(incident));
  }
  // Back-fit: each again, with only the others' members hidden.
  if (result.incidents.size() > 1) {
    for (InferredIncident& incident : result.incidents) {
      hide(incident.members, 0);
      auto ranked = ranker.Rank(hidden);
      if (!ranked.empty()) {
        InferredIncident again =
            MakeIncident(ranker, topology, std::move(ranked), hidden, options.temperature);
        if (!again.members.empty()) {
          std::vector<uint32_t> members;
          std::set_union(incident.members.begin(), incident.members.end(), again.members.begin(),
                         again.members.end(), std::back_inserter(members));
          incident = std::move(again);
          incident.members = std::move(members);
        }
      }
      hide(incident.members, 1);
    }
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
