// The simulator gate: how often the right root is named on simulated cascades.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>

#include "engine/correlate/inference.h"
#include "tests/unit/correlate/simulator.h"

namespace culprit {
namespace {

using testing::Cascade;
using testing::CascadeOptions;
using testing::Simulate;

struct Figures {
  int scenarios = 0, top1 = 0, top3 = 0;  // best-scored incident against the first fault
  int faults = 0, found = 0;              // any incident's first root
  double tp = 0, fp = 0, fn = 0;          // pairs of bursts put together
  std::map<testing::FaultKind, std::pair<int, int>> by_kind;
  int pages = 0, noise_pages = 0, right_pages = 0, related = 0, rightly_related = 0;
  double F1() const { return 2 * tp / (2 * tp + fp + fn); }
};

Figures Measure(uint64_t first_seed, int count, const CascadeOptions& cascade_options,
                CorrelatorOptions options = {}, double seconds = 300) {
  Figures f;
  if (options.forced_unknown_edge < 0) options.forced_unknown_edge = 0;
  const ModeCatalog modes;
  for (int n = 0; n < count; ++n) {
    const Cascade cascade = Simulate(first_seed + static_cast<uint64_t>(n), cascade_options);
    Topology topology = testing::TopologyOf(cascade, seconds, options);
    auto items = testing::ItemsOf(cascade, seconds, topology);
    const TimeUs now = testing::SimulatedTime(seconds);
    ObserveEdges(items, now, options, &topology);
    const EvidenceSet evidence(topology, items);
    const auto result = Infer(topology, modes, evidence, now, options);
    ++f.scenarios;
    const InferredIncident* best = nullptr;
    for (const auto& i : result.incidents) {
      if (!best || i.score_micro_nats > best->score_micro_nats) best = &i;
    }
    auto is = [&](const InferredIncident& i, size_t rank, int component) {
      return rank < i.candidates.size() &&
             topology.Name(i.candidates[rank].component) == testing::SimulatedName(component);
    };
    if (best) {
      const int root = cascade.faults[0].component;
      f.top1 += is(*best, 0, root);
      f.top3 += is(*best, 0, root) || is(*best, 1, root) || is(*best, 2, root);
    }
    for (const auto& fault : cascade.faults) {
      const bool found = std::any_of(result.incidents.begin(), result.incidents.end(),
                                     [&](const auto& i) { return is(i, 0, fault.component); });
      ++f.faults;
      f.found += found;
      auto& [hits, all] = f.by_kind[fault.kind];
      hits += found;
      ++all;
    }
    // Pairs: what is unattributed stands alone per component.
    std::vector<int> group(evidence.items().size());
    for (uint32_t i = 0; i < group.size(); ++i) {
      group[i] = -1 - static_cast<int>(evidence.items()[i].component);
    }
    for (size_t i = 0; i < result.incidents.size(); ++i) {
      const auto& incident = result.incidents[i];
      bool noise = true;
      for (uint32_t m : incident.members) {
        group[m] = static_cast<int>(i) + 1;
        noise &= cascade.bursts[evidence.items()[m].burst].fault < 0;
      }
      if (incident.score_micro_nats < 0) continue;
      ++f.pages;
      f.noise_pages += noise;
      f.right_pages += std::any_of(cascade.faults.begin(), cascade.faults.end(),
                                   [&](const auto& x) { return is(incident, 0, x.component); });
    }
    const auto related = RelatedIncidents(result, evidence, options);
    for (size_t i = 0; i < related.size(); ++i) {
      if (related[i] < 0) continue;
      auto faults_of = [&](size_t incident) {
        std::set<int> faults;
        for (uint32_t m : result.incidents[incident].members) {
          const int fault = cascade.bursts[evidence.items()[m].burst].fault;
          if (fault >= 0) faults.insert(fault);
        }
        return faults;
      };
      ++f.related;
      const auto mine = faults_of(i), parent = faults_of(static_cast<size_t>(related[i]));
      f.rightly_related +=
          std::any_of(mine.begin(), mine.end(), [&](int fault) { return parent.contains(fault); });
    }
    for (size_t i = 0; i < group.size(); ++i) {
      for (size_t k = 0; k < i; ++k) {
        const bool together = group[i] == group[k];
        const bool truly = cascade.bursts[evidence.items()[i].burst].fault ==
                           cascade.bursts[evidence.items()[k].burst].fault;
        f.tp += together && truly;
        f.fp += together && !truly;
        f.fn += !together && truly;
      }
    }
  }
  return f;
}

void Print(const char* what, const Figures& f) {
  std::printf(
      "%-28s best incident top-1 %.3f top-3 %.3f; faults %.3f; pair F1 %.3f; pages %d, noise "
      "%d, root right %.3f; related %d of %d; by kind",
      what, double(f.top1) / f.scenarios, double(f.top3) / f.scenarios, double(f.found) / f.faults,
      f.F1(), f.pages, f.noise_pages, double(f.right_pages) / std::max(1, f.pages),
      f.rightly_related, f.related);
  for (const auto& [kind, hits] : f.by_kind) {
    std::printf(" %.2f", double(hits.first) / hits.second);
  }
  std::printf("\n");
}

TEST(SimulatorGate, SingleFaultNamedFirst) {
  CascadeOptions single;
  single.two_faults = 0;
  const Figures f = Measure(910'000, 500, single);
  Print("single fault", f);
  EXPECT_GE(f.top1, .85 * f.scenarios);
  EXPECT_GE(f.top3, .94 * f.scenarios);
}

TEST(SimulatorGate, MixIsGroupedRight) {
  const Figures f = Measure(920'000, 500, {});
  Print("mix", f);
  EXPECT_GE(f.F1(), .91);
  EXPECT_GE(f.found, .85 * f.faults);
  EXPECT_LE(f.noise_pages, .02 * f.pages);
}

TEST(SimulatorGate, HoldsWhenTheWorldIsWorse) {
  CascadeOptions no_captures, few_edges, skewed;
  no_captures.capture = 0;
  few_edges.missing_edges = .3;
  skewed.skew_seconds = 10;
  const Figures a = Measure(930'000, 200, no_captures), b = Measure(930'000, 200, few_edges),
                c = Measure(930'000, 200, skewed);
  Print("no captures", a);
  Print("30 % of edges missing", b);
  Print("clock skew sd 10 s", c);
  EXPECT_GE(a.found, .74 * a.faults);
  EXPECT_GE(b.found, .80 * b.faults);
  EXPECT_GE(c.found, .80 * c.faults);
}

}  // namespace
}  // namespace culprit
