// Any bytes as the content of a checkpoint (behind a right checksum): refused with a Status, or
// taken; then it is what it was when saved and restored again, and whatever comes next works.
#include <cstdlib>
#include <string>

#include "engine/base/checkpoint.h"
#include "engine/detect/detector.h"
#include "engine/detect/order.h"

namespace culprit {
namespace {

void Check(bool ok) {
  if (!ok) std::abort();
}

std::shared_ptr<const Knowledge> MakeKnowledge() {
  auto k = std::make_shared<Knowledge>();
  k->packs.resize(1);
  k->signatures.resize(5);
  for (size_t i = 0; i < k->signatures.size(); ++i)
    k->signatures[i].id = std::string(1, static_cast<char>('a' + i));
  k->signatures[1].burst.kind = BurstRule::Kind::kRate;
  k->signatures[2].burst.kind = BurstRule::Kind::kNew;
  k->signatures[3].burst.kind = BurstRule::Kind::kAbsent;
  k->signatures[4].by_template = true;
  return k;
}

class Run {
 public:
  explicit Run(std::shared_ptr<const Knowledge> knowledge)
      : knowledge_(std::move(knowledge)), orderer_(Order(), &counters_) {
    detector_ = std::make_unique<Detector>(knowledge_, Detect(), &counters_);
  }
  bool RestoreOrderer(std::string_view content) {
    return orderer_.Restore(*knowledge_, SealCheckpoint("orderer", 1, content)).ok();
  }
  bool RestoreDetector(std::string_view content) {
    return detector_->Restore(SealCheckpoint("detector", 1, content)).ok();
  }
  // Some seconds of everything, from where time stands.
  void GoOn() {
    TimeUs t = std::max({orderer_.newest(), detector_->now(), 1'772'000'040 * kSecondUs});
    if (orderer_.watermark() != Orderer::kEndOfTime) t = std::max(t, orderer_.watermark());
    if (t > int64_t{1} << 59) return;
    for (uint64_t i = 0; i < 200; ++i, t += 400'000) {
      Signal s;
      s.signature = static_cast<SignatureIndex>(i % 5);
      s.position = {static_cast<PartitionId>(i % 3), i, 4};
      s.time = t;
      s.level = Level::kError;
      s.component = "c" + std::to_string(i % 2);
      s.line = "line";
      if (s.signature == 4) s.message = i % 3 == 0 ? "cannot open file" : "user is gone";
      orderer_.Add(s);
      if (i % 50 == 0) orderer_.AddMark({0, t, "c3"});
      Drain();
    }
  }
  void Again() {
    Run again(knowledge_);
    Check(again.orderer_.Restore(*knowledge_, orderer_.Save(*knowledge_)).ok());
    const std::string bytes = detector_->Save();
    Check(again.detector_->Restore(bytes).ok());
    Check(again.detector_->Save() == bytes);
  }

 private:
  static OrderOptions Order() {
    OrderOptions o;
    o.max_keys_per_slice = 8;
    o.max_texts_per_component = 3;
    o.live = true;
    return o;
  }
  static DetectorOptions Detect() {
    DetectorOptions o;
    o.max_keys = 8;
    o.max_evidence_bytes = 4000;
    o.max_components = 4;
    o.max_templates = 4;
    o.rate_warmup = 0;
    o.flatline_min_history = 0;
    return o;
  }
  void Drain() {
    while (orderer_.NextClosed(&slice_)) {
      if (detector_->now() != kNoTime && slice_.start < detector_->now())
        continue;  // of other runs
      for (int i = 0; i < 100 && detector_->PassTime(slice_.start, 0, &out_); ++i) {
      }
      if (detector_->PassTime(slice_.start, 0, &out_)) continue;
      detector_->OnSlice(slice_, &out_);
    }
  }

  std::shared_ptr<const Knowledge> knowledge_;
  Counters counters_;
  Orderer orderer_;
  std::unique_ptr<Detector> detector_;
  Slice slice_;
  SliceOutcome out_;
};

void Fuzz(std::string_view bytes) {
  if (bytes.empty()) return;
  static const std::shared_ptr<const Knowledge> knowledge = MakeKnowledge();
  Run run(knowledge);
  const bool orderer = (bytes.front() & 1) != 0;
  bytes.remove_prefix(1);
  if (orderer ? !run.RestoreOrderer(bytes) : !run.RestoreDetector(bytes)) return;
  run.Again();
  run.GoOn();
}

}  // namespace
}  // namespace culprit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  culprit::Fuzz({reinterpret_cast<const char*>(data), size});
  return 0;
}
