#include "tests/unit/correlate/simulator.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <queue>
#include <set>
#include <tuple>

namespace culprit::testing {
namespace {

using enum SymptomClass;

// The standard distributions differ between libraries; these do not.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 0xD1B54A32D192ED03u) {}
  uint64_t Next() {
    uint64_t z = (state_ += 0x9E3779B97F4A7C15u);  // splitmix64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  double Uniform() { return static_cast<double>(Next() >> 11) * 0x1p-53; }
  double Uniform(double a, double b) { return a + (b - a) * Uniform(); }
  int Below(int n) { return static_cast<int>(Next() % static_cast<uint64_t>(n)); }
  bool Chance(double p) { return Uniform() < p; }
  double Normal() {
    return std::sqrt(-2 * std::log(1 - Uniform())) * std::cos(2 * M_PI * Uniform());
  }
  double LogNormal(double median, double sigma) { return median * std::exp(sigma * Normal()); }
  double Gamma(double shape) {  // Marsaglia and Tsang, shape >= 1
    const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
    for (;;) {
      const double x = Normal(), v = std::pow(1 + c * x, 3);
      if (v > 0 && std::log(1 - Uniform()) < .5 * x * x + d - d * v + d * std::log(v)) return d * v;
    }
  }
  double Beta(double a, double b) {
    const double x = Gamma(a), y = Gamma(b);
    return x / (x + y);
  }
  template <typename T>
  const T& Pick(const std::vector<T>& from) {
    return from[Below(static_cast<int>(from.size()))];
  }
  int Weighted(const std::vector<double>& weights) {
    double sum = 0;
    for (double w : weights) sum += w;
    double r = Uniform() * sum;
    for (size_t i = 0; i < weights.size(); ++i) {
      if ((r -= weights[i]) < 0) return static_cast<int>(i);
    }
    return static_cast<int>(weights.size()) - 1;
  }

 private:
  uint64_t state_;
};

struct System {
  int n = 0, fronts = 0, services = 0;
  std::vector<std::map<int, bool>> needs;  // from -> to, hard
  std::vector<std::vector<int>> dependents;
};

System MakeSystem(Random& random, int n) {
  System s;
  s.n =
      n > 0
          ? n
          : static_cast<int>(std::lround(std::exp(random.Uniform(std::log(20.), std::log(200.)))));
  s.fronts = std::max(1, s.n * 8 / 100);
  s.services = s.n * 6 / 10;
  s.needs.resize(s.n);
  s.dependents.resize(s.n);
  std::vector<double> popularity(s.n);
  for (double& p : popularity) p = std::pow(1 - random.Uniform(), -1 / 1.2);
  auto connect = [&](int from, int begin, int end, int count, double hard) {
    std::vector<int> pool;
    for (int i = begin; i < end; ++i) pool.push_back(i);
    for (; count > 0 && !pool.empty(); --count) {
      std::vector<double> weights;
      for (int i : pool) weights.push_back(popularity[i]);
      const int k = random.Weighted(weights);
      s.needs[from][pool[k]] = random.Chance(hard);
      pool.erase(pool.begin() + k);
    }
  };
  const int first_infra = s.fronts + s.services;
  const std::vector<int> others = {0, 0, 1, 1, 2, 3}, stores = {1, 1, 2, 3};
  for (int f = 0; f < s.fronts; ++f) connect(f, s.fronts, first_infra, 2 + random.Below(5), .75);
  for (int i = s.fronts; i < first_infra; ++i) {
    connect(i, i + 1, std::min(i + 41, first_infra), random.Pick(others), .75);
    connect(i, first_infra, s.n, random.Pick(stores), .8);
  }
  for (int i = first_infra; i + 1 < s.n; ++i) {
    if (random.Chance(.2)) s.needs[i][i + 1 + random.Below(s.n - i - 1)] = random.Chance(.75);
  }
  for (int from = 0; from < s.n; ++from) {
    for (const auto& [to, hard] : s.needs[from]) s.dependents[to].push_back(from);
  }
  return s;
}

enum class Style { kRefuse, kTimeout, kError };
using Chances = std::vector<std::pair<SymptomClass, double>>;

Chances DependencySymptoms(Style style) {
  switch (style) {
    case Style::kRefuse:
      return {{kRefused, .8}, {kTimeout, .25}, {kDepError, .15}};
    case Style::kTimeout:
      return {{kTimeout, .85}, {kDepError, .15}};
    default:
      return {{kDepError, .8}, {kTimeout, .1}};
  }
}
Chances OwnSymptoms(FaultKind kind) {
  switch (kind) {
    case FaultKind::kCrash:
      return {{kCrash, .5}, {kResource, .15}};
    case FaultKind::kSlow:
      return {{kSaturation, .5}, {kResource, .25}, {kServerError, .3}};
    case FaultKind::kErrors:
      return {{kSelfError, .65}, {kServerError, .5}};
    case FaultKind::kResource:
      return {{kResource, .8}, {kSaturation, .3}, {kSelfError, .2}};
    default:
      return {};
  }
}

class Run {
 public:
  Run(Random& random, const CascadeOptions& options)
      : random_(random), options_(options), system_(MakeSystem(random, options.components)) {}

