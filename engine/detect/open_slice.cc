#include "engine/detect/open_slice.h"

#include <algorithm>
#include <utility>

#include "engine/detect/mask.h"
#include "engine/detect/stable_hash.h"

namespace culprit {
OpenSlice::OpenSlice(const OrderOptions& options, Counters* counters)
    : options_(options),
      counters_(counters),
      index_(0, CellRef{&slice_.cells}, CellRef{&slice_.cells}),
      life_index_(0, LifeRef{&slice_.life}, LifeRef{&slice_.life}) {}

void OpenSlice::Add(PartitionId partition, const SignalView& signal) {
  ++slice_.signals;
  KeyView key{0, signal.signature, signal.component, signal.target, {}};
  if (!signal.message.empty()) {
    MaskMessage(signal.message, &masked_);
    key.text = masked_;
  }
  key.hash = CellHash(key.signature, key.component, key.target, key.text);
  const uint32_t index = FindOrAddCell(key);
  if (index == kNoCell && !key.text.empty()) {
    counters_->Count(Reason::kTemplateOverflow);
    TouchLife(signal.component, partition, signal.time);
    return;
  }
  if (index == kNoCell) counters_->Count(Reason::kKeyOverflow);
  SliceCell& cell = index == kNoCell ? Star(signal.signature) : slice_.cells[index];
  if (cell.count == 0) {
    cell.first = cell.last = signal.time;
  } else {
    cell.first = std::min(cell.first, signal.time);
    cell.last = std::max(cell.last, signal.time);
  }
  ++cell.count;
  cell.error_level |= signal.level >= Level::kError;
  cell.unknown_level |= signal.level == Level::kUnknown;
  CountInstance(cell, signal.instance, 1);
  if (index == kNoCell) {
    TouchLife(signal.component, partition, signal.time);
    return;
  }
  if (cell.life != SliceCell::kNone && slice_.life[cell.life].partition == partition) {
    SliceLife& life = slice_.life[cell.life];
    life.newest = std::max(life.newest, signal.time);
    ++life.count;
  } else {
    cell.life = TouchLife(signal.component, partition, signal.time);
  }
  AddSample(cell, partition, signal);
  if (wasted_ > kMostWaste && wasted_ > slice_.texts.bytes() / 2) Compact();
}

void OpenSlice::AddLife(std::string_view component, PartitionId partition, TimeUs time) {
  const uint32_t index = TouchLife(component, partition, time);
  if (index != UINT32_MAX) ++slice_.life[index].marks;
}

void OpenSlice::CountInstance(SliceCell& cell, std::string_view name, uint64_t n) {
  if (name.empty()) return;
  if (cell.instances != SliceCell::kNone) {
    slice_.instances[cell.instances].Add(name, n);
  } else if (cell.instance_count == 0) {
    cell.instance = slice_.texts.Add(name);
    cell.instance_count = n;
  } else if (cell.instance == name) {
    cell.instance_count += n;
  } else {
    if (free_instances_.empty()) {
      free_instances_.push_back(static_cast<uint32_t>(slice_.instances.size()));
      slice_.instances.emplace_back();
    }
    cell.instances = free_instances_.back();
    free_instances_.pop_back();
    InstanceCounts& all = slice_.instances[cell.instances];
    all.Add(cell.instance, cell.instance_count);
    all.Add(name, n);
  }
}

// Above the bound, the entries with the larger hashes go: their lines still count, their life does
// not. Whether one stays depends on the set of entries alone.
uint32_t OpenSlice::TouchLife(std::string_view component, PartitionId partition, TimeUs time) {
  const LifeView view{StableHash(component, partition), partition, component};
  if (view.hash > life_hash_limit_) return UINT32_MAX;
  auto it = life_index_.find(view);
  if (it != life_index_.end()) {
    SliceLife& life = slice_.life[*it];
    life.newest = std::max(life.newest, time);
    ++life.count;
    return *it;
  }
  auto index = static_cast<uint32_t>(slice_.life.size());
  slice_.life.push_back({view.hash, slice_.texts.Add(component), partition, time, 1, 0});
  life_index_.insert(index);
  if (slice_.life.size() <= options_.max_keys_per_slice) return index;
  life_index_.clear();
  do {
    life_hash_limit_ >>= 1;
    std::erase_if(slice_.life, [&](const SliceLife& l) {
      if (l.hash <= life_hash_limit_) return false;
      wasted_ += l.component.size();
      return true;
    });
  } while (slice_.life.size() > options_.max_keys_per_slice);
  for (uint32_t i = 0; i < slice_.life.size(); ++i) life_index_.insert(i);
  for (SliceCell& cell : slice_.cells) cell.life = SliceCell::kNone;
  return UINT32_MAX;
}

uint32_t OpenSlice::FindOrAddCell(const KeyView& key) {
  auto it = index_.find(key);
  if (it != index_.end()) return *it;
  RankHeap* texts = nullptr;
  if (!key.text.empty()) {
    texts = &texts_[StableHash(key.component)];
    if (texts->size() >= options_.max_texts_per_component) {
      const RankedCell top = texts->top();
      if (key.hash > top.hash) return kNoCell;
      texts->pop();
      if (Holds(top)) {
        counters_->Count(Reason::kTemplateOverflow, slice_.cells[top.cell].count);
        DropCell(top.cell);
      }
    }
  }
  if (index_.size() >= options_.max_keys_per_slice) {
    if (!full_) {
      for (const uint32_t i : index_) ranks_.push({slice_.cells[i].hash, i});
      full_ = true;
    }
    const uint32_t largest = PopLargest(&ranks_);
    if (largest == kNoCell) return kNoCell;
    if (key.hash > slice_.cells[largest].hash) {
      ranks_.push({slice_.cells[largest].hash, largest});
      return kNoCell;
    }
    if (const SliceCell victim = slice_.cells[largest]; !victim.text.empty()) {
      counters_->Count(Reason::kTemplateOverflow, victim.count);
    } else {
      counters_->Count(Reason::kKeyOverflow, victim.count);
      SliceCell& star = Star(victim.signature);
      star.first = star.count == 0 ? victim.first : std::min(star.first, victim.first);
      star.last = star.count == 0 ? victim.last : std::max(star.last, victim.last);
      star.count += victim.count;
      star.error_level |= victim.error_level;
      star.unknown_level |= victim.unknown_level;
      InstancesOf(slice_, victim).ForEach([&](std::string_view name, uint64_t n) {
        CountInstance(star, name, n);
      });
    }
    DropCell(largest);
  }
  const uint32_t index = NewCell(key);
  if (texts != nullptr) texts->push({key.hash, index});
  if (full_) ranks_.push({key.hash, index});
  if (index_.size() > next_sample_limit_) LimitSamples();
  return index;
}

uint32_t OpenSlice::PopLargest(RankHeap* heap) {
  while (!heap->empty()) {
    const RankedCell top = heap->top();
    heap->pop();
    if (Holds(top)) return top.cell;
  }
  return kNoCell;
}

uint32_t OpenSlice::NewCell(const KeyView& key) {
  uint32_t index;
  if (free_cells_.empty()) {
    index = static_cast<uint32_t>(slice_.cells.size());
    slice_.cells.emplace_back();
  } else {
    index = free_cells_.back();
    free_cells_.pop_back();
  }
  SliceCell& cell = slice_.cells[index];
  cell.hash = key.hash;
  cell.signature = key.signature;
  cell.component = slice_.texts.Add(key.component);
  cell.target = slice_.texts.Add(key.target);
  cell.text = slice_.texts.Add(key.text);
  index_.insert(index);
  return index;
}

void OpenSlice::DropCell(uint32_t index) {
  SliceCell& cell = slice_.cells[index];
  TrimSamples(cell, 0);
  index_.erase(index);
  wasted_ += cell.component.size() + cell.target.size() + cell.text.size();
  if (cell.instances != SliceCell::kNone) {
    slice_.instances[cell.instances] = {};
    free_instances_.push_back(cell.instances);
  }
  cell = SliceCell();
  free_cells_.push_back(index);
}

// The overflow cell of a signature keeps no lines: which ones came first is not known any more.
SliceCell& OpenSlice::Star(SignatureIndex signature) {
  for (const auto& [s, index] : stars_) {
    if (s == signature) return slice_.cells[index];
  }
  const auto index = static_cast<uint32_t>(slice_.cells.size());
  SliceCell& cell = slice_.cells.emplace_back();
  cell.signature = signature;
  cell.component = "*";
  cell.hash = CellHash(signature, cell.component, {}, {});
  stars_.emplace_back(signature, index);
  return cell;
}

void OpenSlice::Take(TimeUs start, TimeUs end, Slice* out) {
  slice_.start = start;
  slice_.end = end;
  if (!free_cells_.empty()) {
    std::erase_if(slice_.cells, [](const SliceCell& c) { return c.count == 0; });
  }
  // The next slice is likely as full as this one.
  const size_t cells = index_.size();
  const size_t life = life_index_.size();
  index_.clear();
  index_.reserve(cells);
  life_index_.clear();
  life_index_.reserve(life);
  std::swap(*out, slice_);
  slice_.Clear();
  wasted_ = 0;
  free_instances_.clear();
  free_cells_.clear();
  free_samples_.clear();
  stars_.clear();
  full_ = false;
  ranks_ = RankHeap();
  sample_cap_ = SliceCell::kMaxSamples;
  sample_hash_limit_ = UINT64_MAX;
  next_sample_limit_ = 4096;
  life_hash_limit_ = UINT64_MAX;
  texts_.clear();
}

}  // namespace culprit
