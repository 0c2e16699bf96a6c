#include "engine/correlate/explain.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

#include "engine/correlate/explainer.h"
#include "engine/correlate/words.h"

namespace culprit {
namespace {

constexpr double kMicro = 1e6;
constexpr size_t kMaxWeighed = 120;  // groups that get an exact weight; further ones show none

}  // namespace

const FailureModeSpec* Explainer::SpecOf(const Mode& mode) const {
  if (mode.spec < 0) return nullptr;
  const bool plain = mode.kind == ModeKind::kDown || mode.listings.empty();
  const bool named =
      plain || std::any_of(live_.members.begin(), live_.members.end(), [&](uint64_t id) {
        return mode.Lists(c_.bursts.at(id).burst.signature);
      });
  return named ? &c_.knowledge.failure_modes[mode.spec] : nullptr;
}

void Explainer::Fill(Incident* out) {
  const double bonus = Bonus(live_.shown);
  const auto score = scorer_.Score(live_.shown, hidden_, bonus, kNoComponent, &detail_);
  fault_onset_ = score ? score->onset : c_.evaluation.now;
  for (const auto& [item, responsibility] : detail_.responsibility) {
    responsibility_[item] = std::max(responsibility_[item], responsibility);
  }
  FillSymptoms(out);
  FillRoot(out, score ? score->micro_nats : live_.score_micro_nats);
  FillAbsences(out);
  FillUnexplained(out);
  FillSpared(out);
  FillAdvice(out);
  FillEvidence(out);
  FillTimeline(out);
}

void Explainer::FillSymptoms(Incident* out) {
  out->symptoms.clear();
  const TimeUs before = out->flaps > 0 ? out->onset : INT64_MAX;  // came back: same incident
  out->onset = before;
  std::set<ComponentId> affected;
  for (uint64_t id : live_.members) {
    const TrackedBurst& tracked = c_.bursts.at(id);
    out->onset = std::min(out->onset, tracked.burst.onset);
    Symptom symptom = Describe(tracked);
    if (const int64_t item = c_.evaluation.ItemOf(id); item >= 0) {
      const auto at = static_cast<uint32_t>(item);
      if (auto r = responsibility_.find(at); r != responsibility_.end()) {
        symptom.responsibility = r->second;
      }
      if (out->symptoms.size() < kMaxWeighed) {
        symptom.weight_micro_nats = scores_.Weight(live_.shown, Bonus(live_.shown), at);
      }
    }
    symptom.path = PathTo(tracked.component);
    if (tracked.component != live_.shown.component) affected.insert(tracked.component);
    out->symptoms.push_back(std::move(symptom));
  }
  if (out->onset == INT64_MAX) out->onset = out->opened_at;
  std::sort(out->symptoms.begin(), out->symptoms.end(), [](const Symptom& a, const Symptom& b) {
    return std::tie(a.onset, a.component, a.signature, a.burst) <
           std::tie(b.onset, b.component, b.signature, b.burst);
  });
  std::vector<std::tuple<int, TimeUs, std::string>> near;
  for (ComponentId id : affected) {
    TimeUs first = INT64_MAX;
    for (const Symptom& s : out->symptoms) {
      if (s.component == Name(id)) first = std::min(first, s.onset);
    }
    const int32_t node = detail_.tree ? detail_.tree->Find(id) : -1;
    near.emplace_back(node >= 0 ? detail_.tree->nodes[node].hops : 99, first, Name(id));
  }
  std::sort(near.begin(), near.end());
  out->affected.clear();
  for (const auto& [hops, onset, name] : near) out->affected.push_back(name);
}

std::vector<std::string> Explainer::PathTo(ComponentId id) const {
  std::vector<std::string> path;
  int32_t node = detail_.tree ? detail_.tree->Find(id) : -1;
  if (node < 0) return {Name(id)};
  for (; node >= 0; node = detail_.tree->nodes[node].parent) {
    path.push_back(Name(detail_.tree->nodes[node].id));
  }
  std::reverse(path.begin(), path.end());
  return path;
}

Hypothesis Explainer::DescribeHypothesis(const HypothesisRef& h, int64_t score) const {
  Hypothesis out;
  const Mode& mode = c_.modes[h.mode];
  out.component = Name(h.component);
  if (h.from != kNoComponent) out.from = Name(h.from);
  out.kind = mode.kind;
  out.score_micro_nats = score;
  if (const FailureModeSpec* spec = SpecOf(mode)) {
    out.failure_mode = spec->id;
    out.title = spec->title;
  } else {
    out.failure_mode = "generic/" + std::string(ModeKindName(mode.kind));
    std::set<SymptomClass> own;
    for (uint64_t id : live_.members) {
      const TrackedBurst& b = c_.bursts.at(id);
      if (b.component == h.component) own.insert(b.burst.cls);
    }
    out.title = GenericTitle(mode.kind, out.component, out.from, {own.begin(), own.end()});
  }
  if (const InferredIncident* result = Result()) {
    for (const RootCandidate& candidate : result->candidates) {
      if (candidate.component != h.component) continue;
      out.probability = candidate.posterior;
      out.share = candidate.share;
    }
  }
  return out;
}

void Explainer::FillRoot(Incident* out, int64_t score) {
  const Hypothesis before = out->root;
  out->root = DescribeHypothesis(live_.shown, score);
  if (!Result()) {  // no longer continued: the last figures stand
    out->root.probability = before.probability;
    out->root.share = before.share;
  }
  bool self = false;
  std::set<ComponentId> accusers;
  for (uint64_t id : live_.members) {
    const TrackedBurst& b = c_.bursts.at(id);
    const bool weak =
        b.burst.signature != kNoSignature && c_.knowledge.signatures[b.burst.signature].weak;
    if (b.component == live_.shown.component && !weak) {
      self |= !IsDependencyClass(b.burst.cls) && b.burst.cls != SymptomClass::kServerError &&
              b.burst.cls != SymptomClass::kOther;
      self |= mode_.Find(b.burst.signature, kAtSelf) != nullptr;
    }
    if (b.target == live_.shown.component) accusers.insert(b.component);
  }
  out->confidence = Confidence::kInconclusive;
  const bool paged_tier = score >= std::llround(c_.options.page_score * kMicro);
  if (out->root.share >= c_.options.likely_share) out->confidence = Confidence::kLikely;
  // Said to be down by others, but it goes on logging and shows nothing: not proven.
  const TimeUs proof = fault_onset_ + static_cast<DurationUs>(c_.options.silence_lag) * kSecondUs;
  const bool alive =
      mode_.kind == ModeKind::kDown && c_.evaluation.evidence.Alive(live_.shown.component) >= proof;
  if (out->root.share >= c_.options.confirmed_share && (self || (accusers.size() >= 2 && !alive)) &&
      paged_tier) {
    out->confidence = Confidence::kConfirmed;
  }
  out->ties.clear();
  out->alternatives.clear();
  if (const InferredIncident* result = Result()) {
    if (out->confidence == Confidence::kInconclusive) {
      for (const RootCandidate& candidate : result->candidates) {
        if (candidate.share * c_.options.tie_ratio < result->candidates[0].share ||
            out->ties.size() >= c_.options.max_ties) {
          break;
        }
        out->ties.push_back(Name(candidate.component));
      }
      if (std::find(out->ties.begin(), out->ties.end(), out->root.component) == out->ties.end()) {
        out->ties.insert(out->ties.begin(), out->root.component);
        out->ties.resize(std::min(out->ties.size(), c_.options.max_ties));
      }
    }
    for (const RankedHypothesis* other :
         ChooseAlternatives(*result, live_.shown, c_.modes, c_.options.max_alternatives)) {
      Alternative alternative;
      alternative.hypothesis = DescribeHypothesis(other->hypothesis, other->score_micro_nats);
      if (other->hypothesis.from != kNoComponent) {
        alternative.hypothesis.probability = other->posterior;
      }
      alternative.reason = scores_.WhyLower(
          {live_.shown, score, Bonus(live_.shown), &detail_},
          {other->hypothesis, other->score_micro_nats, Bonus(other->hypothesis), nullptr},
          [&](uint32_t item) {
            const TrackedBurst& b = c_.bursts.at(items_[item].burst);
            return "'" + Describe(b).title + "' at " + Name(b.component);
          },
          c_.topology, c_.modes);
      out->alternatives.push_back(std::move(alternative));
    }
  }
  out->title = IncidentTitle(out->root.title, out->root.kind, out->affected, out->ties);
}

Symptom PlainSymptom(const Knowledge& knowledge, const Burst& burst) {
  Symptom symptom;
  symptom.burst = burst.id;
  if (burst.signature == kNoSignature) {
    symptom.signature = "silence";
    symptom.title = burst.component + " stopped logging";
  } else {
    symptom.signature = knowledge.signatures[burst.signature].id;
    symptom.title = knowledge.signatures[burst.signature].title;
    if (symptom.title.empty()) symptom.title = symptom.signature;
  }
  symptom.cls = burst.cls;
  symptom.component = burst.component;
  symptom.target = burst.target;
  symptom.template_text = burst.template_text;
  symptom.onset = burst.onset;
  symptom.last = burst.last;
  symptom.count = burst.count;
  return symptom;
}

void Explain(const ExplainContext& context, const LiveIncident& incident, Incident* out) {
  Explainer(context, incident).Fill(out);
}

}  // namespace culprit
