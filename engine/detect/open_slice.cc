#include "engine/detect/open_slice.h"

#include <algorithm>
#include <utility>

#include "engine/detect/mask.h"
#include "engine/detect/stable_hash.h"

namespace culprit {
namespace {

constexpr size_t kMostAhead = 2048;  // room made for the next slice

Evidence ToEvidence(Signal&& s) {
  Evidence e;
  e.position = s.position;
  e.time = s.time;
  e.time_origin = s.time_origin;
  e.level = s.level;
  e.service = std::move(s.service);
  e.instance = std::move(s.instance);
  e.line = std::move(s.line);
  e.captures = std::move(s.captures);
  return e;
}

bool Before(const Signal& a, const Evidence& b) {
  if (a.time != b.time) return a.time < b.time;
  if (a.position.partition != b.position.partition) {
    return a.position.partition < b.position.partition;
  }
  return a.position.offset < b.position.offset;
}

}  // namespace

OpenSlice::OpenSlice(const OrderOptions& options, Counters* counters)
    : options_(options),
      counters_(counters),
      index_(0, CellRef{&slice_.cells}, CellRef{&slice_.cells}),
      life_index_(0, LifeRef{&slice_.life}, LifeRef{&slice_.life}) {}

void OpenSlice::Add(Signal&& signal) {
  ++slice_.signals;
  KeyView key{0, signal.signature, signal.component, signal.target, {}};
  if (!signal.message.empty()) {
    MaskMessage(signal.message, &masked_);
    key.text = masked_;
  }
  key.hash = CellHash(key.signature, key.component, key.target, key.text);
  const PartitionId partition = signal.position.partition;
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
  cell.instances.Add(signal.instance);
  if (index == kNoCell) {
    TouchLife(signal.component, partition, signal.time);
    return;
  }
  if (cell.life != UINT32_MAX && slice_.life[cell.life].partition == partition) {
    SliceLife& life = slice_.life[cell.life];
    life.newest = std::max(life.newest, signal.time);
    ++life.count;
  } else {
    cell.life = TouchLife(signal.component, partition, signal.time);
  }
  AddSample(cell, std::move(signal));
}

void OpenSlice::AddLife(const std::string& component, PartitionId partition, TimeUs time) {
  const uint32_t index = TouchLife(component, partition, time);
  if (index != UINT32_MAX) ++slice_.life[index].marks;
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
  slice_.life.push_back({view.hash, std::string(component), partition, time, 1, 0});
  life_index_.insert(index);
  if (slice_.life.size() <= options_.max_keys_per_slice) return index;
  life_index_.clear();
  do {
    life_hash_limit_ >>= 1;
    std::erase_if(slice_.life, [&](const SliceLife& l) { return l.hash > life_hash_limit_; });
  } while (slice_.life.size() > options_.max_keys_per_slice);
  for (uint32_t i = 0; i < slice_.life.size(); ++i) life_index_.insert(i);
  for (SliceCell& cell : slice_.cells) cell.life = UINT32_MAX;
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
    SliceCell victim = slice_.cells[largest];  // Star() may move the cells
    DropCell(largest);
    if (!victim.text.empty()) {
      counters_->Count(Reason::kTemplateOverflow, victim.count);
    } else {
      counters_->Count(Reason::kKeyOverflow, victim.count);
      SliceCell& star = Star(victim.signature);
      star.first = star.count == 0 ? victim.first : std::min(star.first, victim.first);
      star.last = star.count == 0 ? victim.last : std::max(star.last, victim.last);
      star.count += victim.count;
      star.error_level |= victim.error_level;
      star.unknown_level |= victim.unknown_level;
      star.instances.Add(victim.instances);
    }
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
  cell.component = key.component;
  cell.target = key.target;
  cell.text = key.text;
  index_.insert(index);
  return index;
}

void OpenSlice::DropCell(uint32_t index) {
  SliceCell& cell = slice_.cells[index];
  TrimSamples(cell, 0);
  index_.erase(index);
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

void OpenSlice::TrimSamples(SliceCell& cell, size_t keep) {
  while (cell.sample_count > keep) {
    const uint32_t sample = cell.samples[--cell.sample_count];
    slice_.sample_bytes -= EvidenceBytes(slice_.samples[sample]);
    slice_.samples[sample] = Evidence();
    free_samples_.push_back(sample);
  }
}

void OpenSlice::LimitSamples() {
  switch (next_sample_limit_) {
    case 4096:
      sample_cap_ = 2;
      next_sample_limit_ = 16'384;
      break;
    case 16'384:
      sample_cap_ = 1;
      next_sample_limit_ = 65'536;
      break;
    default:
      sample_hash_limit_ >>= 1;
      next_sample_limit_ *= 2;
  }
  for (SliceCell& cell : slice_.cells) {
    TrimSamples(cell, cell.hash > sample_hash_limit_ ? 0 : sample_cap_);
  }
}

void OpenSlice::AddSample(SliceCell& cell, Signal&& signal) {
  if (cell.hash > sample_hash_limit_) return;
  size_t n = cell.sample_count;
  uint32_t slot = 0;
  if (n == sample_cap_) {
    slot = cell.samples[n - 1];
    if (!Before(signal, slice_.samples[slot])) return;
    slice_.sample_bytes -= EvidenceBytes(slice_.samples[slot]);
    --n;
  }
  size_t at = n;
  while (at > 0 && Before(signal, slice_.samples[cell.samples[at - 1]])) --at;
  if (n == cell.sample_count && !free_samples_.empty()) {
    slot = free_samples_.back();
    free_samples_.pop_back();
  } else if (n == cell.sample_count) {
    slot = static_cast<uint32_t>(slice_.samples.size());
    slice_.samples.emplace_back();
  }
  slice_.samples[slot] = ToEvidence(std::move(signal));
  slice_.sample_bytes += EvidenceBytes(slice_.samples[slot]);
  for (size_t i = n; i > at; --i) cell.samples[i] = cell.samples[i - 1];
  cell.samples[at] = slot;
  cell.sample_count = static_cast<uint8_t>(n + 1);
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
  slice_.cells.reserve(std::min(out->cells.size(), kMostAhead));
  slice_.samples.reserve(std::min(out->samples.size(), kMostAhead));
  slice_.life.reserve(std::min(out->life.size(), kMostAhead));
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
