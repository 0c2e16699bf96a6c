#include "engine/detect/detector.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "engine/detect/detector_impl.h"

namespace culprit {
namespace {

int64_t FloorDiv(int64_t a, int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

MinerOptions ToMinerOptions(const DetectorOptions& options) {
  MinerOptions m;
  m.max_templates = options.max_templates;
  return m;
}

LifeOptions ToLifeOptions(const DetectorOptions& options) {
  LifeOptions l;
  l.slice = options.slice;
  l.flatline = options.flatline;
  l.across_partitions = options.flatline_across_partitions;
  l.min_history = options.flatline_min_history;
  l.max_components = options.max_components;
  return l;
}

}  // namespace

Detector::Impl::Impl(std::shared_ptr<const Knowledge> knowledge, const DetectorOptions& options,
                     Counters* counters)
    : knowledge_(std::move(knowledge)),
      options_(options),
      counters_(counters),
      off_slices_(std::max<int64_t>(1, options.off_after / options.slice)),
      rate_slices_(std::max<int64_t>(1, options.rate_window / options.slice)),
      template_slices_(std::max<int64_t>(1, options.template_within / options.slice)),
      first_seen_(options.first_seen_forget, options.max_first_seen),
      miner_(ToMinerOptions(options)),
      life_(ToLifeOptions(options)) {
  for (const SignatureSpec& spec : knowledge_->signatures) rules_.push_back(MakeRule(spec));
  longest_window_ = std::max(rate_slices_, template_slices_);
  for (const Rule& rule : rules_) longest_window_ = std::max(longest_window_, rule.slices);
}

Detector::Impl::Rule Detector::Impl::MakeRule(const SignatureSpec& spec) const {
  Rule rule;
  rule.kind = spec.burst.kind;
  rule.count = static_cast<uint64_t>(std::max(1, spec.burst.count));
  rule.slices = std::max<int64_t>(1, spec.burst.within / options_.slice);
  if (rule.kind == BurstRule::Kind::kRate) rule.slices = rate_slices_;
  rule.first_seen = options_.first_seen && (rule.kind == BurstRule::Kind::kNew || spec.by_template);
  rule.any_level = rule.kind == BurstRule::Kind::kNew;
  rule.strong = !spec.weak;
  rule.pack = spec.pack;
  rule.id_hash = StableHash(spec.id);
  return rule;
}

int64_t Detector::Impl::MinuteOf(int64_t slice) const {
  return FloorDiv(slice * options_.slice, kMinuteUs);
}

int64_t Detector::Impl::DayOf(int64_t slice) const {
  return FloorDiv(slice * options_.slice, kDayUs);
}

int64_t Detector::Impl::WindowOf(const BurstKey& key) const {
  const Rule& rule = RuleOf(key);
  return key.template_id != 0 && rule.kind != BurstRule::Kind::kRate ? template_slices_
                                                                     : rule.slices;
}

void Detector::Impl::Begin(int64_t slice, SliceOutcome* out) {
  slice_ = slice;
  now_ = SliceEnd(slice);
  out->slice_start = slice * options_.slice;
  out->slice_end = now_;
  out->opened.clear();
  out->changed.clear();
  out->closed.clear();
  out->alive.clear();
  out->packs_seen.clear();
  closed_.clear();
  opened_.clear();
  changed_.clear();
  touched_.clear();
}

// Ids follow the order of keys, whatever the order of finding.
void Detector::Impl::Finish(SliceOutcome* out) {
  const auto order = [](const OpenBurst* b) {
    return std::tie(b->burst.signature, b->burst.component, b->burst.target, b->burst.template_id);
  };
  std::sort(opened_.begin(), opened_.end(),
            [&](const OpenBurst* a, const OpenBurst* b) { return order(a) < order(b); });
  for (OpenBurst* b : opened_) {
    Refresh(b);
    b->burst.id = next_burst_id_++;
    out->opened.push_back(&b->burst);
  }
  by_id_.clear();
  for (size_t i = 0; i < changed_.size(); ++i) {
    if (i + kFetchAhead < changed_.size()) Prefetch(*changed_[i + kFetchAhead]);
    OpenBurst* const b = changed_[i];
    Refresh(b);
    if (b->burst.closed_at == kNoTime) by_id_.emplace_back(b->burst.id, &b->burst);
  }
  std::sort(by_id_.begin(), by_id_.end());
  for (const auto& [id, burst] : by_id_) out->changed.push_back(burst);
  std::sort(closed_.begin(), closed_.end(),
            [](const auto& a, const auto& b) { return a->burst.id < b->burst.id; });
  for (const auto& b : closed_) out->closed.push_back(&b->burst);
}

// `next`: of a key that comes a little earlier, whose own memory was fetched before.
void Detector::Impl::FetchAhead(uint32_t key, uint32_t next) const {
  if (key != KeyTable::kNone) keys_.Prefetch(key);
  if (next == KeyTable::kNone) return;
  if (const OpenBurst* burst = keys_.At(next).burst.get()) Prefetch(*burst);
}

void Detector::Impl::OnSlice(const Slice& slice, SliceOutcome* out) {
  const int64_t index = FloorDiv(slice.start, options_.slice);
  assert(now_ == kNoTime || slice.start >= now_);
  Begin(index, out);
  if (start_minute_ == INT64_MIN) {
    start_minute_ = FloorDiv(slice.start + kMinuteUs - 1, kMinuteUs);
  }
  OnLife(slice, out);
  RunTimers(index);

  MineTemplates(slice);
  Locate(slice);
  size_t missing = 0;
  for (const Incoming& in : incoming_) missing += in.key == KeyTable::kNone;
  const bool tight = keys_.size() + missing > options_.max_keys;
  // Only near a bound does the order of keys matter.
  if (tight) {
    SortIncoming(slice);
  } else if (evidence_bytes_ + slice.sample_bytes > options_.max_evidence_bytes / 2) {
    SortIncomingByHash(slice);
  }
  if (tight) MakeRoom(missing);
  current_ = &slice;
  for (uint32_t i = 0; i < incoming_.size(); ++i) {
    Incoming& in = incoming_[i];
    if (i + kFetchAhead < incoming_.size()) {
      FetchAhead(incoming_[i + kFetchAhead].key, incoming_[i + kFetchAhead / 2].key);
    }
    const SliceCell& cell = slice.cells[in.cell];
    bool star = false;
    if (in.key == KeyTable::kNone) {
      const KeyTable::View view = ViewOf(slice, in);
      // Another cell of this slice may have made it (two texts of one new template).
      in.key = in.template_id != 0 ? keys_.Find(view) : KeyTable::kNone;
      if (in.key == KeyTable::kNone && keys_.size() >= options_.max_keys) {
        counters_->Count(Reason::kKeyOverflow, cell.count);
        in.key = StarKey(cell.signature);
        star = true;
      } else if (in.key == KeyTable::kNone) {
        in.key = NewKey(view);
      }
    }
    AddCell(slice, i, star);
  }
  for (size_t i = 0; i < touched_.size(); ++i) {
    if (i + kFetchAhead < touched_.size()) {
      FetchAhead(touched_[i + kFetchAhead], touched_[i + kFetchAhead / 2]);
    }
    Evaluate(touched_[i]);
  }
  FireAbsent();
  for (const uint64_t hash : seen_) {
    counters_->Count(Reason::kKeyOverflow, first_seen_.See(hash, DayOf(index)));
  }
  seen_.clear();

  std::vector<uint32_t>& packs = out->packs_seen;
  for (const SliceCell& cell : slice.cells) {
    const Rule& rule = rules_[cell.signature];
    if (!rule.strong) continue;
    if (packs.empty() || packs.back() != rule.pack) packs.push_back(rule.pack);
  }
  std::sort(packs.begin(), packs.end());
  packs.erase(std::unique(packs.begin(), packs.end()), packs.end());
  Finish(out);
}

bool Detector::Impl::PassTime(TimeUs until, DurationUs tick, SliceOutcome* out) {
  if (now_ == kNoTime) return false;
  const int64_t last = FloorDiv(until, options_.slice) - 1;  // newest slice that may close
  while (true) {
    const int64_t next = FloorDiv(now_, options_.slice);  // first slice not yet closed
    int64_t target = kNever;
    if (tick > 0) {
      const TimeUs tick_at = (FloorDiv(now_, tick) + 1) * tick;
      target = FloorDiv(tick_at - 1, options_.slice);
    }
    bool due = false;
    if (const int64_t timer = timers_.next(); timer != Timers::kNone && timer <= target) {
      target = std::max(timer, next);
      due = true;
    }
    if (target > last) {
      if (last >= next) now_ = SliceEnd(last);
      return false;
    }
    Begin(target, out);
    if (due) RunTimers(target);
    for (const uint32_t key : touched_) Evaluate(key);
    Finish(out);
    const bool ticked = tick > 0 && now_ % tick == 0;
    if (ticked || !closed_.empty()) return true;
  }
}

void Detector::Impl::OnLife(const Slice& slice, SliceOutcome* out) {
  life_.OnSlice(slice_, slice.life, &out->alive, &silent_, &back_);
  for (const LifeTracker::Change& c : back_) {
    auto it = silences_.find(c.component);
    if (it == silences_.end()) continue;
    it->second->burst.closed_at = now_;
    closed_.push_back(std::move(it->second));
    silences_.erase(it);
    --open_bursts_;
  }
  for (const LifeTracker::Change& c : silent_) {
    auto open = std::make_unique<OpenBurst>();
    Burst& b = open->burst;
    b.cls = SymptomClass::kSilence;
    b.component = c.component;
    b.onset = now_;  // when it can be told: the model expects it 45 s after the fault
    b.last = c.last;
    b.opened_at = now_;
    opened_.push_back(open.get());
    silences_[c.component] = std::move(open);
    ++open_bursts_;
  }
}

void Detector::Impl::Refresh(OpenBurst* open) {
  Burst& b = open->burst;
  open->ShowInstances();
  if (b.template_id == 0) return;
  if (const TemplateMiner::Template* t = miner_.Find(b.template_id)) b.template_text = t->Text();
}

// An open burst with a window closes at the latest when the longest window has emptied.
TimeUs Detector::Impl::quiet_at() const {
  return open_bursts_ == 0 ? now_ : now_ + (longest_window_ + off_slices_ + 1) * options_.slice;
}

size_t Detector::Impl::memory_bytes() const {
  size_t bytes = evidence_bytes_;
  keys_.ForEach([&](uint32_t, const BurstKey& key) {
    bytes += sizeof(BurstKey) + 8 + key.window.heap_bytes();
    if (key.component.capacity() > 15) bytes += key.component.capacity() + 1;
    if (key.target.capacity() > 15) bytes += key.target.capacity() + 1;
    if (key.rate != nullptr) bytes += sizeof(RateState);
    if (key.burst == nullptr) return;
    bytes += sizeof(OpenBurst);
  });
  return bytes + first_seen_.size() * 24 + seasons_.size() * (sizeof(ComponentSeason) + 64) +
         life_.size() * 320;
}

Detector::Detector(std::shared_ptr<const Knowledge> knowledge, DetectorOptions options,
                   Counters* counters)
    : impl_(std::make_unique<Impl>(std::move(knowledge), options, counters)) {}
Detector::~Detector() = default;
void Detector::OnSlice(const Slice& slice, SliceOutcome* out) { impl_->OnSlice(slice, out); }
bool Detector::PassTime(TimeUs until, DurationUs tick, SliceOutcome* out) {
  return impl_->PassTime(until, tick, out);
}
TimeUs Detector::now() const { return impl_->now(); }
TimeUs Detector::quiet_at() const { return impl_->quiet_at(); }
size_t Detector::open_bursts() const { return impl_->open_bursts(); }
size_t Detector::keys() const { return impl_->keys(); }
size_t Detector::memory_bytes() const { return impl_->memory_bytes(); }

}  // namespace culprit
