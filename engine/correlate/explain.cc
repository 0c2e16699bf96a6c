#include "engine/correlate/explain.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <tuple>

#include "engine/core/captures.h"
#include "engine/correlate/alternatives.h"
#include "engine/correlate/words.h"

namespace culprit {
namespace {

constexpr double kMicro = 1e6;
constexpr size_t kMaxWeighed = 120;  // groups that get an exact weight; further ones show none

class Explainer {
 public:
  Explainer(const ExplainContext& c, const LiveIncident& live)
      : c_(c),
        live_(live),
        mode_(c.modes[live.shown.mode]),
        spec_(mode_.spec >= 0 ? &c.knowledge.failure_modes[mode_.spec] : nullptr),
        items_(c.evaluation.evidence.items()),
        hidden_(Hidden()),
        scorer_(c.topology, c.modes, c.evaluation.evidence, c.evaluation.now, c.options),
        scores_(scorer_, c.evaluation.evidence, hidden_) {}

  void Fill(Incident* out) {
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

 private:
  const std::vector<Capture>& CapturesOf(SignatureIndex signature, const Evidence& evidence) const {
    CaptureSource* const source = c_.options.captures;
    return source == nullptr ? evidence.captures : source->Of(signature, evidence);
  }
  double Bonus(const HypothesisRef& h) const {
    if (!c_.bonus) return 0;
    auto it = c_.bonus->find({h.mode, h.component});
    return it == c_.bonus->end() ? 0 : it->second;
  }
  const InferredIncident* Result() const {
    return live_.result >= 0 ? &c_.evaluation.result.incidents[live_.result] : nullptr;
  }
  // What the incident's ranking saw; for one without a result, all that no other incident explains.
  HiddenMask Hidden() const {
    if (Result()) return Result()->hidden;
    HiddenMask hidden(items_.size(), 0);
    for (const InferredIncident& i : c_.evaluation.result.incidents) {
      for (uint32_t item : i.members) hidden[item] = !Contains(live_.members, items_[item].burst);
    }
    return hidden;
  }
  std::string Name(ComponentId id) const { return c_.topology.Name(id); }

  Symptom Describe(const TrackedBurst& tracked) const {
    return PlainSymptom(c_.knowledge, tracked.burst);
  }

  void FillSymptoms(Incident* out) {
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

  std::vector<std::string> PathTo(ComponentId id) const {
    std::vector<std::string> path;
    int32_t node = detail_.tree ? detail_.tree->Find(id) : -1;
    if (node < 0) return {Name(id)};
    for (; node >= 0; node = detail_.tree->nodes[node].parent) {
      path.push_back(Name(detail_.tree->nodes[node].id));
    }
    std::reverse(path.begin(), path.end());
    return path;
  }

  Hypothesis DescribeHypothesis(const HypothesisRef& h, int64_t score) const {
    Hypothesis out;
    const Mode& mode = c_.modes[h.mode];
    out.component = Name(h.component);
    if (h.from != kNoComponent) out.from = Name(h.from);
    out.kind = mode.kind;
    out.score_micro_nats = score;
    if (mode.spec >= 0) {
      out.failure_mode = c_.knowledge.failure_modes[mode.spec].id;
      out.title = c_.knowledge.failure_modes[mode.spec].title;
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

  void FillRoot(Incident* out, int64_t score) {
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
    const bool alive = mode_.kind == ModeKind::kDown &&
                       c_.evaluation.evidence.Alive(live_.shown.component) >= proof;
    if (out->root.share >= c_.options.confirmed_share &&
        (self || (accusers.size() >= 2 && !alive)) && paged_tier) {
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

  void FillAbsences(Incident* out) {
    out->absences.clear();
    std::vector<const HypothesisDetail::Place*> missing;
    for (const auto& place : detail_.places) {
      if (place.absence) missing.push_back(&place);
    }
    std::stable_sort(missing.begin(), missing.end(),
                     [](const auto* a, const auto* b) { return a->own < b->own; });
    if (missing.size() > c_.options.max_absences) missing.resize(c_.options.max_absences);
    const int64_t full = scores_.Full(live_.shown, Bonus(live_.shown));
    for (const auto* place : missing) {
      const auto without =
          scorer_.Score(live_.shown, hidden_, Bonus(live_.shown), place->component);
      if (!without || full >= without->micro_nats) continue;
      out->absences.push_back(
          {Name(place->component), WhatIsMissing(place->component), full - without->micro_nats});
    }
    std::stable_sort(out->absences.begin(), out->absences.end(),
                     [](const Absence& a, const Absence& b) {
                       return std::tie(a.weight_micro_nats, a.component) <
                              std::tie(b.weight_micro_nats, b.component);
                     });
  }

  std::string WhatIsMissing(ComponentId id) const {
    if (id == live_.shown.component) return "symptoms of its own";
    std::set<SignatureIndex> seen;
    std::set<SymptomClass> classes;
    for (const SymptomItem& item : items_) {
      if (item.component != id) continue;
      seen.insert(item.signature);
      classes.insert(item.cls);
    }
    std::vector<std::string> names;
    for (const Mode::Listing& listing : mode_.listings) {
      if (listing.at == id && !seen.contains(listing.signature)) {
        names.push_back(c_.knowledge.signatures[listing.signature].id);
      }
    }
    if (!names.empty()) return JoinNames(names, 6);
    const bool dependency = classes.contains(SymptomClass::kRefused) ||
                            classes.contains(SymptomClass::kTimeout) ||
                            classes.contains(SymptomClass::kDepError);
    return dependency ? "5xx" : "refused, timeout or dep_error";
  }

  void FillUnexplained(Incident* out) {
    out->unexplained.clear();
    for (uint32_t item : c_.evaluation.result.unattributed) {
      if (Contains(live_.members, items_[item].burst)) continue;
      Symptom symptom = Describe(c_.bursts.at(items_[item].burst));
      symptom.path = {symptom.component};
      out->unexplained.push_back(std::move(symptom));
    }
    std::stable_sort(out->unexplained.begin(), out->unexplained.end(),
                     [](const Symptom& a, const Symptom& b) {
                       return std::tie(a.onset, a.component, a.signature) <
                              std::tie(b.onset, b.component, b.signature);
                     });
  }

  void FillSpared(Incident* out) {
    out->spared.clear();
    if (!spec_) return;
    for (const std::string& id : spec_->spares) {
      auto known = c_.knowledge.signature_by_id.find(id);
      if (known == c_.knowledge.signature_by_id.end()) continue;
      const SignatureSpec& signature = c_.knowledge.signatures[known->second];
      const bool appeared = std::any_of(items_.begin(), items_.end(), [&](const SymptomItem& i) {
        return i.signature == known->second;
      });
      std::vector<std::string> places = signature.where_services;
      if (signature.component.find('{') == std::string::npos) places = {signature.component};
      if (places.empty()) {  // no place of its own: where the failure shows
        for (ComponentId at : mode_.named) places.push_back(Name(at));
        places.insert(places.end(), out->affected.begin(), out->affected.end());
      }
      const bool logging = std::any_of(places.begin(), places.end(), [&](const std::string& at) {
        const ComponentId place = c_.topology.Find(at);
        return place != kNoComponent && c_.evaluation.evidence.Alive(place) >= fault_onset_;
      });
      out->spared.push_back({id, signature.title, !appeared && logging});
    }
  }

  void FillAdvice(Incident* out) {
    const std::string root = Name(live_.shown.component);
    if (!spec_) {
      out->impact = out->affected.empty()
                        ? ""
                        : JoinNames(out->affected, 6) +
                              (out->affected.size() == 1 ? " fails" : " fail") + " because of it.";
      out->runbook = GenericRunbook(mode_.kind, root,
                                    live_.shown.from == kNoComponent ? "" : Name(live_.shown.from));
      return;
    }
    // Lines that name the root speak of its address; lines of others may name other hosts.
    std::vector<Capture> captures;
    std::set<std::string> have;
    auto take = [&](bool address_too, auto&& wanted) {
      for (const Symptom& symptom : out->symptoms) {
        const TrackedBurst& b = c_.bursts.at(symptom.burst);
        if (!wanted(b)) continue;
        for (const Evidence& evidence : b.burst.evidence) {
          for (const Capture& capture : CapturesOf(b.burst.signature, evidence)) {
            const bool address = capture.first == "host" || capture.first == "port" ||
                                 capture.first == "address" || capture.first == "addr";
            if (capture.second.empty() || (address && !address_too)) continue;
            if (have.insert(capture.first).second) captures.push_back(capture);
          }
        }
      }
    };
    const ComponentId id = live_.shown.component;
    take(true, [&](const TrackedBurst& b) { return b.target == id; });
    take(true,
         [&](const TrackedBurst& b) { return b.component == id && b.target == kNoComponent; });
    take(false, [](const TrackedBurst&) { return true; });
    out->impact = FillTemplate(spec_->impact, root, captures);
    out->runbook = FillRunbook(spec_->runbook, root, captures);
  }

  void FillEvidence(Incident* out) {
    struct Line {
      bool other = false;  // not the root's own
      const Evidence* evidence = nullptr;
      SignatureIndex signature = kNoSignature;
    };
    std::vector<Line> all;
    std::map<std::string, size_t> per_component;
    for (const Symptom& symptom : out->symptoms) {
      const TrackedBurst& b = c_.bursts.at(symptom.burst);
      size_t taken = 0;
      for (const Evidence& evidence : b.burst.evidence) {
        if (++taken > 3) break;
        all.push_back({b.component != live_.shown.component, &evidence, b.burst.signature});
      }
    }
    std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
      const Position &p = a.evidence->position, &q = b.evidence->position;
      return std::tie(a.other, a.evidence->time, p.partition, p.offset) <
             std::tie(b.other, b.evidence->time, q.partition, q.offset);
    });
    out->evidence.clear();
    std::set<std::pair<PartitionId, uint64_t>> seen;
    for (const auto& [other, evidence, signature] : all) {
      if (!seen.insert({evidence->position.partition, evidence->position.offset}).second) continue;
      if (out->evidence.size() >= c_.options.max_evidence) break;
      Evidence& shown = out->evidence.emplace_back(*evidence);
      if (shown.captures.empty()) shown.captures = CapturesOf(signature, *evidence);
    }
  }

  void FillTimeline(Incident* out) {
    std::vector<TimelineEntry> timeline = live_.value.timeline;
    if (!out->symptoms.empty()) {
      const Symptom& first = out->symptoms.front();
      timeline.push_back({first.onset, "onset", first.component, first.title});
      for (size_t i = 1; i < out->symptoms.size() && timeline.size() < c_.options.max_timeline;
           ++i) {
        const Symptom& s = out->symptoms[i];
        timeline.push_back({s.onset, "burst", s.component, s.title});
      }
    }
    std::stable_sort(
        timeline.begin(), timeline.end(),
        [](const TimelineEntry& a, const TimelineEntry& b) { return a.time < b.time; });
    out->timeline = std::move(timeline);
  }

  const ExplainContext& c_;
  const LiveIncident& live_;
  const Mode& mode_;
  const FailureModeSpec* spec_;
  const std::vector<SymptomItem>& items_;
  HiddenMask hidden_;
  Scorer scorer_;
  WeighedScores scores_;
  HypothesisDetail detail_;
  std::map<uint32_t, double> responsibility_;
  TimeUs fault_onset_ = kNoTime;
};

}  // namespace

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
