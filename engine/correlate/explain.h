// Turns what was decided about an incident into what people read: symptoms with path and weight,
// alternatives with a reason, absences, what is spared, impact, runbook with captures, evidence,
// timeline. Pure functions of the latest evaluation; one thread.
#pragma once
#include <string>
#include <vector>

#include "engine/core/incident.h"
#include "engine/core/knowledge.h"
#include "engine/correlate/inference.h"
#include "engine/correlate/live.h"
#include "engine/correlate/modes.h"
#include "engine/correlate/options.h"
#include "engine/correlate/topology.h"

namespace culprit {

struct ExplainContext {
  const Knowledge& knowledge;
  const Topology& topology;
  const ModeCatalog& modes;
  const Evaluation& evaluation;
  const BurstMap& bursts;
  const CorrelatorOptions& options;
  const PriorBonus* bonus = nullptr;
};

// Fills everything of *out that is computed; keeps id, state, times, history; appends to a copy of
// the decided timeline. `out` may be &incident.value.
void Explain(const ExplainContext& context, const LiveIncident& incident, Incident* out);

// A burst as a symptom without a root.
Symptom PlainSymptom(const Knowledge& knowledge, const Burst& burst);

}  // namespace culprit
