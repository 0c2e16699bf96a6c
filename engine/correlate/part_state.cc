// The parts of a Correlator as bytes. What follows from other things is not written: declared
// edges, ranks, trees, active failure modes, who holds what.
#include <algorithm>

#include "engine/correlate/activation.h"
#include "engine/correlate/burst_table.h"
#include "engine/correlate/cadence.h"
#include "engine/correlate/incidents.h"
#include "engine/correlate/leaks.h"
#include "engine/correlate/state.h"

namespace culprit {

void Cadence::Write(CheckpointWriter& ar) const { ar(saved_, Time(at_), Time(allowed_)); }

void Cadence::Read(CheckpointReader& ar) {
  ar(saved_, Time(at_), Time(allowed_));
  RequireTime(at_);
  RequireTime(allowed_);
  Require(saved_ >= -(int64_t{1} << 57), "looks out of range");
  saved_ = std::min(saved_, most_);
}

void PackActivation::Write(const Knowledge& knowledge, CheckpointWriter& ar) const {
  ar.Varint(static_cast<uint64_t>(std::count(active_.begin(), active_.end(), true)));
  for (size_t p = 0; p < active_.size(); ++p) {
    if (active_[p]) ar.Word(knowledge.packs[p].name);
  }
}

void PackActivation::Read(const Knowledge& knowledge, CheckpointReader& ar) {
  for (size_t n = ar.Count(); n > 0; --n) {
    const std::string_view name = ar.Word();
    for (size_t p = 0; p < active_.size(); ++p) {
      if (knowledge.packs[p].name == name) active_[p] = true;
    }
  }
}

void Topology::Write(CheckpointWriter& ar) const {
  ar.Varint(names_.size());
  for (const std::string* name : names_) ar.Word(*name);
  std::vector<const Edge*> learned;  // by ends: their order of coming does not matter
  for (const auto& [ends, id] : edge_ids_) {
    if (edges_[id].learned) learned.push_back(&edges_[id]);
  }
  ar.Varint(learned.size());
  for (const Edge* e : learned) ar(e->from, e->to, Time(e->used));
  ar(lit_, bursting_, unknown_edge_);
}

void Topology::Read(CheckpointReader& ar) {
  for (size_t n = ar.Count(); n > 0; --n) {
    const size_t before = names_.size();
    Intern(ar.Word());
    Require(names_.size() > before, "component twice");
  }
  const auto known = [this](ComponentId id) { return id < names_.size(); };
  for (size_t n = ar.Count(); n > 0; --n) {
    ComponentId from = 0, to = 0;
    TimeUs used = 0;
    ar(from, to, Time(used));
    RequireTime(used);
    Require(known(from) && known(to) && from != to, "edge out of range");
    Learn(from, to, used);
  }
  std::vector<std::pair<ComponentId, ComponentId>> lit;
  std::vector<ComponentId> bursting;
  double unknown_edge = 0;
  ar(lit, bursting, unknown_edge);
  Require(unknown_edge >= 0 && unknown_edge <= 1, "strength of unknown edges");
  for (const auto& [from, to] : lit) Require(known(from) && known(to), "edge out of range");
  for (ComponentId id : bursting) Require(known(id), "component out of range");
  SetLit(std::move(lit));
  SetUnknownEdges(std::move(bursting), unknown_edge);
}

void LeakTable::Write(CheckpointWriter& ar) const {
  ar(Time(first_));
  ar.Varint(counts_.size());
  for (const auto& [key, count] : counts_) ar(key, count.n, Time(count.at));
}

void LeakTable::Read(CheckpointReader& ar) {
  ar(Time(first_));
  RequireTime(first_);
  for (size_t n = ar.Count(); n > 0; --n) {
    std::string key;
    Count count;
    ar(key, count.n, Time(count.at));
    RequireTime(count.at);
    Require(count.n >= 0, "count of a leak");
    Require(counts_.emplace(std::move(key), count).second, "leak twice");
  }
}

void BurstTable::Write(const StateNames& names, CheckpointWriter& ar) const {
  ar.Varint(bursts_.size());
  for (const auto& [id, b] : bursts_) {
    names.WriteSignature(ar, b.burst.signature);
    ar(b.burst, b.leak);
    names.WriteComponent(ar, b.component);
    names.WriteComponent(ar, b.target);
    const auto newest = by_key_.find(b.key);
    ar(newest != by_key_.end() && newest->second == id, b.newest_id != id);
    if (b.newest_id != id) ar(b.newest_id, b.count_before, b.instances_before);
  }
}

size_t BurstTable::Read(const StateNames& names, CheckpointReader& ar) {
  size_t gone = 0;
  for (size_t n = ar.Count(); n > 0; --n) {
    TrackedBurst b;
    SignatureIndex signature = kNoSignature;
    const bool there = names.ReadSignature(ar, &signature);
    ar(b.burst, b.leak);
    b.burst.signature = signature;
    b.component = names.ReadComponent(ar);
    b.target = names.ReadComponent(ar, true);
    Require(b.target == kNoComponent || (b.target != b.component && IsDependencyClass(b.burst.cls)),
            "target of a burst");
    RequireOpenUnit(b.leak);
    for (TimeUs t : {b.burst.onset, b.burst.last, b.burst.opened_at, b.burst.closed_at}) {
      RequireTime(t);
    }
    Require(b.burst.onset != kNoTime, "burst without an onset");
    bool newest = false, folded = false;
    ar(newest, folded);
    b.newest_id = b.burst.id;
    if (folded) ar(b.newest_id, b.count_before, b.instances_before);
    if (!there) {
      ++gone;
      continue;
    }
    b.key = KeyOf(names.knowledge(), b.burst);
    const uint64_t id = b.burst.id;
    if (newest) Require(by_key_.emplace(b.key, id).second, "newest of a key twice");
    if (folded && b.burst.closed_at == kNoTime) {
      Require(folded_.emplace(b.newest_id, id).second, "burst folded twice");
    }
    Require(bursts_.emplace(id, std::move(b)).second, "burst twice");
  }
  return gone;
}

void IncidentBook::WriteOne(const StateNames& names, const LiveIncident& i,
                            CheckpointWriter& ar) const {
  ar(i.serial, i.value, i.members, i.contested, i.score_micro_nats, i.result, i.challenged,
     i.explained_away, i.flap_times, i.resolve_after);
  names.WriteHypothesis(ar, i.shown);
  names.WriteComponent(ar, i.challenger);
}

LiveIncident IncidentBook::ReadOne(const StateNames& names, CheckpointReader& ar) {
  LiveIncident i;
  ar(i.serial, i.value, i.members, i.contested, i.score_micro_nats, i.result, i.challenged,
     i.explained_away, i.flap_times, i.resolve_after);
  names.ReadHypothesis(ar, &i.shown);
  i.challenger = names.ReadComponent(ar, true);
  const auto ascending = [](const BurstIds& ids) {
    return std::adjacent_find(ids.begin(), ids.end(), std::greater_equal<>()) == ids.end();
  };
  Require(ascending(i.members) && ascending(i.contested), "bursts of an incident");
  RequireScore(i.score_micro_nats);
  Require(i.serial < next_serial_, "incident from the future");
  Require(i.value.opened_at != kNoTime, "incident that never opened");
  Require(i.challenged >= 0 && i.challenged < 1 << 30 && i.explained_away >= 0 &&
              i.explained_away < 1 << 30,
          "count out of range");
  for (TimeUs t : i.flap_times) RequireTime(t);
  Require(i.resolve_after >= 0 && i.resolve_after < 1000 * kDayUs, "time to resolve");
  Require(ids_.insert(i.value.id).second, "incident twice");
  return i;
}

void IncidentBook::Write(const StateNames& names, CheckpointWriter& ar) const {
  ar(next_serial_);
  ar.Varint(live_.size());
  for (const LiveIncident& i : live_) WriteOne(names, i, ar);
  ar.Varint(finished_.size());
  for (const LiveIncident& i : finished_) WriteOne(names, i, ar);
}

void IncidentBook::Read(const StateNames& names, CheckpointReader& ar) {
  ar(next_serial_);
  Require(next_serial_ < uint64_t{1} << 62, "number of incidents");
  for (size_t n = ar.Count(); n > 0; --n) {
    live_.push_back(ReadOne(names, ar));
    const size_t last = live_.size() - 1;
    Require(last == 0 || live_[last - 1].serial < live_[last].serial, "order of incidents");
  }
  for (size_t n = ar.Count(); n > 0; --n) finished_.push_back(ReadOne(names, ar));
}

void IncidentBook::Reconcile(const BurstMap& bursts, bool same_results) {
  for (LiveIncident& i : live_) {
    std::erase_if(i.members, [&](uint64_t id) { return !bursts.contains(id); });
    std::erase_if(i.contested, [&](uint64_t id) { return !bursts.contains(id); });
    if (!same_results) i.result = -1;
  }
}

}  // namespace culprit