  std::optional<Cascade> Go() {
    cascade_.components = system_.n;
    for (int i = 0; i < system_.n; ++i) {
      const bool infra = i >= system_.fronts + system_.services;
      cascade_.logs.push_back(random_.Uniform() > options_.silent * (infra ? 2 : 1));
      skew_.push_back(random_.Chance(.95)
                          ? options_.skew_seconds * random_.Normal()
                          : (random_.Chance(.5) ? 1 : -1) * random_.Uniform(10, 30));
    }
    for (int from = 0; from < system_.n; ++from) {
      for (const auto& [to, hard] : system_.needs[from]) {
        spread_[{from, to}] = hard ? random_.Beta(4, 1.5) : random_.Beta(1.5, 4);
      }
    }
    std::vector<int> roots;
    for (int i = 0; i < system_.n; ++i) {
      if (!system_.dependents[i].empty()) roots.push_back(i);
    }
    const int faults = random_.Chance(options_.two_faults) ? 2 : 1;
    if (static_cast<int>(roots.size()) < faults) return std::nullopt;
    for (int f = 0; f < faults; ++f) {
      const int k = random_.Below(static_cast<int>(roots.size()));
      Fault(f, roots[k], f == 0 ? 0 : random_.Uniform(0, 120));
      roots.erase(roots.begin() + k);
      const auto of_fault = std::count_if(cascade_.bursts.begin(), cascade_.bursts.end(),
                                          [f](const auto& b) { return b.fault == f; });
      if (of_fault < 2) return std::nullopt;
    }
    Noise();
    View();
    return std::move(cascade_);
  }

 private:
  void Emit(int at, SymptomClass cls, int target, double time, int fault) {
    if (!cascade_.logs[at] || random_.Chance(options_.dropped)) return;
    if (!IsDependencyClass(cls) || !random_.Chance(options_.capture)) target = -1;
    const double onset = time + skew_[at];
    auto [it, added] = seen_.try_emplace({at, cls, target}, cascade_.bursts.size());
    if (added) {
      cascade_.bursts.push_back({at, cls, target, onset, fault});
    } else {
      SimulatedBurst& b = cascade_.bursts[it->second];
      b.onset = std::min(b.onset, onset);
    }
  }

  void Fault(int index, int root, double start) {
    const auto kind = static_cast<FaultKind>(random_.Weighted({.3, .25, .25, .1, .1}));
    cascade_.faults.push_back({root, kind, start});
    for (const auto& [cls, p] : OwnSymptoms(kind)) {
      if (random_.Chance(p)) Emit(root, cls, -1, start + random_.LogNormal(1, 1), index);
    }
    if (kind == FaultKind::kCrash && random_.Chance(.6)) {
      Emit(root, kSilence, -1, start + random_.Uniform(30, 60), index);
    }
    Style style = Style::kRefuse;
    if (kind == FaultKind::kSlow) style = Style::kTimeout;
    if (kind == FaultKind::kErrors) style = Style::kError;
    if (kind == FaultKind::kResource) style = random_.Chance(.5) ? Style::kTimeout : Style::kError;
    if (kind == FaultKind::kPartition) {
      style = random_.Chance(.5) ? Style::kRefuse : Style::kTimeout;
    }
    struct Impaired {
      double since;
      int hops;
      Style style;
    };
    std::map<int, Impaired> impaired = {{root, {start, 0, style}}};
    using Next = std::pair<double, int>;
    std::priority_queue<Next, std::vector<Next>, std::greater<>> queue;
    queue.emplace(start, root);
    while (!queue.empty()) {
      const int at = queue.top().second;
      queue.pop();
      const Impaired state = impaired.at(at);
      if (state.hops >= 5) continue;
      for (int y : system_.dependents[at]) {
        if (kind == FaultKind::kPartition && at == root && random_.Chance(.4)) continue;
        if (!random_.Chance(spread_.at({y, at}))) continue;
        const double since = state.since + random_.LogNormal(3, 1);
        for (const auto& [cls, p] : DependencySymptoms(state.style)) {
          if (random_.Chance(p)) Emit(y, cls, at, since + random_.LogNormal(1, .8), index);
        }
        if (impaired.contains(y)) continue;
        const double r = random_.Uniform();
        if (r < .05) {  // a fallback absorbs it
          impaired[y] = {since, 99, Style::kError};
          continue;
        }
        const Style passed = r < .6 ? Style::kError : r < .93 ? Style::kTimeout : Style::kRefuse;
        impaired[y] = {since, state.hops + 1, passed};
        queue.emplace(since, y);
        if (random_.Chance(.6))
          Emit(y, kServerError, -1, since + random_.LogNormal(1.5, .8), index);
        if (passed == Style::kTimeout && random_.Chance(.25)) {
          Emit(y, kSaturation, -1, since + random_.LogNormal(3, .8), index);
        }
        if (passed == Style::kRefuse && random_.Chance(.8)) {
          Emit(y, kCrash, -1, since + random_.LogNormal(3, .8), index);
        }
        if (random_.Chance(.03)) Emit(y, kSilence, -1, since + random_.Uniform(30, 60), index);
      }
    }
  }

