#include "engine/correlate/correlator.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "engine/correlate/explain.h"

namespace culprit {
namespace {

constexpr size_t kMaxUnattributed = 20000;

std::string KeyOf(const Knowledge& knowledge, const Burst& burst) {
  std::string key =
      burst.signature == kNoSignature ? "silence" : knowledge.signatures[burst.signature].id;
  key += '\n';
  key += std::to_string(burst.template_id);
  key += '\n';
  key += burst.component;
  key += '\n';
  key += burst.target;
  return key;
}

}  // namespace

Correlator::Correlator(std::shared_ptr<const Knowledge> knowledge, const CorrelatorOptions& options,
                       Counters* counters)
    : knowledge_(std::move(knowledge)),
      options_(options),
      counters_(counters),
      activation_(*knowledge_),
      topology_(options),
      leaks_(options),
      book_(options) {
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
  if (auto it = alive_.find(name); it != alive_.end()) topology_.SetAlive(id, it->second);
  return id;
}

void Correlator::ActivatePacks() {
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
  auto it = bursts_.find(burst.id);
  if (it != bursts_.end()) {
    Burst& kept = it->second.burst;
    if (kept.closed_at != burst.closed_at) due_known_ = false;
    kept.severity = burst.severity;
    kept.last = burst.last;
    kept.closed_at = burst.closed_at;
    kept.count = burst.count;
    kept.instances = burst.instances;
    // Lines are only ever added: the heavy part is copied when there are more.
    if (kept.evidence.size() != burst.evidence.size()) kept.evidence = burst.evidence;
    return;
  }
  TrackedBurst tracked;
  tracked.component = Intern(burst.component);
  if (tracked.component == kNoComponent) return;
  if (!burst.target.empty() && burst.target != burst.component && IsDependencyClass(burst.cls)) {
    tracked.target = Intern(burst.target);
  }
  tracked.key = KeyOf(*knowledge_, burst);
  tracked.leak = leaks_.Leak(tracked.key, now_);
  tracked.burst = burst;
  bursts_.emplace(burst.id, std::move(tracked));
  dirty_ = true;
  due_known_ = false;
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
      it = alive_.emplace(name, time).first;
      activated |= activation_.SeeLogging(name);
    }
    it->second = std::max(it->second, time);
    const ComponentId id = topology_.Find(name);
    if (id != kNoComponent) topology_.SetAlive(id, it->second);
  }
  if (activated) {
    ActivatePacks();
    dirty_ |= !bursts_.empty();
  }
  for (const auto* list : {&slice.opened, &slice.changed, &slice.closed}) {
    for (const Burst* burst : *list) {
      // A burst that is no longer evidence stays forgotten; a new one may open and close at once.
      if (list != &slice.opened && !bursts_.contains(burst->id)) continue;
      Track(*burst);
    }
  }
}

void Correlator::OnSlice(const SliceOutcome& slice) {
  leaks_.Start(slice.slice_start);
  Advance(slice.slice_end - 1);
  now_ = std::max(now_, slice.slice_end);
  See(slice);
  if (dirty_ || NextDue() <= slice.slice_end) Step(slice.slice_end);
}

void Correlator::AdvanceTo(TimeUs now) {
  Advance(now);
  now_ = std::max(now_, now);
}

void Correlator::Finish(TimeUs end) {
  AdvanceTo(end);
  if (!bursts_.empty() && evaluation_.now < now_) Evaluate(now_);
  book_.PageNow(now_);
  ++steps_;
  due_known_ = false;
}

TimeUs Correlator::NextDue() const {
  if (due_known_) return due_;
  TimeUs due = std::min(next_evaluation_, book_.NextDue(bursts_));
  for (const auto& [id, tracked] : bursts_) {
    if (tracked.burst.closed_at == kNoTime) continue;
    const TimeUs expiry = tracked.burst.closed_at + options_.evidence_window;
    if (expiry < due && !book_.Holds(id)) due = expiry;
  }
  due_known_ = true;
  return due_ = due;
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
  std::set<uint64_t> done;
  book_.Resolve(
      now, bursts_,
      [this](const LiveIncident& i, Incident* out) { culprit::Explain(Context(), i, out); }, &done,
      counters_);
  for (uint64_t id : done) bursts_.erase(id);
  Expire(now);
  Evaluate(now);
}

void Correlator::Expire(TimeUs now) {
  for (auto it = bursts_.begin(); it != bursts_.end();) {
    const Burst& burst = it->second.burst;
    if (burst.closed_at == kNoTime || burst.closed_at + options_.evidence_window > now ||
        book_.Holds(it->first)) {
      ++it;
      continue;
    }
    leaks_.CountUnattributed(it->second.key, now);
    if (unattributed_.size() < kMaxUnattributed) {
      unattributed_.push_back(PlainSymptom(*knowledge_, burst));
    } else {
      counters_->Count(Reason::kStateEvicted);
    }
    it = bursts_.erase(it);
  }
}

