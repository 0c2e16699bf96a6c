// Keys of the detector: finding them, the bounds on them, and what one cell adds to its key.
#include <algorithm>
#include <utility>

#include "engine/detect/detector_impl.h"

namespace culprit {
namespace {

// Above this many held lines a key takes one line per slice, and none above the second bound:
// enough to show the first lines of any window.
constexpr size_t kHeldLines = 16;
constexpr size_t kMaxHeldLines = 64;

}  // namespace

// Unknown templates are fed in (first time, hash) order: ids and joins depend on nothing else.
void Detector::Impl::MineTemplates(const Slice& slice) {
  texts_.clear();
  incoming_.clear();
  incoming_.reserve(slice.cells.size());
  for (uint32_t i = 0; i < slice.cells.size(); ++i) {
    const SliceCell& cell = slice.cells[i];
    if (!cell.text.empty()) {
      texts_.push_back(i);
    } else {
      incoming_.push_back({i, KeyTable::kNone, 0, cell.hash});
    }
  }
  if (texts_.empty()) return;
  std::sort(texts_.begin(), texts_.end(), [&](uint32_t x, uint32_t y) {
    const SliceCell& a = slice.cells[x];
    const SliceCell& b = slice.cells[y];
    return std::tie(a.first, a.hash, a.text, a.signature, a.component, a.target) <
           std::tie(b.first, b.hash, b.text, b.signature, b.component, b.target);
  });
  for (const uint32_t i : texts_) {
    const SliceCell& cell = slice.cells[i];
    const uint64_t id = miner_.Add(cell.text, cell.count)->id;
    incoming_.push_back(
        {i, KeyTable::kNone, id, BurstKeyHash(cell.signature, cell.component, cell.target, id)});
  }
  counters_->Count(Reason::kTemplateOverflow, miner_.dropped() - dropped_templates_);
  dropped_templates_ = miner_.dropped();
}

KeyTable::View Detector::Impl::ViewOf(const Slice& slice, const Incoming& in) const {
  const SliceCell& cell = slice.cells[in.cell];
  return {in.hash, cell.signature, cell.component, cell.target, in.template_id};
}

void Detector::Impl::Locate(const Slice& slice) {
  for (size_t i = 0; i < incoming_.size(); ++i) {
    if (i + kFetchAhead < incoming_.size()) {
      keys_.Prefetch(KeyTable::View{incoming_[i + kFetchAhead].hash, 0, {}, {}, 0});
    }
    incoming_[i].key = keys_.Find(ViewOf(slice, incoming_[i]));
  }
}

bool Detector::Impl::IncomingBefore(const Slice& slice, const Incoming& x,
                                    const Incoming& y) const {
  const SliceCell& a = slice.cells[x.cell];
  const SliceCell& b = slice.cells[y.cell];
  return std::tie(a.signature, a.component, a.target, x.template_id, a.first, a.text) <
         std::tie(b.signature, b.component, b.target, y.template_id, b.first, b.text);
}

void Detector::Impl::SortIncoming(const Slice& slice) {
  std::sort(incoming_.begin(), incoming_.end(),
            [&](const Incoming& x, const Incoming& y) { return IncomingBefore(slice, x, y); });
}

void Detector::Impl::SortIncomingByHash(const Slice& slice) {
  std::sort(incoming_.begin(), incoming_.end(), [&](const Incoming& x, const Incoming& y) {
    return x.hash != y.hash ? x.hash < y.hash : IncomingBefore(slice, x, y);
  });
}

// Keys without lines in their window and without a burst hold only what they learnt; the least
// recently seen go first.
void Detector::Impl::MakeRoom(size_t needed) {
  for (const Incoming& in : incoming_) {
    if (in.key != KeyTable::kNone) keys_.At(in.key).last_slice = slice_;
  }
  std::vector<uint32_t> quiet;
  keys_.ForEach([&](uint32_t i, BurstKey& key) {
    if (key.burst == nullptr && key.touched != slice_ && key.last_slice + WindowOf(key) <= slice_) {
      quiet.push_back(i);
    }
  });
  std::sort(quiet.begin(), quiet.end(), [&](uint32_t x, uint32_t y) {
    const BurstKey& a = keys_.At(x);
    const BurstKey& b = keys_.At(y);
    return a.last_slice != b.last_slice ? a.last_slice < b.last_slice : a.Order() < b.Order();
  });
  const size_t over = keys_.size() + needed - options_.max_keys;
  const size_t drop = std::min(over, quiet.size());
  for (size_t i = 0; i < drop; ++i) DropKey(quiet[i]);
  counters_->Count(Reason::kKeyOverflow, drop);
}

uint32_t Detector::Impl::NewKey(const KeyTable::View& view) {
  const uint32_t index = keys_.Insert(view);
  BurstKey& key = keys_.At(index);
  key.last_slice = slice_;
  const Rule& rule = RuleOf(key);
  key.kept = rule.kind == BurstRule::Kind::kAbsent || rule.kind == BurstRule::Kind::kRate;
  if (rule.kind == BurstRule::Kind::kRate) {
    key.rate = std::make_unique<RateState>();
    std::unique_ptr<ComponentSeason>& season = seasons_[key.component];
    if (season == nullptr) season = std::make_unique<ComponentSeason>();
    key.rate->component = season.get();
    ++season->users;
  }
  return index;
}

void Detector::Impl::DropKey(uint32_t index) {
  BurstKey& key = keys_.At(index);
  Release(&key.held);
  if (key.rate != nullptr && --key.rate->component->users == 0) seasons_.erase(key.component);
  keys_.Erase(index);
}

// The overflow key of a signature exists beyond the bound: there are no more of them than
// signatures.
uint32_t Detector::Impl::StarKey(SignatureIndex signature) {
  const KeyTable::View view{BurstKeyHash(signature, "*", {}, 0), signature, "*", {}, 0};
  const uint32_t found = keys_.Find(view);
  return found != KeyTable::kNone ? found : NewKey(view);
}

void Detector::Impl::Touch(BurstKey& key, uint32_t index) {
  if (key.touched == slice_) return;
  key.touched = slice_;
  key.first_cell = BurstKey::kNoCell;
  key.first_seen = false;
  touched_.push_back(index);
}

void Detector::Impl::AddCell(const Slice& slice, uint32_t in, bool star) {
  const SliceCell& cell = slice.cells[incoming_[in].cell];
  const uint32_t index = incoming_[in].key;
  BurstKey& key = keys_.At(index);
  const Rule& rule = RuleOf(key);
  Touch(key, index);
  if (key.burst != nullptr && key.first_cell == BurstKey::kNoCell) {
    changed_.push_back(key.burst.get());
  }
  incoming_[in].next = key.first_cell;
  key.first_cell = in;
  key.last_slice = slice_;
  key.last = std::max(key.last, cell.last);
  if (rule.first_seen && !star) {
    const uint64_t hash = key.template_id != 0
                              ? MixHash(StableHash(key.component, 1), key.template_id)
                              : MixHash(StableHash(key.component, 2), rule.id_hash);
    if (first_seen_.IsNew(hash, DayOf(slice_))) {
      key.first_seen |= cell.error_level || (rule.any_level && cell.unknown_level);
    }
    seen_.push_back(hash);
  }
  if (rule.kind == BurstRule::Kind::kAbsent) {
    Hold(slice, cell, key);
    SeeAbsent(key, index);
    return;
  }
  key.window.Add(slice_, cell.count, cell.first);
  if (key.rate != nullptr) {
    const bool learns_less =
        key.burst != nullptr &&
        (slice_ - key.burst->opened_slice) * options_.slice < kBurstLearningPause;
    const int64_t minute = MinuteOf(slice_);
    Season& season = key.rate->component->season;
    season.Add(minute, start_minute_, cell.count, learns_less);
    key.rate->baseline.Add(minute, start_minute_, cell.count, learns_less, season);
  }
  if (key.burst != nullptr) {
    AddToBurst(slice, cell, key);
  } else {
    Hold(slice, cell, key);
  }
}

void Detector::Impl::AddToBurst(const Slice& slice, const SliceCell& cell, BurstKey& key) {
  Burst& b = key.burst->burst;
  b.count += cell.count;
  b.last = std::max(b.last, cell.last);
  key.burst->CountInstances(slice, cell);
  // While quiet, lines are also held: the next burst may begin with them.
  if (key.burst->quiet_since != kNever) Hold(slice, cell, key);
  const size_t bound = options_.evidence_per_burst;
  for (size_t i = 0; i < cell.sample_count; ++i) {
    const SliceSample& sample = slice.samples[cell.samples[i]];
    // Full: only the lines of another text of the same template in this slice can be earlier.
    if (b.evidence.size() >= bound && !EvidenceBefore(sample, b.evidence.back())) break;
    if (!Admit(sample, b.evidence.empty())) {
      counters_->Count(Reason::kEvidenceTruncated);
      continue;
    }
    const auto at = std::upper_bound(b.evidence.begin(), b.evidence.end(), sample,
                                     EvidenceBefore<SliceSample, Evidence>);
    b.evidence.insert(at, MakeEvidence(slice, sample));
    if (b.evidence.size() <= bound) continue;
    evidence_bytes_ -= EvidenceBytes(b.evidence.back());
    b.evidence.pop_back();
  }
}

void Detector::Impl::Hold(const Slice& slice, const SliceCell& cell, BurstKey& key) {
  size_t room = SliceCell::kMaxSamples;
  if (key.held.size() >= kHeldLines) room = key.held.size() < kMaxHeldLines ? 1 : 0;
  if (RuleOf(key).kind == BurstRule::Kind::kAbsent) {
    Release(&key.held);
    room = 1;
  }
  for (size_t i = 0; i < cell.sample_count && i < room; ++i) {
    const SliceSample& sample = slice.samples[cell.samples[i]];
    if (!Admit(sample, key.held.empty())) {
      counters_->Count(Reason::kEvidenceTruncated, cell.sample_count - i);
      break;
    }
    key.held.Add(slice, sample);
  }
}

void Detector::Impl::DropHeldBefore(BurstKey& key, TimeUs time) {
  while (!key.held.empty() && key.held.first().time < time) {
    evidence_bytes_ -= key.held.first().bytes();
    key.held.DropFirst();
  }
}

bool Detector::Impl::Admit(const SliceSample& sample, bool first) {
  const size_t bytes = EvidenceBytes(sample);
  const size_t bound = first ? options_.max_evidence_bytes : options_.max_evidence_bytes / 2;
  if (evidence_bytes_ + bytes > bound) return false;
  evidence_bytes_ += bytes;
  return true;
}

void Detector::Impl::Release(HeldLines* lines) {
  while (!lines->empty()) {
    evidence_bytes_ -= lines->first().bytes();
    lines->DropFirst();
  }
}

}  // namespace culprit
