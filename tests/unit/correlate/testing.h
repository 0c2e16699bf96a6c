// Builders for the correlator's tests: a Knowledge in a few lines, and a driver that turns bursts
// and signs of life into slices.
#pragma once
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/correlate/correlator.h"

namespace culprit::testing {

constexpr TimeUs kStart = 1'767'225'600'000'000;  // 2026-01-01T00:00:00Z

class KnowledgeBuilder {
 public:
  explicit KnowledgeBuilder(bool user = true) {
    knowledge_->packs.push_back({"test", "test", "", false, user, {}});
  }
  uint32_t Pack(const std::string& name, bool always = false) {
    knowledge_->packs.push_back({name, name, "", always, false, {}});
    return static_cast<uint32_t>(knowledge_->packs.size() - 1);
  }
  KnowledgeBuilder& Signature(const std::string& id, SymptomClass cls, bool weak = false,
                              const std::string& title = "") {
    SignatureSpec s;
    s.id = id;
    s.title = title.empty() ? id : title;
    s.cls = cls;
    s.weak = weak;
    signatures_[id] = s;
    return *this;
  }
  KnowledgeBuilder& Component(const std::string& name, uint32_t pack = 0) {
    ComponentSpec& c = components_[name];
    c.name = name;
    c.packs.push_back(pack);
    return *this;
  }
  KnowledgeBuilder& Depends(const std::string& from, const std::vector<std::string>& to,
                            uint32_t pack = 0, bool hard = true) {
    Component(from, pack);
    for (const auto& t : to) {
      Component(t, pack);
      edges_[{from, t}] = {from, t, hard, pack};
    }
    return *this;
  }
  KnowledgeBuilder& Mode(FailureModeSpec mode) {
    modes_[mode.id] = std::move(mode);
    return *this;
  }
  std::shared_ptr<const Knowledge> Build() {
    auto k = std::make_shared<Knowledge>(*knowledge_);
    for (auto& [id, s] : signatures_) {
      k->signature_by_id[id] = static_cast<SignatureIndex>(k->signatures.size());
      k->signatures.push_back(s);
    }
    for (auto& [name, c] : components_) k->components.push_back(c);
    for (auto& [key, e] : edges_) k->edges.push_back(e);
    for (auto& [id, m] : modes_) k->failure_modes.push_back(m);
    return k;
  }

 private:
  std::shared_ptr<Knowledge> knowledge_ = std::make_shared<Knowledge>();
  std::map<std::string, SignatureSpec> signatures_;
  std::map<std::string, ComponentSpec> components_;
  std::map<std::pair<std::string, std::string>, EdgeSpec> edges_;
  std::map<std::string, FailureModeSpec> modes_;
};

inline FailureModeSpec ModeSpec(const std::string& id, const std::string& component, ModeKind kind,
                                std::vector<ExplainSpec> explains,
                                std::vector<std::string> spares = {}) {
  FailureModeSpec mode;
  mode.id = id;
  mode.component = component;
  mode.kind = kind;
  mode.title = component + " fails (" + id + ")";
  mode.explains = std::move(explains);
  mode.spares = std::move(spares);
  return mode;
}

// Feeds a Correlator. Times are seconds after kStart.
class Driver {
 public:
  explicit Driver(std::shared_ptr<const Knowledge> knowledge, CorrelatorOptions options = {})
      : knowledge_(knowledge), options_(options), correlator_(knowledge, options, &counters_) {}
  // A checkpoint: the copy goes on alone.
  Driver(const Driver& other) = default;

  Burst& Add(const std::string& signature, const std::string& component, double onset,
             const std::string& target = "", double open_for = 1e9, uint64_t count = 10) {
    Burst b;
    b.id = next_++;
    if (!signature.empty()) {
      b.signature = knowledge_->signature_by_id.at(signature);
      b.cls = knowledge_->signatures[b.signature].cls;
      b.severity = knowledge_->signatures[b.signature].severity;
    } else {
      b.cls = SymptomClass::kSilence;
    }
    b.component = component;
    b.target = target;
    b.onset = At(onset);
    b.last = b.onset;
    b.count = count;
    Pending& p = pending_.emplace_back();
    p.burst = b;
    p.fires = SliceEnd(At(onset));
    p.closes = open_for >= 1e8 ? INT64_MAX : SliceEnd(At(onset + open_for));
    return pending_.back().burst;
  }
  // These log every second from now on.
  void Alive(const std::vector<std::string>& names) { alive_.insert(names.begin(), names.end()); }
  void Dead(const std::string& name) { alive_.erase(name); }

  // Runs slices until `seconds`; `skip_empty` leaves out slices without bursts.
  void Run(double seconds, bool skip_empty = false) {
    const TimeUs until = At(seconds);
    for (; now_ + kSecondUs <= until; now_ += kSecondUs) Slice(skip_empty);
    correlator_.AdvanceTo(now_);
  }
  // The correlator is replaced by one made from its checkpoint, perhaps with other knowledge.
  absl::Status Restart(std::shared_ptr<const Knowledge> knowledge = nullptr) {
    if (knowledge) knowledge_ = std::move(knowledge);
    const std::string bytes = correlator_.Save();
    correlator_ = Correlator(knowledge_, options_, &counters_);
    return correlator_.Restore(bytes);
  }
  Correlator& correlator() { return correlator_; }
  const Counters& counters() const { return counters_; }
  static TimeUs At(double seconds) {
    return kStart + static_cast<TimeUs>(seconds * static_cast<double>(kSecondUs));
  }

 private:
  struct Pending {
    Burst burst;
    TimeUs fires = 0, closes = INT64_MAX;
    bool open = false, done = false;
  };
  static TimeUs SliceEnd(TimeUs t) { return (t / kSecondUs + 1) * kSecondUs; }
  void Slice(bool skip_empty) {
    SliceOutcome slice;
    slice.slice_start = now_;
    slice.slice_end = now_ + kSecondUs;
    for (Pending& p : pending_) {
      if (!p.open && !p.done && p.fires <= slice.slice_end) {
        p.open = true;
        p.burst.opened_at = slice.slice_end;
        slice.opened.push_back(&p.burst);
      } else if (p.open && p.closes <= slice.slice_end) {
        p.open = false;
        p.done = true;
        p.burst.closed_at = slice.slice_end;
        p.burst.last = slice.slice_end - 1;
        slice.closed.push_back(&p.burst);
      }
    }
    for (const auto& name : alive_) slice.alive.emplace_back(name, slice.slice_end - 1);
    slice.packs_seen = packs_seen;
    const bool first = slice.slice_start == kStart;
    if (skip_empty && !first && slice.opened.empty() && slice.closed.empty()) return;
    correlator_.OnSlice(slice);
  }

  std::shared_ptr<const Knowledge> knowledge_;
  CorrelatorOptions options_;
  Counters counters_;
  Correlator correlator_;
  std::vector<Pending> pending_;
  std::set<std::string> alive_;
  TimeUs now_ = kStart;
  uint64_t next_ = 1;

 public:
  std::vector<uint32_t> packs_seen;
};

}  // namespace culprit::testing
