#include "engine/correlate/correlator.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "engine/correlate/explain.h"

namespace culprit {
namespace {

constexpr size_t kMaxUnattributed = 20000;

}  // namespace

Correlator::Correlator(std::shared_ptr<const Knowledge> knowledge, const CorrelatorOptions& options,
                       Counters* counters)
    : knowledge_(std::move(knowledge)),
      options_(options),
      counters_(counters),
      activation_(*knowledge_),
      topology_(options),
      leaks_(options),
      book_(options),
      bursts_(options),
      cadence_(options) {
  ActivatePacks();
}

ComponentId Correlator::Intern(std::string_view name) {
  const ComponentId known = topology_.Find(name);
  if (known != kNoComponent) return known;
  if (topology_.size() >= options_.max_components) {
    counters_->Count(Reason::kStateEvicted);
    return kNoComponent;
  }
  const ComponentId id = topology_.Intern(name);
  if (auto it = alive_.find(name); it != alive_.end()) {
    it->second.component = id;
    topology_.SetAlive(id, it->second.last);
  }
  return id;
}

void Correlator::ActivatePacks() {
  RankAll();
  const auto& active = activation_.active();
  auto on = [&](uint32_t pack) { return pack < active.size() && active[pack]; };
  for (const ComponentSpec& component : knowledge_->components) {
    if (std::any_of(component.packs.begin(), component.packs.end(), on)) Intern(component.name);
  }
  for (const EdgeSpec& edge : knowledge_->edges) {
    if (!on(edge.pack)) continue;
    const ComponentId from = Intern(edge.from), to = Intern(edge.to);
    if (from != kNoComponent && to != kNoComponent) topology_.Declare(from, to, edge.hard);
  }
  for (const FailureModeSpec& mode : knowledge_->failure_modes) {
    if (!on(mode.pack)) continue;
    Intern(mode.component);
    for (const ExplainSpec& explain : mode.explains) {
      if (!explain.at.empty() && explain.at != "*") Intern(explain.at);
    }
  }
  modes_ = ModeCatalog(*knowledge_, active, topology_);
  cache_.Clear();
}

void Correlator::Track(const Burst& burst) {
  std::string key = KeyOf(*knowledge_, burst);
  if (bursts_.Fold(key, burst)) return;
  TrackedBurst tracked;
  tracked.component = Intern(burst.component);
  if (tracked.component == kNoComponent) return;
  if (!burst.target.empty() && burst.target != burst.component && IsDependencyClass(burst.cls)) {
    tracked.target = Intern(burst.target);
  }
  tracked.key = std::move(key);
  tracked.leak = leaks_.Leak(tracked.key, now_);
  tracked.burst = burst;
  bursts_.Add(std::move(tracked));
  dirty_ = true;
}

void Correlator::See(const SliceOutcome& slice) {
  bool activated = activation_.SeePacks(slice.packs_seen);
  for (const auto& [name, time] : slice.alive) {
    auto it = alive_.find(name);
    if (it == alive_.end()) {
      if (alive_.size() >= options_.max_alive) {
        counters_->Count(Reason::kStateEvicted);
        continue;
      }
      it = alive_.emplace(name, Alive{time, topology_.Find(name)}).first;
      activated |= activation_.SeeLogging(name);
    }
    Alive& alive = it->second;
    alive.last = std::max(alive.last, time);
    if (alive.component != kNoComponent) topology_.SetAlive(alive.component, alive.last);
  }
  if (activated) {
    ActivatePacks();
    dirty_ |= !bursts_.all().empty();
  }
  // A burst that is no longer evidence stays forgotten; a new one may open and close at once.
  for (const Burst* burst : slice.opened) {
    if (!bursts_.Update(*burst)) Track(*burst);
  }
  for (const Burst* burst : slice.changed) bursts_.Update(*burst);
  for (const Burst* burst : slice.closed) bursts_.Update(*burst);
  if (!slice.opened.empty() || !slice.closed.empty()) due_known_ = false;
}

void Correlator::OnSlice(const SliceOutcome& slice) {
  leaks_.Start(slice.slice_start);
  Advance(slice.slice_end - 1);
  now_ = std::max(now_, slice.slice_end);
  See(slice);
  if (NextDue() <= slice.slice_end) Step(slice.slice_end);
}

void Correlator::AdvanceTo(TimeUs now) {
  Advance(now);
  now_ = std::max(now_, now);
}

void Correlator::Finish(TimeUs end) {
  AdvanceTo(end);
  if (!bursts_.all().empty() && evaluation_.now < now_) Evaluate(now_);
  book_.PageNow(now_);
  ++steps_;
  due_known_ = false;
}

TimeUs Correlator::NextDue() const {
  if (due_known_) return due_;
  const TimeUs wanted = dirty_ ? now_ : std::min(next_evaluation_, bursts_.next_expiry());
  due_known_ = true;
  return due_ = std::min(book_.NextDue(bursts_.all()), std::max(wanted, cadence_.allowed()));
}

void Correlator::Advance(TimeUs until) {
  for (TimeUs due = NextDue(); due <= until; due = NextDue()) {
    now_ = std::max(now_, due);
    Step(now_);
  }
}

void Correlator::Step(TimeUs now) {
  ++steps_;
  due_known_ = false;
  BurstIds done;
  const bool resolved = book_.Resolve(now, bursts_.all(), Explainer(), &done, counters_);
  if (!resolved && now < cadence_.allowed()) {
    book_.PageDue(now);
    bursts_.Hold(book_.live());
    return;
  }
  bursts_.Erase(done);
  Expire(now);
  Evaluate(now);
}

void Correlator::Expire(TimeUs now) {
  bursts_.Hold(book_.live());
  const BurstIds expired = bursts_.Expired(now);
  for (uint64_t id : expired) {
    const TrackedBurst& tracked = bursts_.all().at(id);
    leaks_.CountUnattributed(tracked.key, now);
    if (unattributed_.size() < kMaxUnattributed) {
      unattributed_.push_back(PlainSymptom(*knowledge_, tracked.burst));
    } else {
      counters_->Count(Reason::kStateEvicted);
    }
  }
  bursts_.Erase(expired);
}

void Correlator::Evaluate(TimeUs now) {
  dirty_ = false;
  due_known_ = false;
  next_evaluation_ = INT64_MAX;
  size_t left_out = 0;
  std::vector<SymptomItem> items = bursts_.Items(*knowledge_, &left_out);
  counters_->Count(Reason::kStateEvicted, left_out);
  cadence_.Spend(now, items.size());
  ObserveEdges(items, now, options_, &topology_);
  topology_.ForgetLearned(now - options_.learned_edge_life);
  Evaluation evaluation;
  evaluation.now = now;
  evaluation.evidence = EvidenceSet(topology_, std::move(items));
  evaluation.result = Infer(topology_, modes_, evaluation.evidence, now, options_, &bonus_, &cache_,
                            Rankings::kWhenAsked);
  evaluation.related = RelatedIncidents(evaluation.result, evaluation.evidence, options_);
  evaluation.IndexItems();
  evaluation_ = std::move(evaluation);
  book_.Update(
      evaluation_, bursts_.all(), topology_, Explainer(), [this](size_t result) { Rank(result); },
      counters_);
  bursts_.Hold(book_.live());
  if (!book_.empty()) {
    next_evaluation_ = now + (book_.HasYoung(now) ? options_.young_period : options_.old_period);
  }
}

IncidentBook::Explainer Correlator::Explainer() const {
  return [this](const LiveIncident& i, Incident* out) {
    if (i.result >= 0) Rank(static_cast<size_t>(i.result));
    culprit::Explain(Context(), i, out);
  };
}

void Correlator::Rank(size_t result) const {
  RankIncident(topology_, modes_, evaluation_.evidence, evaluation_.now, options_, &bonus_, &cache_,
               &evaluation_.result.incidents[result]);
}

void Correlator::RankAll() const {
  for (size_t i = 0; i < evaluation_.result.incidents.size(); ++i) Rank(i);
}

ExplainContext Correlator::Context() const {
  return {*knowledge_, topology_, modes_, evaluation_, bursts_.all(), options_, &bonus_};
}

std::vector<Incident> Correlator::OpenIncidents() const {
  std::vector<Incident> result;
  const auto explain = Explainer();
  for (const LiveIncident& i : book_.live()) {
    Incident& incident = result.emplace_back(i.value);
    explain(i, &incident);
  }
  return result;
}

std::vector<Incident> Correlator::Incidents() const {
  std::vector<Incident> result = OpenIncidents();
  for (const LiveIncident& i : book_.finished()) result.push_back(i.value);
  std::sort(result.begin(), result.end(), [](const Incident& a, const Incident& b) {
    return std::tie(a.onset, a.id) < std::tie(b.onset, b.id);
  });
  return result;
}

std::vector<Symptom> Correlator::Unattributed() const {
  std::vector<Symptom> result = unattributed_;
  for (const auto& [id, tracked] : bursts_.all()) {
    if (!tracked.held) result.push_back(PlainSymptom(*knowledge_, tracked.burst));
  }
  std::stable_sort(result.begin(), result.end(), [](const Symptom& a, const Symptom& b) {
    return std::tie(a.onset, a.component, a.signature) <
           std::tie(b.onset, b.component, b.signature);
  });
  return result;
}

std::vector<ReportEdge> Correlator::Edges() const { return topology_.Edges(); }

void Correlator::ConfirmRoot(std::string_view failure_mode, std::string_view component) {
  const std::pair<std::string, std::string> root(failure_mode, component);
  const auto known = confirmed_.find(root);
  const int n = known == confirmed_.end() ? 1 : known->second + 1;
  RankAll();
  if (!Favour(failure_mode, component, n)) return;
  confirmed_[root] = n;
  cache_.Clear();
  dirty_ |= !bursts_.all().empty();
  due_known_ = false;
}

bool Correlator::Favour(std::string_view failure_mode, std::string_view component, int times) {
  const ComponentId id = topology_.Find(component);
  if (id == kNoComponent) return false;
  int32_t mode = -1;
  for (int32_t kind = 0; kind < 4; ++kind) {
    const auto name = ModeKindName(static_cast<ModeKind>(kind));
    if (failure_mode == "generic/" + std::string(name)) mode = kind;
  }
  for (size_t i = 0; i < knowledge_->failure_modes.size(); ++i) {
    if (knowledge_->failure_modes[i].id == failure_mode) mode = static_cast<int32_t>(4 + i);
  }
  if (mode < 0) return false;
  bonus_[{mode, id}] = std::log((times + 2) / 2.0);
  return true;
}

}  // namespace culprit
