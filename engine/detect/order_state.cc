// The orderer and its open slices as bytes.
#include <algorithm>
#include <cassert>
#include <cstdlib>

#include "engine/detect/open_slice.h"
#include "engine/detect/order.h"
#include "engine/detect/stable_hash.h"
#include "engine/detect/state.h"

namespace culprit {
namespace {
constexpr std::string_view kKind = "orderer";
constexpr uint32_t kVersion = 1;

SignalView ViewOf(const Evidence& e, std::vector<CaptureView>* captures) {
  captures->assign(e.captures.begin(), e.captures.end());
  SignalView v;
  v.offset = e.position.offset;
  v.length = e.position.length;
  v.time = e.time;
  v.time_origin = e.time_origin;
  v.level = e.level;
  v.service = e.service;
  v.instance = e.instance;
  v.line = e.line;
  v.captures = *captures;
  return v;
}

}  // namespace

// Cells are renumbered: dropped ones leave no trace but in the heaps of texts.
void OpenSlice::Write(const Knowledge& knowledge, CheckpointWriter& ar) const {
  ar(slice_.signals, full_, sample_cap_, Hash(sample_hash_limit_), next_sample_limit_,
     Hash(life_hash_limit_));
  std::vector<uint32_t> number(slice_.cells.size(), kNoCell);
  uint32_t live = 0;
  for (uint32_t i = 0; i < slice_.cells.size(); ++i) {
    if (slice_.cells[i].count > 0) number[i] = live++;
  }
  ar(live);
  for (const SliceCell& c : slice_.cells) {
    if (c.count == 0) continue;
    const bool star = std::any_of(stars_.begin(), stars_.end(),
                                  [&](const auto& s) { return &slice_.cells[s.second] == &c; });
    ar.Word(SignatureNames::IdOf(knowledge, c.signature));
    ar.Word(c.component);
    ar.Word(c.target);
    ar.Text(c.text);
    ar(star, c.error_level, c.unknown_level, c.count, Time(c.first), Time(c.last),
       InstancesOf(slice_, c), c.sample_count);
    for (size_t i = 0; i < c.sample_count; ++i)
      ar(MakeEvidence(slice_, slice_.samples[c.samples[i]]));
  }
  ar.Varint(slice_.life.size());
  for (const SliceLife& l : slice_.life) {
    ar.Word(l.component);
    ar(l.partition, Time(l.newest), l.count, l.marks);
  }

  std::vector<uint64_t> components;
  for (const auto& [hash, heap] : texts_) components.push_back(hash);
  std::sort(components.begin(), components.end());
  ar.Varint(components.size());
  for (const uint64_t component : components) {
    const std::vector<RankedCell>& entries = texts_.find(component)->second.entries();
    ar(Hash(component));
    ar.Varint(entries.size());
    for (const RankedCell& e : entries) {
      const bool holds = Holds(e);
      ar(holds ? number[e.cell] + 1 : 0);
      if (!holds) ar(Hash(e.hash));
    }
  }
}

size_t OpenSlice::Read(const SignatureNames& names, CheckpointReader& ar) {
  ar(slice_.signals, full_, sample_cap_, Hash(sample_hash_limit_), next_sample_limit_,
     Hash(life_hash_limit_));
  Require(sample_cap_ >= 1 && sample_cap_ <= SliceCell::kMaxSamples, "sample bound");
  Require(next_sample_limit_ >= 4096, "sample bound");
  size_t gone = 0;
  std::vector<CaptureView> captures;
  std::vector<uint32_t> number(ar.Count(), kNoCell);
  for (uint32_t& place : number) {
    SliceCell c;
    bool star = false;
    c.signature = names.Find(ar.Word());
    c.component = slice_.texts.Add(ar.Word());
    c.target = slice_.texts.Add(ar.Word());
    c.text = slice_.texts.Add(ar.Text());
    InstanceCounts instances;
    ar(star, c.error_level, c.unknown_level, c.count, Time(c.first), Time(c.last), instances,
       c.sample_count);
    Require(c.count > 0 && c.first != kNoTime && c.first <= c.last, "cell");
    Require(c.sample_count <= sample_cap_, "sample bound");
    std::vector<Evidence> samples(c.sample_count);
    for (Evidence& e : samples) ar(e);
    if (c.signature == kNoSignature) {
      ++gone;
      slice_.signals -= std::min(slice_.signals, c.count);
      continue;
    }
    instances.ForEach([&](std::string_view name, uint64_t n) { CountInstance(c, name, n); });
    for (size_t i = 0; i < samples.size(); ++i) {
      c.samples[i] = static_cast<uint32_t>(slice_.samples.size());
      slice_.samples.push_back(
          MakeSample(samples[i].position.partition, ViewOf(samples[i], &captures)));
      slice_.sample_bytes += EvidenceBytes(samples[i]);
    }
    c.hash = CellHash(c.signature, c.component, c.target, c.text);
    place = static_cast<uint32_t>(slice_.cells.size());
    if (star) stars_.emplace_back(c.signature, place);
    slice_.cells.push_back(c);
    const SliceCell& cell = slice_.cells.back();
    if (star) continue;
    Require(!index_.contains(
                KeyView{cell.hash, cell.signature, cell.component, cell.target, cell.text}),
            "cell twice");
    index_.insert(place);
  }
  if (full_) {
    for (const uint32_t i : index_) ranks_.push({slice_.cells[i].hash, i});
  }
  for (size_t n = ar.Count(); n > 0; --n) {
    SliceLife l;
    l.component = slice_.texts.Add(ar.Word());
    ar(l.partition, Time(l.newest), l.count, l.marks);
    l.hash = StableHash(l.component, l.partition);
    slice_.life.push_back(l);
    const SliceLife& life = slice_.life.back();
    Require(!life_index_.contains(LifeView{life.hash, life.partition, life.component}),
            "life twice");
    life_index_.insert(static_cast<uint32_t>(slice_.life.size() - 1));
  }
  for (size_t n = ar.Count(); n > 0; --n) {
    uint64_t component = 0;
    ar(Hash(component));
    RankHeap& heap = texts_[component];
    for (size_t k = ar.Count(); k > 0; --k) {
      uint32_t cell = 0;
      uint64_t hash = 0;
      ar(cell);
      Require(cell <= number.size(), "text of no cell");
      if (cell == 0) ar(Hash(hash));
      const uint32_t place = cell == 0 ? kNoCell : number[cell - 1];
      if (place != kNoCell) hash = slice_.cells[place].hash;
      heap.push({hash, place});
    }
  }
  return gone;
}

void Orderer::Write(const Knowledge& knowledge, CheckpointWriter& ar) const {
  ar(options_.slice, watermark_, Time(newest_), Time(newest_pmax_));
  std::vector<const Partition*> order;
  for (const auto& [id, slot] : slots_) order.push_back(&partitions_[slot]);
  std::sort(order.begin(), order.end(),
            [](const Partition* a, const Partition* b) { return a->id < b->id; });
  ar.Varint(order.size());
  for (const Partition* p : order) {
    ar(p->id, p->active, Time(p->pmax), Time(p->progress), p->ahead_count);
    if (p->ahead_count == 0) continue;
    for (size_t i = 0; i < p->ahead_count; ++i) ar(Time(p->ahead[i]));
    ar(p->ahead_offset);
  }
  ar.Varint(open_.size());
  for (const auto& [start, slice] : open_) {
    ar(Time(start));
    slice->Write(knowledge, ar);
  }
}

size_t Orderer::Read(const Knowledge& knowledge, CheckpointReader& ar) {
  DurationUs slice_length = 0;
  ar(slice_length);
  Require(slice_length == options_.slice, "written with another length of slices");
  ar(watermark_, Time(newest_), Time(newest_pmax_));
  Require(
      watermark_ == kNoTime || watermark_ == kEndOfTime || std::abs(watermark_) <= int64_t{1} << 60,
      "watermark");
  for (size_t n = ar.Count(); n > 0; --n) {
    Partition p;
    p.used = true;
    ar(p.id, p.active, Time(p.pmax), Time(p.progress), p.ahead_count);
    Require(p.ahead_count < 3, "too many times ahead");
    for (size_t i = 0; i < p.ahead_count; ++i) {
      ar(Time(p.ahead[i]));
      Require(p.ahead[i] != kNoTime && (i == 0 || p.ahead[i - 1] <= p.ahead[i]), "times ahead");
    }
    if (p.ahead_count > 0) ar(p.ahead_offset);
    Require(slots_.try_emplace(p.id, static_cast<uint32_t>(partitions_.size())).second,
            "partition twice");
    partitions_.push_back(p);
    active_ += p.active;
  }
  RebuildHeap();
  const SignatureNames names(knowledge);
  size_t gone = 0;
  for (size_t n = ar.Count(); n > 0; --n) {
    TimeUs start = 0;
    ar(Time(start));
    Require(start != kNoTime && start == SliceStart(start), "start of a slice");
    std::unique_ptr<OpenSlice>& slice = open_[start];
    Require(slice == nullptr, "slice twice");
    slice = std::make_unique<OpenSlice>(options_, counters_);
    gone += slice->Read(names, ar);
  }
  return gone;
}

std::string Orderer::Save(const Knowledge& knowledge) const {
  return WriteCheckpoint(kKind, kVersion, [&](CheckpointWriter& ar) { Write(knowledge, ar); });
}

absl::Status Orderer::Restore(const Knowledge& knowledge, std::string_view bytes) {
  assert(slots_.empty() && open_.empty());
  size_t gone = 0;
  absl::Status status = ReadCheckpoint(bytes, kKind, kVersion,
                                       [&](CheckpointReader& ar) { gone = Read(knowledge, ar); });
  if (status.ok()) {
    counters_->Count(Reason::kSignatureGone, gone);
    return status;
  }
  partitions_.clear();
  slots_.clear();
  active_ = 0;
  heap_ = Heap();
  watermark_ = newest_ = newest_pmax_ = kNoTime;
  open_.clear();
  return status;
}

}  // namespace culprit
