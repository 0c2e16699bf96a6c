// When bursts open and close.
#include <algorithm>
#include <utility>

#include "engine/detect/detector_impl.h"
#include "engine/detect/template_class.h"

namespace culprit {

void Detector::Impl::Arm(uint32_t index, int64_t slice) {
  BurstKey& key = keys_.At(index);
  if (slice >= key.armed) return;  // looked at before then anyway
  key.armed = slice;
  timers_.Add(slice, {index, key.generation});
}

void Detector::Impl::RunTimers(int64_t slice) {
  timers_.RunUpTo(slice, [&](int64_t armed, const Timers::Timer& timer) {
    BurstKey& key = keys_.At(timer.key);
    if (key.generation != timer.generation || key.armed != armed) return;
    key.armed = kNever;
    if (key.burst == nullptr) {
      key.window.DropUpTo(slice - WindowOf(key));
      if (key.window.empty() && !key.kept) return DropKey(timer.key);
    }
    Touch(key, timer.key);
  });
}

uint64_t Detector::Impl::FireLevel(BurstKey& key) {
  const Rule& rule = RuleOf(key);
  if (key.rate != nullptr) {
    const int64_t minute = MinuteOf(slice_);
    const Season& season = key.rate->component->season;
    const bool learns_less =
        key.burst != nullptr &&
        (slice_ - key.burst->opened_slice) * options_.slice < kBurstLearningPause;
    key.rate->baseline.Roll(minute, start_minute_, learns_less, season);
    const double window_s = static_cast<double>(rate_slices_ * options_.slice) / kSecondUs;
    return key.rate->baseline.Level(minute, window_s, options_.rate_alpha, season);
  }
  if (key.template_id != 0) return static_cast<uint64_t>(std::max(1, options_.template_count));
  return rule.count;
}

bool Detector::Impl::ShouldFire(BurstKey& key) {
  if (key.first_cell == BurstKey::kNoCell) return false;  // only its window moved on
  if (key.first_seen) return true;
  if (key.rate != nullptr) {
    const int64_t warmup = options_.rate_warmup / kMinuteUs;
    if (MinuteOf(slice_) - start_minute_ < warmup || key.window.sum() < 5) return false;
  }
  return key.window.sum() >= FireLevel(key);
}

void Detector::Impl::Evaluate(uint32_t index) {
  BurstKey& key = keys_.At(index);
  const int64_t window = WindowOf(key);
  if (RuleOf(key).kind == BurstRule::Kind::kAbsent) return;
  key.window.DropUpTo(slice_ - window);
  DropHeldBefore(key, (slice_ - window + 1) * options_.slice);
  if (key.burst != nullptr) {
    CheckQuiet(key, index);
  } else if (ShouldFire(key)) {
    Open(key, key.first_seen ? 1 : FireLevel(key));
    CheckQuiet(key, index);
  }
  if (key.burst != nullptr) return;
  if (!key.window.empty()) {
    Arm(index, key.window.newest().slice + window);
  } else if (!key.kept) {
    DropKey(index);
  }
}

std::unique_ptr<OpenBurst> Detector::Impl::NewBurst(const BurstKey& key) {
  const SignatureSpec& spec = knowledge_->signatures[key.signature];
  auto open = std::make_unique<OpenBurst>();
  open->opened_slice = slice_;
  Burst& b = open->burst;
  b.signature = key.signature;
  b.cls = spec.cls;
  b.severity = spec.severity;
  b.component = key.component;
  b.target = key.target;
  b.last = key.last;
  b.opened_at = now_;
  b.template_id = key.template_id;
  if (b.template_id != 0) {
    if (const TemplateMiner::Template* t = miner_.Find(b.template_id)) b.template_text = t->Text();
    b.cls = ClassFromText(b.template_text).value_or(spec.cls);
  }
  opened_.push_back(open.get());
  ++open_bursts_;
  return open;
}

void Detector::Impl::Open(BurstKey& key, uint64_t level) {
  key.burst = NewBurst(key);
  Burst& b = key.burst->burst;
  b.onset = key.window.oldest().first;
  b.count = key.window.sum();
  key.burst->off_level2 = std::max<uint64_t>(2, level);
  // Instances: of this slice exactly, of the slices before as far as their lines were held.
  const TimeUs start = slice_ * options_.slice;
  key.held.ForEach([&](const HeldLine& line) {
    if (line.time < start) key.burst->CountInstance(line.instance(), 1);
    if (b.evidence.size() < options_.evidence_per_burst) {
      b.evidence.push_back(line.ToEvidence());
      evidence_bytes_ += line.bytes();
    }
  });
  Release(&key.held);
  for (uint32_t i = key.first_cell; i != BurstKey::kNoCell; i = incoming_[i].next)
    key.burst->CountInstances(*current_, current_->cells[incoming_[i].cell]);
}

void Detector::Impl::CheckQuiet(BurstKey& key, uint32_t index) {
  OpenBurst& open = *key.burst;
  // An adaptive level follows what is normal by now.
  if (key.rate != nullptr && open.opened_slice != slice_) {
    open.off_level2 = std::max<uint64_t>(2, FireLevel(key));
  }
  if (2 * key.window.sum() >= open.off_level2) {
    open.quiet_since = kNever;
    Release(&key.held);
    Arm(index, key.window.SliceThatHolds(open.off_level2) + WindowOf(key));
    return;
  }
  if (open.quiet_since == kNever) open.quiet_since = slice_;
  if (slice_ - open.quiet_since >= off_slices_) {
    Close(key);
  } else {
    Arm(index, open.quiet_since + off_slices_);
  }
}

void Detector::Impl::Close(BurstKey& key) {
  key.burst->burst.closed_at = now_;
  for (const Evidence& e : key.burst->burst.evidence) evidence_bytes_ -= EvidenceBytes(e);
  closed_.push_back(std::move(key.burst));
  --open_bursts_;
}

void Detector::Impl::SeeAbsent(BurstKey& key, uint32_t index) {
  if (key.burst != nullptr) Close(key);
  key.mark = life_.global().live();
  const int64_t due = key.mark + RuleOf(key).slices;
  if (due >= key.armed) return;
  key.armed = due;
  absent_due_.push({due, index, key.generation});
}

void Detector::Impl::FireAbsent() {
  const int64_t live = life_.global().live();
  while (!absent_due_.empty() && absent_due_.top().live < live) {
    const AbsentDue top = absent_due_.top();
    absent_due_.pop();
    BurstKey& key = keys_.At(top.key);
    if (key.generation != top.generation || key.armed != top.live) continue;
    key.armed = kNever;
    if (key.burst != nullptr) continue;
    const int64_t due = key.mark + RuleOf(key).slices;
    if (due < live) {
      OpenAbsent(key);
    } else {
      key.armed = due;
      absent_due_.push({due, top.key, top.generation});
    }
  }
}

void Detector::Impl::OpenAbsent(BurstKey& key) {
  key.burst = NewBurst(key);
  key.burst->burst.onset = now_;
  key.held.ForEach([&](const HeldLine& line) {  // the one that was last seen
    key.burst->burst.evidence.push_back(line.ToEvidence());
    evidence_bytes_ += line.bytes();
  });
}

}  // namespace culprit
