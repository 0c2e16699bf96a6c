// Shared by the tests of detect/: signals in one line, and a run of orderer and detector that keeps
// copies of everything that happened.
#pragma once
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "engine/detect/detector.h"
#include "engine/detect/order.h"

namespace culprit {

inline constexpr TimeUs kT0 = 1'772'000'040 * kSecondUs;  // a whole minute of 2026

inline Signal MakeSignal(PartitionId partition, uint64_t offset, TimeUs time,
                         SignatureIndex signature = 0, std::string component = "api") {
  Signal s;
  s.signature = signature;
  s.position = {partition, offset, 10};
  s.time = time;
  s.time_origin = TimeOrigin::kParsed;
  s.level = Level::kError;
  s.component = std::move(component);
  s.service = s.component;
  s.line = "line " + std::to_string(partition) + ":" + std::to_string(offset);
  return s;
}

inline SignatureSpec MakeSpec(std::string id, BurstRule rule = {}) {
  SignatureSpec spec;
  spec.id = std::move(id);
  spec.cls = SymptomClass::kSelfError;
  spec.burst = rule;
  return spec;
}

inline std::shared_ptr<Knowledge> MakeKnowledge(std::vector<SignatureSpec> specs) {
  auto k = std::make_shared<Knowledge>();
  k->packs.resize(8);
  k->signatures = std::move(specs);
  return k;
}

// Everything a caller can see of one outcome, as text: equal text, equal outcome.
inline std::string Describe(const Burst& b, bool evidence = true) {
  std::string s = "#" + std::to_string(b.id) + " sig" + std::to_string(b.signature) + " " +
                  std::string(SymptomClassName(b.cls)) + " " + b.component + ">" + b.target +
                  " onset " + std::to_string(b.onset - kT0) + " last " +
                  std::to_string(b.last - kT0) + " opened " + std::to_string(b.opened_at - kT0) +
                  " closed " + (b.closed_at == kNoTime ? "-" : std::to_string(b.closed_at - kT0)) +
                  " n " + std::to_string(b.count) + " " + std::to_string(b.template_id) + " " +
                  b.template_text;
  for (const auto& [name, n] : b.instances) s += " " + name + "=" + std::to_string(n);
  if (evidence) {
    for (const Evidence& e : b.evidence) s += " [" + e.line + "]";
  }
  return s;
}

inline std::string Describe(const SliceOutcome& out) {
  std::string s = "slice " + std::to_string(out.slice_end - kT0) + "\n";
  for (const Burst* b : out.opened) s += "  open " + Describe(*b) + "\n";
  for (const Burst* b : out.changed) s += "  change " + Describe(*b) + "\n";
  for (const Burst* b : out.closed) s += "  close " + Describe(*b) + "\n";
  for (const auto& [name, time] : out.alive) {
    s += "  alive " + name + " " + std::to_string(time - kT0) + "\n";
  }
  for (const uint32_t pack : out.packs_seen) s += "  pack " + std::to_string(pack) + "\n";
  return s;
}

// The caller's loop of detector.h, with everything written down.
class Pipeline {
 public:
  explicit Pipeline(std::shared_ptr<const Knowledge> knowledge, DetectorOptions detect = {},
                    OrderOptions order = {}, DurationUs tick = 0)
      : orderer(order, &counters), detector(std::move(knowledge), detect, &counters), tick_(tick) {}

  void Add(Signal s) {
    orderer.Add(s);
    Drain();
  }
  void AddMark(const Mark& m) {
    orderer.AddMark(m);
    Drain();
  }
  void Drain() {
    while (orderer.NextClosed(&slice_)) {
      Pass(slice_.start);
      detector.OnSlice(slice_, &out_);
      Note();
    }
    if (orderer.watermark() != kNoTime && orderer.watermark() != Orderer::kEndOfTime) {
      Pass(orderer.SliceStart(orderer.watermark()));
    }
  }
  // Ends all partitions and lets every burst close.
  void Finish(const std::vector<PartitionId>& partitions) {
    for (const PartitionId p : partitions) orderer.EndPartition(p);
    Drain();
    if (detector.now() != kNoTime) Pass(std::max(detector.quiet_at(), detector.now() + kHourUs));
  }

  Counters counters;
  Orderer orderer;
  Detector detector;
  std::string log;
  std::vector<Burst> opened;
  std::vector<Burst> closed;

 private:
  void Pass(TimeUs until) {
    while (detector.PassTime(until, tick_, &out_)) Note();
  }
  void Note() {
    log += Describe(out_);
    for (const Burst* b : out_.opened) opened.push_back(*b);
    for (const Burst* b : out_.closed) closed.push_back(*b);
  }
  DurationUs tick_;
  Slice slice_;
  SliceOutcome out_;
};

}  // namespace culprit
