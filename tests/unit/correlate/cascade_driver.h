// Feeds simulated cascades to a Correlator, and writes incidents as text for comparisons.
#pragma once
#include <sstream>
#include <string>

#include "tests/unit/correlate/simulator.h"
#include "tests/unit/correlate/testing.h"

namespace culprit::testing {

constexpr double kLead = 200;  // the cascade's time 0, in the driver's seconds

inline std::shared_ptr<const Knowledge> CascadeKnowledge(const Cascade& cascade,
                                                         const std::string& prefix = "") {
  KnowledgeBuilder k;
  for (size_t c = 0; c < kSymptomClassCount; ++c) {
    const auto cls = static_cast<SymptomClass>(c);
    k.Signature("sim/" + std::string(SymptomClassName(cls)), cls);
  }
  for (int c = 0; c < cascade.components; ++c) k.Component(prefix + SimulatedName(c));
  for (const auto& [from, to, hard] : cascade.known_edges) {
    k.Depends(prefix + SimulatedName(from), {prefix + SimulatedName(to)}, 0, hard);
  }
  return k.Build();
}

// `order`: permutation of the bursts, or empty.
inline Driver DriveCascade(const Cascade& cascade, CorrelatorOptions options = {},
                           const std::string& prefix = "", std::vector<size_t> order = {}) {
  options.forced_unknown_edge = 0;
  Driver driver(CascadeKnowledge(cascade, prefix), options);
  std::vector<std::string> alive;
  for (int c = 0; c < cascade.components; ++c) {
    if (cascade.logs[c]) alive.push_back(prefix + SimulatedName(c));
  }
  driver.Alive(alive);
  for (size_t i = 0; i < cascade.bursts.size(); ++i) {
    const SimulatedBurst& b = cascade.bursts[order.empty() ? i : order[i]];
    const bool silence = b.cls == SymptomClass::kSilence;
    driver.Add(silence ? "" : "sim/" + std::string(SymptomClassName(b.cls)),
               prefix + SimulatedName(b.component), kLead + b.onset,
               b.target < 0 ? "" : prefix + SimulatedName(b.target), 120);
  }
  return driver;
}

inline void Write(std::ostream& out, const Hypothesis& h) {
  out << h.component << '|' << h.from << '|' << h.failure_mode << '|' << h.title << '|'
      << static_cast<int>(h.kind) << '|' << h.score_micro_nats << '|' << h.probability << '|'
      << h.share << '\n';
}
inline void Write(std::ostream& out, const Symptom& s, bool numbers) {
  out << (numbers ? s.burst : 0) << '|' << s.signature << '|' << s.component << '|' << s.target
      << '|' << s.onset << '|' << s.last << '|' << s.count << '|' << s.responsibility << '|'
      << s.weight_micro_nats << '|';
  for (const auto& p : s.path) out << p << '>';
  out << '\n';
}

// Everything an incident says. `numbers`: with burst numbers (they follow the order of arrival).
inline std::string Text(const Incident& i, bool numbers = true) {
  std::ostringstream out;
  out.precision(17);
  out << i.id << ' ' << IncidentStateName(i.state) << ' ' << SeverityName(i.severity) << ' '
      << i.title << ' ' << ConfidenceName(i.confidence) << '\n';
  Write(out, i.root);
  for (const auto& t : i.ties) out << "tie " << t << '\n';
  for (const auto& a : i.alternatives) {
    Write(out, a.hypothesis);
    out << a.reason << '\n';
  }
  for (const auto& a : i.affected) out << a << ',';
  out << '\n';
  for (const auto& s : i.symptoms) Write(out, s, numbers);
  for (const auto& a : i.absences) {
    out << a.component << ' ' << a.what << ' ' << a.weight_micro_nats << '\n';
  }
  for (const auto& s : i.unexplained) Write(out, s, numbers);
  for (const auto& s : i.spared) out << s.signature << s.confirmed << '\n';
  out << i.impact << ' ' << i.onset << ' ' << i.opened_at << ' ' << i.paged_at << ' '
      << i.updated_at << ' ' << i.resolved_at << '\n';
  for (const auto& t : i.timeline) {
    out << t.time << ' ' << t.kind << ' ' << t.component << ' ' << t.text << '\n';
  }
  out << i.merged_into << ' ' << i.split_from << ' ' << i.related_to << ' ' << i.flaps << i.flapping
      << '\n';
  for (const auto& r : i.root_history) out << r << ',';
  return out.str() + "\n";
}

inline std::string Text(const Correlator& correlator, bool numbers = true) {
  std::string text;
  for (const Incident& i : correlator.Incidents()) text += Text(i, numbers);
  std::ostringstream out;
  out.precision(17);
  for (const Symptom& s : correlator.Unattributed()) Write(out, s, numbers);
  for (const ReportEdge& e : correlator.Edges()) {
    out << e.from << ">" << e.to << e.learned << '\n';
  }
  return text + out.str();
}

}  // namespace culprit::testing