  void Noise() {
    int count = 0;
    for (double p = random_.Uniform(); p > std::exp(-options_.noise); p *= random_.Uniform()) {
      ++count;
    }
    const std::vector<SymptomClass> classes = {kServerError, kTimeout,  kDepError, kSelfError,
                                               kSaturation,  kResource, kRefused};
    for (int i = 0; i < count; ++i) {
      const int at = random_.Below(system_.n);
      const SymptomClass cls = classes[random_.Weighted({.25, .2, .15, .15, .1, .1, .05})];
      int target = -1;
      if (!system_.needs[at].empty()) {
        auto it = system_.needs[at].begin();
        std::advance(it, random_.Below(static_cast<int>(system_.needs[at].size())));
        target = it->first;
      }
      Emit(at, cls, target, random_.Uniform(-150, 200), -1 - i);
    }
  }

  void View() {
    std::map<std::pair<int, int>, bool> known;
    for (int from = 0; from < system_.n; ++from) {
      for (const auto& [to, hard] : system_.needs[from]) {
        if (!random_.Chance(options_.missing_edges)) {
          known[{from, to}] = random_.Chance(.1) ? !hard : hard;
        }
      }
    }
    const int wrong = static_cast<int>(static_cast<double>(known.size()) * options_.wrong_edges);
    for (int i = 0; i < wrong; ++i) {
      const int from = random_.Below(system_.n), to = random_.Below(system_.n);
      if (from != to && !known.contains({to, from})) known.try_emplace({from, to}, true);
    }
    for (const auto& [edge, hard] : known) {
      cascade_.known_edges.push_back({edge.first, edge.second, hard});
    }
  }

  Random& random_;
  const CascadeOptions& options_;
  System system_;
  Cascade cascade_;
  std::vector<double> skew_;
  std::map<std::pair<int, int>, double> spread_;
  std::map<std::tuple<int, SymptomClass, int>, size_t> seen_;
};

}  // namespace

Cascade Simulate(uint64_t seed, const CascadeOptions& options) {
  Random random(seed);
  for (;;) {
    if (auto cascade = Run(random, options).Go()) return *std::move(cascade);
  }
}

std::string SimulatedName(int component) {
  const std::string digits = std::to_string(component);
  return "c" + std::string(5 - digits.size(), '0') + digits;
}

TimeUs SimulatedTime(double seconds) {
  constexpr TimeUs kStart = 1'767'225'600'000'000;
  return kStart + std::llround(seconds * 1e3) * 1000;
}

Topology TopologyOf(const Cascade& cascade, double seconds, const CorrelatorOptions& options) {
  Topology topology(options);
  for (int c = 0; c < cascade.components; ++c) {
    const ComponentId id = topology.Intern(SimulatedName(c));
    if (cascade.logs[c]) topology.SetAlive(id, SimulatedTime(seconds));
  }
  for (const auto& [from, to, hard] : cascade.known_edges) {
    topology.Declare(static_cast<ComponentId>(from), static_cast<ComponentId>(to), hard);
  }
  return topology;
}

std::vector<SymptomItem> ItemsOf(const Cascade& cascade, double seconds, const Topology& topology) {
  std::vector<SymptomItem> items;
  for (size_t i = 0; i < cascade.bursts.size(); ++i) {
    const SimulatedBurst& b = cascade.bursts[i];
    if (b.onset > seconds) continue;
    SymptomItem& item = items.emplace_back();
    item.component = topology.Find(SimulatedName(b.component));
    item.cls = b.cls;
    if (b.target >= 0) item.target = topology.Find(SimulatedName(b.target));
    item.onset = SimulatedTime(b.onset);
    item.burst = i;
    item.signature = static_cast<SignatureIndex>(b.cls);
  }
  return items;
}

}  // namespace culprit::testing
