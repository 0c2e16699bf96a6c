// One explanation in the making: what is decided about an incident, worded from an evaluation.
// Internal to explain.cc and explain_details.cc.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "engine/core/captures.h"
#include "engine/correlate/alternatives.h"
#include "engine/correlate/explain.h"

namespace culprit {

class Explainer {
 public:
  Explainer(const ExplainContext& c, const LiveIncident& live)
      : c_(c),
        live_(live),
        mode_(c.modes[live.shown.mode]),
        spec_(SpecOf(mode_)),
        items_(c.evaluation.evidence.items()),
        hidden_(Hidden()),
        scorer_(c.topology, c.modes, c.evaluation.evidence, c.evaluation.now, c.options),
        scores_(scorer_, c.evaluation.evidence, hidden_) {}

  // Everything that Explain fills.
  void Fill(Incident* out);

 private:
  // The failure mode to be named; null: only how it fails is known. "The disk of etcd is slow"
  // needs something that the mode lists; that etcd is down needs no more than clients who say so.
  const FailureModeSpec* SpecOf(const Mode& mode) const;
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

  void FillSymptoms(Incident* out);
  std::vector<std::string> PathTo(ComponentId id) const;
  Hypothesis DescribeHypothesis(const HypothesisRef& h, int64_t score) const;
  void FillRoot(Incident* out, int64_t score);
  void FillAbsences(Incident* out);
  std::string WhatIsMissing(ComponentId id) const;
  void FillUnexplained(Incident* out);
  void FillSpared(Incident* out);
  void FillAdvice(Incident* out);
  void FillEvidence(Incident* out);
  void FillTimeline(Incident* out);

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

}  // namespace culprit