std::vector<SymptomItem> Correlator::Items() const {
  std::vector<const TrackedBurst*> kept;
  kept.reserve(bursts_.size());
  for (const auto& [id, tracked] : bursts_) kept.push_back(&tracked);
  if (kept.size() > options_.max_items) {
    // The newest, and of them those with the lower id: the count says how many were left out.
    std::stable_sort(kept.begin(), kept.end(),
                     [](const auto* a, const auto* b) { return a->burst.onset > b->burst.onset; });
    counters_->Count(Reason::kStateEvicted, kept.size() - options_.max_items);
    kept.resize(options_.max_items);
  }
  // By kind and onset, to cut kinds that came long apart into chunks.
  auto kind = [](const TrackedBurst& b) { return std::tuple(b.component, b.burst.cls, b.target); };
  std::sort(kept.begin(), kept.end(), [&](const auto* a, const auto* b) {
    return std::tuple(kind(*a), a->burst.onset, a->burst.id) <
           std::tuple(kind(*b), b->burst.onset, b->burst.id);
  });
  std::map<std::tuple<ComponentId, PartitionId, uint64_t>, uint32_t> lines;
  std::map<uint32_t, int> uses;
  std::vector<SymptomItem> items;
  items.reserve(kept.size());
  TimeUs chunk_onset = 0;
  for (size_t i = 0; i < kept.size(); ++i) {
    const TrackedBurst& b = *kept[i];
    SymptomItem& item = items.emplace_back();
    item.component = b.component;
    item.cls = b.burst.cls;
    item.target = b.target;
    if (i > 0 && kind(*kept[i - 1]) == kind(b)) {
      const uint32_t before = items[i - 1].chunk;
      const bool apart = b.burst.onset - chunk_onset > options_.merge_window;
      if (apart) chunk_onset = b.burst.onset;
      item.chunk = before + (apart ? 1 : 0);
    } else {
      chunk_onset = b.burst.onset;
    }
    item.signature = b.burst.signature;
    item.onset = b.burst.onset;
    item.leak = b.leak;
    item.weak = b.burst.signature != kNoSignature && knowledge_->signatures[b.burst.signature].weak;
    item.count = b.burst.count;
    item.burst = b.burst.id;
    if (!b.burst.evidence.empty()) {
      const Position& p = b.burst.evidence.front().position;
      auto [it, added] = lines.try_emplace({b.component, p.partition, p.offset},
                                           static_cast<uint32_t>(lines.size()) + 1);
      item.line = it->second;
      ++uses[item.line];
    }
  }
  for (SymptomItem& item : items) {
    if (item.line != 0 && uses[item.line] < 2) item.line = 0;
  }
  return items;
}

void Correlator::Evaluate(TimeUs now) {
  dirty_ = false;
  due_known_ = false;
  next_evaluation_ = INT64_MAX;
  std::vector<SymptomItem> items = Items();
  ObserveEdges(items, now, options_, &topology_);
  topology_.ForgetLearned(now - options_.learned_edge_life);
  Evaluation evaluation;
  evaluation.now = now;
  evaluation.evidence = EvidenceSet(topology_, std::move(items));
  evaluation.result =
      Infer(topology_, modes_, evaluation.evidence, now, options_, &bonus_, &cache_);
  evaluation.related = RelatedIncidents(evaluation.result, evaluation.evidence, options_);
  const auto& sorted = evaluation.evidence.items();
  for (uint32_t i = 0; i < sorted.size(); ++i) evaluation.item_of.emplace(sorted[i].burst, i);
  evaluation_ = std::move(evaluation);
  book_.Update(
      evaluation_, bursts_, topology_, modes_,
      [this](const LiveIncident& i, Incident* out) { culprit::Explain(Context(), i, out); },
      counters_);
  if (!book_.empty()) {
    next_evaluation_ = now + (book_.HasYoung(now) ? options_.young_period : options_.old_period);
  }
}

ExplainContext Correlator::Context() const {
  return {*knowledge_, topology_, modes_, evaluation_, bursts_, options_, &bonus_};
}

std::vector<Incident> Correlator::OpenIncidents() const {
  std::vector<Incident> result;
  for (const LiveIncident& i : book_.live()) {
    Incident& incident = result.emplace_back(i.value);
    culprit::Explain(Context(), i, &incident);
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
  for (const auto& [id, tracked] : bursts_) {
    if (!book_.Holds(id)) result.push_back(PlainSymptom(*knowledge_, tracked.burst));
  }
  std::stable_sort(result.begin(), result.end(), [](const Symptom& a, const Symptom& b) {
    return std::tie(a.onset, a.component, a.signature) <
           std::tie(b.onset, b.component, b.signature);
  });
  return result;
}

std::vector<ReportEdge> Correlator::Edges() const { return topology_.Edges(); }

void Correlator::ConfirmRoot(std::string_view failure_mode, std::string_view component) {
  const ComponentId id = topology_.Find(component);
  if (id == kNoComponent) return;
  int32_t mode = -1;
  for (int32_t kind = 0; kind < 4; ++kind) {
    const auto name = ModeKindName(static_cast<ModeKind>(kind));
    if (failure_mode == "generic/" + std::string(name)) mode = kind;
  }
  for (size_t i = 0; i < knowledge_->failure_modes.size(); ++i) {
    if (knowledge_->failure_modes[i].id == failure_mode) mode = static_cast<int32_t>(4 + i);
  }
  if (mode < 0) return;
  const int n = ++confirmed_[{std::string(failure_mode), std::string(component)}];
  bonus_[{mode, id}] = std::log((n + 2) / 2.0);
  cache_.Clear();
  dirty_ |= !bursts_.empty();
}

}  // namespace culprit
