// What the parts of correlate/ share when they are written to a checkpoint. Private to correlate/;
// include in .cc files only.
//
// Components go by their number in the topology, which is written first; signatures and failure
// modes by id, so that a checkpoint can be restored into other Knowledge.
#pragma once
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "engine/base/checkpoint.h"
#include "engine/core/evidence_state.h"
#include "engine/core/incident.h"
#include "engine/core/knowledge.h"
#include "engine/correlate/modes.h"
#include "engine/correlate/score_cache.h"
#include "engine/correlate/topology.h"

namespace culprit {

inline void RequireScore(int64_t micro_nats) {
  constexpr int64_t kMost = int64_t{1} << 50;
  Require(micro_nats >= -kMost && micro_nats <= kMost, "score out of range");
}
// A probability as evidence and leaks have it: no less than would make its evidence endless.
inline void RequireOpenUnit(double p) { Require(p > 1e-9 && p < 1, "not a probability"); }

// Signatures and failure modes between their ids and the Knowledge and catalog at hand; all of them
// must outlive it.
class StateNames {
 public:
  StateNames(const Knowledge& knowledge, const ModeCatalog& modes, const Topology& topology)
      : knowledge_(knowledge), modes_(modes), topology_(topology) {
    for (size_t i = 0; i < knowledge.failure_modes.size(); ++i) {
      mode_by_id_.emplace(knowledge.failure_modes[i].id, static_cast<int32_t>(4 + i));
    }
  }
  const Knowledge& knowledge() const { return knowledge_; }

  // kNoSignature (silence) is the empty id. False: there is no such signature any more.
  void WriteSignature(CheckpointWriter& ar, SignatureIndex signature) const {
    ar.Word(signature == kNoSignature ? std::string_view()
                                      : std::string_view(knowledge_.signatures[signature].id));
  }
  bool ReadSignature(CheckpointReader& ar, SignatureIndex* signature) const {
    const std::string_view id = ar.Word();
    *signature = kNoSignature;
    if (id.empty()) return true;
    const auto it = knowledge_.signature_by_id.find(id);
    if (it != knowledge_.signature_by_id.end()) *signature = it->second;
    return it != knowledge_.signature_by_id.end();
  }

  void WriteComponent(CheckpointWriter& ar, ComponentId id) const {
    ar.Varint(id == kNoComponent ? 0 : uint64_t{id} + 1);
  }
  ComponentId ReadComponent(CheckpointReader& ar, bool or_none = false) const {
    const uint64_t n = ar.Varint();
    Require(n <= topology_.size() && (or_none || n > 0), "component out of range");
    return n == 0 ? kNoComponent : static_cast<ComponentId>(n - 1);
  }

  void WriteHypothesis(CheckpointWriter& ar, const HypothesisRef& h) const {
    const Mode& mode = modes_[h.mode];
    ar.Word(mode.spec < 0 ? std::string_view()
                          : std::string_view(knowledge_.failure_modes[mode.spec].id));
    ar(Choice(mode.kind, ModeKind::kLink));
    WriteComponent(ar, h.component);
    WriteComponent(ar, h.from);
  }
  // False: its failure mode is gone or another one now; *h is the generic one of its kind.
  bool ReadHypothesis(CheckpointReader& ar, HypothesisRef* h) const {
    const std::string_view id = ar.Word();
    ModeKind kind{};
    ar(Choice(kind, ModeKind::kLink));
    h->component = ReadComponent(ar);
    h->from = ReadComponent(ar, true);
    Require((kind == ModeKind::kLink) == (h->from != kNoComponent), "end of a path");
    h->mode = static_cast<int32_t>(kind);
    if (id.empty()) return true;
    const auto it = mode_by_id_.find(id);
    if (it == mode_by_id_.end()) return false;
    const Mode& mode = modes_[it->second];
    if (mode.component != h->component || mode.from != h->from || mode.kind != kind) return false;
    h->mode = it->second;
    return true;
  }

 private:
  const Knowledge& knowledge_;
  const ModeCatalog& modes_;
  const Topology& topology_;
  std::map<std::string, int32_t, std::less<>> mode_by_id_;
};

// NOLINTBEGIN(readability-identifier-naming): cereal's names
template <typename Archive>
void serialize(Archive& ar, Symptom& s) {
  ar(s.burst, Word(s.signature), Word(s.title), Choice(s.cls, SymptomClass::kOther),
     Word(s.component), Word(s.target), s.template_text, Time(s.onset), Time(s.last), s.count,
     s.path, s.responsibility, s.weight_micro_nats);
}
template <typename Archive>
void serialize(Archive& ar, Hypothesis& h) {
  ar(Word(h.component), Word(h.from), Word(h.failure_mode), h.title,
     Choice(h.kind, ModeKind::kLink), h.score_micro_nats, h.probability, h.share);
}
template <typename Archive>
void serialize(Archive& ar, Alternative& a) {
  ar(a.hypothesis, a.reason);
}
template <typename Archive>
void serialize(Archive& ar, Absence& a) {
  ar(Word(a.component), a.what, a.weight_micro_nats);
}
template <typename Archive>
void serialize(Archive& ar, Spared& s) {
  ar(Word(s.signature), Word(s.title), s.confirmed);
}
template <typename Archive>
void serialize(Archive& ar, TimelineEntry& t) {
  ar(Time(t.time), Word(t.kind), Word(t.component), t.text);
}
template <typename Archive>
void serialize(Archive& ar, RunbookStep& s) {
  ar(s.say, s.run);
}
template <typename Archive>
void serialize(Archive& ar, RunbookLink& l) {
  ar(l.title, l.url);
}
template <typename Archive>
void serialize(Archive& ar, Runbook& r) {
  ar(r.immediate, r.diagnose, r.resolve, r.links);
}
template <typename Archive>
void serialize(Archive& ar, Incident& i) {
  ar(i.id, Choice(i.state, IncidentState::kRelated), Choice(i.severity, Severity::kCritical),
     i.title, i.root, Choice(i.confidence, Confidence::kConfirmed), i.ties, i.alternatives,
     i.affected, i.symptoms, i.absences, i.unexplained, i.spared, i.impact, i.runbook);
  ar(Time(i.onset), Time(i.opened_at), Time(i.paged_at), Time(i.updated_at), Time(i.resolved_at),
     i.evidence, i.timeline, Word(i.merged_into), Word(i.split_from), Word(i.related_to), i.flaps,
     i.flapping, i.root_history);
  for (TimeUs t : {i.onset, i.opened_at, i.paged_at, i.updated_at, i.resolved_at}) RequireTime(t);
  Require(i.flaps >= 0 && i.flaps < 1 << 30, "flaps out of range");
}
// NOLINTEND(readability-identifier-naming)

}  // namespace culprit
