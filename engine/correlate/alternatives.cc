#include "engine/correlate/alternatives.h"

#include <algorithm>
#include <set>

namespace culprit {
namespace {

constexpr int64_t kNat = 1'000'000;
constexpr int64_t kFarBelow = 25 * kNat;
constexpr size_t kMaxCompared = 60;  // symptoms looked at for one sentence

// Missing evidence a hypothesis suffers from, most costly place first.
std::vector<std::pair<int64_t, ComponentId>> Missing(const HypothesisDetail& detail) {
  std::vector<std::pair<int64_t, ComponentId>> missing;
  for (const auto& place : detail.places) {
    if (place.absence && place.own < 0) missing.emplace_back(place.own, place.component);
  }
  std::stable_sort(missing.begin(), missing.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  return missing;
}

int64_t Sum(const std::vector<std::pair<int64_t, ComponentId>>& missing, ComponentId root) {
  int64_t sum = 0;
  for (const auto& [cost, component] : missing) {
    // Edges and the root's own visibility soften it; the order of magnitude decides the sentence.
    sum += std::max(cost, component == root ? -23 * kNat / 10 : -3 * kNat);
  }
  return sum;
}

std::string Seconds(DurationUs d) {
  const int64_t s = d / kSecondUs;
  return s >= 120 ? std::to_string(s / 60) + " min" : std::to_string(s) + " s";
}

}  // namespace

std::vector<const RankedHypothesis*> ChooseAlternatives(const InferredIncident& incident,
                                                        const HypothesisRef& shown,
                                                        const ModeCatalog& modes, size_t most) {
  std::vector<const RankedHypothesis*> chosen;
  std::set<ComponentId> components = {shown.component};
  const bool link_shown = modes[shown.mode].kind == ModeKind::kLink;
  if (link_shown) components.clear();  // the far end itself is an alternative to the cut path
  std::set<std::pair<ComponentId, ComponentId>> links = {{shown.component, shown.from}};
  for (const RankedHypothesis& r : incident.hypotheses) {
    if (chosen.size() >= most) break;
    if (!chosen.empty() && incident.score_micro_nats - r.score_micro_nats > kFarBelow) break;
    if (r.hypothesis == shown) continue;
    const bool link = modes[r.hypothesis.mode].kind == ModeKind::kLink;
    const bool fresh = link ? links.insert({r.hypothesis.component, r.hypothesis.from}).second
                            : components.insert(r.hypothesis.component).second;
    if (fresh) chosen.push_back(&r);
  }
  return chosen;
}

uint32_t WeighedScores::GroupOf(uint32_t item) const {
  const auto& groups = evidence_.groups();
  auto it = std::upper_bound(groups.begin(), groups.end(), item,
                             [](uint32_t i, const auto& g) { return i < g.end; });
  return static_cast<uint32_t>(it - groups.begin());
}

int64_t WeighedScores::Full(const HypothesisRef& h, double bonus) {
  auto it = full_.find(KeyOf(h));
  if (it != full_.end()) return it->second;
  const auto score = scorer_.Score(h, hidden_, bonus);
  return full_[KeyOf(h)] = score ? score->micro_nats : 0;
}

int64_t WeighedScores::Weight(const HypothesisRef& h, double bonus, uint32_t item) {
  const uint32_t group = GroupOf(item);
  auto known = weights_.find({KeyOf(h), group});
  if (known != weights_.end()) return known->second;
  HiddenMask hidden = hidden_;
  for (uint32_t i = evidence_.groups()[group].begin; i < evidence_.groups()[group].end; ++i) {
    hidden[i] = 1;
  }
  const auto without = scorer_.Score(h, hidden, bonus);
  // Nothing left to explain without it: it carries all that lies above the prior's order.
  const int64_t weight = without ? Full(h, bonus) - without->micro_nats : Full(h, bonus) + 5 * kNat;
  return weights_[{KeyOf(h), group}] = weight;
}

std::string WeighedScores::WhyLower(const Side& shown, const Side& other,
                                    const std::function<std::string(uint32_t)>& describe,
                                    const Topology& topology, const ModeCatalog& modes) {
  HypothesisDetail other_detail;
  scorer_.Score(other.h, hidden_, other.bonus, kNoComponent, &other_detail);
  const int64_t difference = shown.score - other.score;
  const std::string& name = topology.Name(other.h.component);
  const bool link = modes[other.h.mode].kind == ModeKind::kLink;

  // Symptoms that the shown root explains and the other does not, or much less.
  int64_t lost = 0, most = 0;
  uint32_t worst = 0;
  size_t unexplained = 0, compared = 0;
  std::set<uint32_t> groups;
  for (const auto& [item, responsibility] : shown.detail->responsibility) {
    if (responsibility < .5 || !groups.insert(GroupOf(item)).second) continue;
    if (++compared > kMaxCompared) break;
    const int64_t here = Weight(shown.h, shown.bonus, item);
    const int64_t there = std::max<int64_t>(0, Weight(other.h, other.bonus, item));
    if (here - there < kNat / 2) continue;
    lost += here - there;
    ++unexplained;
    if (here - there > most) {
      most = here - there;
      worst = item;
    }
  }
  const auto missing = Missing(other_detail);
  const int64_t absent =
      Sum(Missing(*shown.detail), shown.h.component) - Sum(missing, other.h.component);
  if (difference < kNat) {
    return link ? "Fits almost as well; a cut path is only rarer than a failure of " + name + "."
                : "Fits almost as well: what was seen does not tell them apart.";
  }
  if (!missing.empty() && absent > lost) {
    const ComponentId place = missing[0].second;
    if (place == other.h.component) {
      return name + " logs as usual and shows no failure of its own.";
    }
    return topology.Name(place) + " logs as usual and shows no sign that " + (link ? "it" : name) +
           " failed.";
  }
  if (unexplained > 0) {
    std::string text = "It would not explain " + describe(worst);
    if (unexplained > 1) {
      text += " and " + std::to_string(unexplained - 1) +
              (unexplained == 2 ? " more symptom" : " more symptoms");
    }
    return text + ".";
  }
  // Order: its own first symptom came well after the fault.
  TimeUs own = INT64_MAX, first = INT64_MAX;
  for (const auto& [item, responsibility] : shown.detail->responsibility) {
    const SymptomItem& it = evidence_.items()[item];
    first = std::min(first, it.onset);
    if (it.component == other.h.component) own = std::min(own, it.onset);
  }
  if (own != INT64_MAX && own - first > 3 * kSecondUs) {
    return "Its own first symptom came " + Seconds(own - first) + " after the first of all.";
  }
  if (link) return "A cut path is rarer, and more than one dependent is affected.";
  return "It explains the same symptoms less well.";
}

}  // namespace culprit
