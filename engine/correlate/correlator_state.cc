// The Correlator as bytes. Caches are not written; the latest evaluation is, since explanations are
// computed from it until the next one.
#include <algorithm>
#include <bit>
#include <utility>

#include "engine/correlate/correlator.h"
#include "engine/correlate/state.h"

namespace culprit {
namespace {

constexpr std::string_view kKind = "correlator";
constexpr uint32_t kVersion = 1;

// Of all that scores and explanations can depend on.
uint64_t Fingerprint(const Knowledge& knowledge) {
  uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
  const auto number = [&hash](uint64_t n) {
    for (int i = 0; i < 8; ++i, n >>= 8) hash = (hash ^ (n & 255)) * 0x100000001b3u;
  };
  const auto text = [&](const std::string& s) {
    number(s.size());
    for (unsigned char c : s) hash = (hash ^ c) * 0x100000001b3u;
  };
  for (const PackInfo& pack : knowledge.packs) text(pack.name);
  for (const SignatureSpec& s : knowledge.signatures) {
    text(s.id);
    number(static_cast<uint64_t>(s.cls) << 1 | static_cast<uint64_t>(s.weak));
  }
  for (const ComponentSpec& c : knowledge.components) {
    text(c.name);
    for (uint32_t pack : c.packs) number(pack);
  }
  for (const EdgeSpec& e : knowledge.edges) {
    text(e.from);
    text(e.to);
    number(uint64_t{e.pack} << 1 | static_cast<uint64_t>(e.hard));
  }
  for (const FailureModeSpec& m : knowledge.failure_modes) {
    text(m.id);
    text(m.component);
    text(m.from);
    number(static_cast<uint64_t>(m.kind));
    number(std::bit_cast<uint64_t>(m.prior_offset));
    for (const ExplainSpec& e : m.explains) {
      text(e.signature);
      text(e.at);
      number(std::bit_cast<uint64_t>(e.likelihood));
      number(static_cast<uint64_t>(e.within));
    }
    for (const std::string& spared : m.spares) text(spared);
  }
  return hash;
}

void WriteItem(const StateNames& names, const SymptomItem& i, CheckpointWriter& ar) {
  names.WriteComponent(ar, i.component);
  names.WriteComponent(ar, i.target);
  names.WriteSignature(ar, i.signature);
  ar(Choice(i.cls, SymptomClass::kOther), i.chunk, Time(i.onset), i.leak, i.weak, i.count, i.burst,
     i.line);
}

SymptomItem ReadItem(const StateNames& names, CheckpointReader& ar) {
  SymptomItem i;
  i.component = names.ReadComponent(ar);
  i.target = names.ReadComponent(ar, true);
  Require(names.ReadSignature(ar, &i.signature), "signature of an item");
  ar(Choice(i.cls, SymptomClass::kOther), i.chunk, Time(i.onset), i.leak, i.weak, i.count, i.burst,
     i.line);
  Require(i.onset != kNoTime, "item without an onset");
  RequireTime(i.onset);
  RequireOpenUnit(i.leak);
  return i;
}

void WriteResult(const StateNames& names, const InferredIncident& r, CheckpointWriter& ar) {
  ar.Varint(r.hypotheses.size());
  for (const RankedHypothesis& h : r.hypotheses) {
    names.WriteHypothesis(ar, h.hypothesis);
    ar(h.score_micro_nats, Time(h.onset), h.posterior);
  }
  ar.Varint(r.candidates.size());
  for (const RootCandidate& c : r.candidates) {
    names.WriteComponent(ar, c.component);
    ar(c.posterior, c.share, c.best);
  }
  ar(r.score_micro_nats, r.members, r.hidden);
}

InferredIncident ReadResult(const StateNames& names, size_t items, CheckpointReader& ar) {
  InferredIncident r;
  for (size_t n = ar.Count(); n > 0; --n) {
    RankedHypothesis& h = r.hypotheses.emplace_back();
    Require(names.ReadHypothesis(ar, &h.hypothesis), "failure mode of a result");
    ar(h.score_micro_nats, Time(h.onset), h.posterior);
    RequireScore(h.score_micro_nats);
    RequireTime(h.onset);
  }
  for (size_t n = ar.Count(); n > 0; --n) {
    RootCandidate& c = r.candidates.emplace_back();
    c.component = names.ReadComponent(ar);
    ar(c.posterior, c.share, c.best);
    Require(c.best < r.hypotheses.size(), "best hypothesis of a root");
  }
  Require(!r.candidates.empty(), "result without a root");
  ar(r.score_micro_nats, r.members, r.hidden);
  RequireScore(r.score_micro_nats);
  Require(r.hidden.size() == items, "mask of a result");
  for (uint32_t m : r.members) Require(m < items, "member of a result");
  return r;
}

void WriteEvaluation(const StateNames& names, const Evaluation& e, size_t components,
                     CheckpointWriter& ar) {
  ar.Varint(e.evidence.items().size());
  for (const SymptomItem& i : e.evidence.items()) WriteItem(names, i, ar);
  ar.Varint(components);
  for (ComponentId id = 0; id < components; ++id) ar(Time(e.evidence.Alive(id)));
  ar.Varint(e.result.incidents.size());
  for (const InferredIncident& r : e.result.incidents) WriteResult(names, r, ar);
  ar(e.result.unattributed, e.related);
}

void ReadEvaluation(const StateNames& names, const Topology& topology, CheckpointReader& ar,
                    Evaluation* e) {
  std::vector<SymptomItem> items;
  for (size_t n = ar.Count(); n > 0; --n) items.push_back(ReadItem(names, ar));
  std::vector<TimeUs> alive(ar.Count());
  Require(alive.size() <= topology.size(), "who was alive");
  for (TimeUs& t : alive) {
    ar(Time(t));
    RequireTime(t);
  }
  const size_t n_items = items.size();
  e->evidence = EvidenceSet(topology, std::move(items), std::move(alive));
  for (size_t n = ar.Count(); n > 0; --n) {
    e->result.incidents.push_back(ReadResult(names, n_items, ar));
  }
  ar(e->result.unattributed, e->related);
  for (uint32_t i : e->result.unattributed) Require(i < n_items, "unattributed item");
  const size_t results = e->result.incidents.size();
  Require(e->related.size() == results, "relations of results");
  for (int r : e->related) Require(r >= -1 && r < static_cast<int>(results), "related result");
  e->IndexItems();
}

}  // namespace

void Correlator::Write(CheckpointWriter& ar) const {
  RankAll();
  ar(Hash(Fingerprint(*knowledge_)), Time(now_), dirty_, steps_, unattributed_, confirmed_);
  ar(Time(next_evaluation_ == INT64_MAX ? kNoTime : next_evaluation_));
  activation_.Write(*knowledge_, ar);
  topology_.Write(ar);
  std::vector<std::pair<std::string_view, TimeUs>> alive;
  for (const auto& [name, a] : alive_) alive.emplace_back(name, a.last);
  std::sort(alive.begin(), alive.end());
  ar.Varint(alive.size());
  for (const auto& [name, last] : alive) {
    ar.Word(name);
    ar(Time(last));
  }
  cadence_.Write(ar);
  leaks_.Write(ar);
  const StateNames names(*knowledge_, modes_, topology_);
  bursts_.Write(names, ar);
  book_.Write(names, ar);
  // Last: it is not read where other Knowledge makes it out of date.
  CheckpointWriter evaluation;
  ar(Time(evaluation_.now));
  if (evaluation_.now != kNoTime) WriteEvaluation(names, evaluation_, topology_.size(), evaluation);
  ar.Text(evaluation.bytes());
}

void Correlator::Read(CheckpointReader& ar) {
  uint64_t fingerprint = 0;
  ar(Hash(fingerprint), Time(now_), dirty_, steps_, unattributed_, confirmed_);
  const bool same = fingerprint == Fingerprint(*knowledge_);
  ar(Time(next_evaluation_));
  RequireTime(now_);
  RequireTime(next_evaluation_);
  Require(next_evaluation_ == kNoTime || next_evaluation_ <= now_ + kDayUs, "next evaluation");
  if (next_evaluation_ == kNoTime) next_evaluation_ = INT64_MAX;
  activation_.Read(*knowledge_, ar);
  topology_ = Topology(options_);
  topology_.Read(ar);
  for (size_t n = ar.Count(); n > 0; --n) {
    const std::string name(ar.Word());
    Alive alive{.last = kNoTime, .component = topology_.Find(name)};
    ar(Time(alive.last));
    RequireTime(alive.last);
    if (alive.component != kNoComponent) topology_.SetAlive(alive.component, alive.last);
    Require(alive_.emplace(name, alive).second, "name twice");
    activation_.SeeLogging(name);
  }
  ActivatePacks();
  cadence_.Read(ar);
  leaks_.Read(ar);
  const StateNames names(*knowledge_, modes_, topology_);
  counters_->Count(Reason::kSignatureGone, bursts_.Read(names, ar));
  book_.Read(names, ar);
  TimeUs evaluated = kNoTime;
  ar(Time(evaluated));
  RequireTime(evaluated);
  Require(evaluated <= now_, "evaluation from the future");
  const std::string_view bytes = ar.Text();
  if (same && evaluated != kNoTime) {
    CheckpointReader evaluation(bytes);
    ReadEvaluation(names, topology_, evaluation, &evaluation_);
    Require(evaluation.left() == 0, "bytes after the evaluation");
    evaluation_.now = evaluated;
    for (const SymptomItem& i : evaluation_.evidence.items()) {
      Require(bursts_.all().contains(i.burst), "item without a burst");
    }
  }
  for (const LiveIncident& i : book_.live()) {
    Require(i.value.updated_at <= now_, "incident from the future");
    Require(i.result < static_cast<int>(evaluation_.result.incidents.size()) || !same,
            "result of an incident");
    for (uint64_t id : i.members) {
      Require(bursts_.all().contains(id) || !same, "member without a burst");
    }
  }
  book_.Reconcile(bursts_.all(), same);
  bursts_.Hold(book_.live());
  for (const auto& [root, n] : confirmed_) {
    Require(n >= 0, "times a root was confirmed");
    Favour(root.first, root.second, n);
  }
  // Other Knowledge: what is open is judged anew at once.
  if (!same && now_ != kNoTime && (!bursts_.all().empty() || !book_.empty())) Evaluate(now_);
}

std::string Correlator::Save() const {
  return WriteCheckpoint(kKind, kVersion, [this](CheckpointWriter& ar) { Write(ar); });
}

absl::Status Correlator::Restore(std::string_view bytes) {
  Counters counters;
  Correlator fresh(knowledge_, options_, &counters);
  const absl::Status status =
      ReadCheckpoint(bytes, kKind, kVersion, [&](CheckpointReader& ar) { fresh.Read(ar); });
  if (!status.ok()) return status;
  fresh.counters_ = counters_;
  counters_->Add(counters);
  *this = std::move(fresh);
  return status;
}

}  // namespace culprit
