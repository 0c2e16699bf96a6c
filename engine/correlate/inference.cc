#include "engine/correlate/inference.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "engine/correlate/score_units.h"

namespace culprit {
namespace {

constexpr double kMember = .5;

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

namespace {

// Items that the hypothesis is responsible for, ascending.
std::vector<uint32_t> MembersOf(Ranker& ranker, const RankedHypothesis& h,
                                const HiddenMask& hidden) {
  HypothesisDetail detail;
  ranker.scorer().Detail(h.hypothesis, hidden, h.onset, &detail);
  std::vector<uint32_t> members;
  for (const auto& [item, responsibility] : detail.responsibility) {
    if (responsibility < kMember) continue;
    if (members.empty() || members.back() != item) members.push_back(item);
  }
  return members;
}

// Hypotheses and candidates.
void FillRanking(const Topology& topology, std::vector<RankedHypothesis> ranked, double beta,
                 InferredIncident* incident) {
  incident->ranked = true;
  incident->candidates.clear();
  const double top = static_cast<double>(ranked[0].score_micro_nats) / kMicroNats;
  double z = std::exp(std::min(700.0, -top * beta));
  const double null_weight = z;
  std::map<uint32_t, RootCandidate> by_rank;
  for (uint32_t i = 0; i < ranked.size(); ++i) {
    RankedHypothesis& r = ranked[i];
    const double w = std::exp((static_cast<double>(r.score_micro_nats) / kMicroNats - top) * beta);
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
    incident->candidates.push_back(candidate);
  }
  std::stable_sort(
      incident->candidates.begin(), incident->candidates.end(),
      [](const RootCandidate& a, const RootCandidate& b) { return a.posterior > b.posterior; });
  incident->hypotheses = std::move(ranked);
}

// Of the evidence under this mask, all but the members; nullopt: nothing explains it.
std::optional<InferredIncident> MakeIncident(Ranker& ranker, const Topology& topology,
                                             const HiddenMask& hidden, double beta,
                                             Rankings rankings) {
  InferredIncident incident;
  std::optional<RankedHypothesis> likeliest;
  if (rankings == Rankings::kWhenAsked) {
    const auto best = ranker.Best(hidden, ranker.lowest(), &likeliest);
    if (likeliest) {
      incident.ranked = false;
      incident.hypotheses = {*best};
      incident.candidates = {{likeliest->hypothesis.component}};
      if (likeliest->hypothesis != best->hypothesis) {
        incident.hypotheses.push_back(*likeliest);
        incident.candidates[0].best = 1;
      }
    }
  }
  if (incident.ranked) {
    auto ranked = ranker.Rank(hidden);
    if (ranked.empty()) return std::nullopt;
    FillRanking(topology, std::move(ranked), beta, &incident);
  }
  incident.score_micro_nats = incident.hypotheses[0].score_micro_nats;
  incident.hidden = hidden;
  return incident;
}

}  // namespace

InferenceResult Infer(const Topology& topology, const ModeCatalog& modes,
                      const EvidenceSet& evidence, TimeUs now, const CorrelatorOptions& options,
                      const PriorBonus* bonus, InferenceCache* cache, Rankings rankings) {
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
    const auto best = ranker.Best(hidden, Quantise(options.open_score));
    if (!best) break;
    Root root{MembersOf(ranker, *best, hidden), hidden};
    if (root.members.empty()) break;
    hide(root.members, 1);
    roots.push_back(std::move(root));
  }
  // Back-fit: the best for each, with only the others' members hidden.
  for (Root& root : roots) {
    hide(root.members, 0);
    auto incident = MakeIncident(ranker, topology, hidden, options.temperature, rankings);
    std::vector<uint32_t> again;
    if (incident) again = MembersOf(ranker, incident->hypotheses[0], hidden);
    if (again.empty()) {  // nothing is left for it: it stays as it was found
      incident = MakeIncident(ranker, topology, root.hidden, options.temperature, rankings);
      incident->members = std::move(root.members);
    } else {
      std::set_union(root.members.begin(), root.members.end(), again.begin(), again.end(),
                     std::back_inserter(incident->members));
    }
    hide(incident->members, 1);
    result.incidents.push_back(*std::move(incident));
  }
  for (uint32_t i = 0; i < hidden.size(); ++i) {
    if (!hidden[i]) result.unattributed.push_back(i);
  }
  return result;
}

void RankIncident(const Topology& topology, const ModeCatalog& modes, const EvidenceSet& evidence,
                  TimeUs now, const CorrelatorOptions& options, const PriorBonus* bonus,
                  InferenceCache* cache, InferredIncident* incident) {
  if (incident->ranked) return;
  Ranker ranker(topology, modes, evidence, now, options, bonus, cache);
  FillRanking(topology, ranker.Rank(incident->hidden), options.temperature, incident);
}

std::vector<int> RelatedIncidents(const InferenceResult& result, const EvidenceSet& evidence,
                                  const CorrelatorOptions& options) {
  const auto& incidents = result.incidents;
  const auto& items = evidence.items();
  std::vector<int> related(incidents.size(), -1);
  std::vector<size_t> order;
  for (size_t i = 0; i < incidents.size(); ++i) {
    if (incidents[i].score_micro_nats >= Quantise(options.page_score)) order.push_back(i);
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
