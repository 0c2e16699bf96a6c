// What is missing, spared and left over; advice, lines and the timeline.
#include <algorithm>
#include <set>
#include <tuple>

#include "engine/correlate/explainer.h"
#include "engine/correlate/words.h"

namespace culprit {

void Explainer::FillAbsences(Incident* out) {
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
    const auto without = scorer_.Score(live_.shown, hidden_, Bonus(live_.shown), place->component);
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

std::string Explainer::WhatIsMissing(ComponentId id) const {
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

void Explainer::FillUnexplained(Incident* out) {
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

void Explainer::FillSpared(Incident* out) {
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

void Explainer::FillAdvice(Incident* out) {
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
  take(true, [&](const TrackedBurst& b) { return b.component == id && b.target == kNoComponent; });
  take(false, [](const TrackedBurst&) { return true; });
  out->impact = FillTemplate(spec_->impact, root, captures);
  out->runbook = FillRunbook(spec_->runbook, root, captures);
}

void Explainer::FillEvidence(Incident* out) {
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

void Explainer::FillTimeline(Incident* out) {
  std::vector<TimelineEntry> timeline = live_.value.timeline;
  if (!out->symptoms.empty()) {
    const Symptom& first = out->symptoms.front();
    timeline.push_back({first.onset, "onset", first.component, first.title});
    for (size_t i = 1; i < out->symptoms.size() && timeline.size() < c_.options.max_timeline; ++i) {
      const Symptom& s = out->symptoms[i];
      timeline.push_back({s.onset, "burst", s.component, s.title});
    }
  }
  std::stable_sort(timeline.begin(), timeline.end(),
                   [](const TimelineEntry& a, const TimelineEntry& b) { return a.time < b.time; });
  out->timeline = std::move(timeline);
}

}  // namespace culprit
