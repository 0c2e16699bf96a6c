// The lines that an open slice keeps of its cells, and the memory of their texts.
#include <cstring>
#include <utility>

#include "engine/detect/open_slice.h"

namespace culprit {
namespace {

// Of a signal: what the order of evidence looks at.
struct Place {
  TimeUs time;
  Position position;
};

}  // namespace

SliceSample OpenSlice::MakeSample(PartitionId partition, const SignalView& signal) {
  SliceSample s;
  s.position = {partition, signal.offset, signal.length};
  s.time = signal.time;
  s.time_origin = signal.time_origin;
  s.level = signal.level;
  size_t size = signal.service.size() + signal.instance.size() + signal.line.size();
  for (const auto& [name, text] : signal.captures) size += name.size() + text.size();
  char* at = slice_.texts.Reserve(size);
  const auto copy = [&at](std::string_view text) {
    const std::string_view copied(at, text.size());
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    at += text.size();
    return copied;
  };
  s.service = copy(signal.service);
  s.instance = copy(signal.instance);
  s.line = copy(signal.line);
  s.capture = static_cast<uint32_t>(slice_.captures.size());
  s.captures = static_cast<uint32_t>(signal.captures.size());
  for (const auto& [name, text] : signal.captures) {
    const std::string_view copied = copy(name);
    slice_.captures.emplace_back(copied, copy(text));
  }
  return s;
}

void OpenSlice::AddSample(SliceCell& cell, PartitionId partition, const SignalView& signal) {
  if (cell.hash > sample_hash_limit_) return;
  const Place place{signal.time, {partition, signal.offset, signal.length}};
  size_t n = cell.sample_count;
  uint32_t slot = 0;
  if (n == sample_cap_) {
    slot = cell.samples[n - 1];
    if (!EvidenceBefore(place, slice_.samples[slot])) return;
    DropSample(slot);
    --n;
  }
  size_t at = n;
  while (at > 0 && EvidenceBefore(place, slice_.samples[cell.samples[at - 1]])) --at;
  if (n == cell.sample_count && !free_samples_.empty()) {
    slot = free_samples_.back();
    free_samples_.pop_back();
  } else if (n == cell.sample_count) {
    slot = static_cast<uint32_t>(slice_.samples.size());
    slice_.samples.emplace_back();
  }
  slice_.samples[slot] = MakeSample(partition, signal);
  slice_.sample_bytes += EvidenceBytes(slice_.samples[slot]);
  for (size_t i = n; i > at; --i) cell.samples[i] = cell.samples[i - 1];
  cell.samples[at] = slot;
  cell.sample_count = static_cast<uint8_t>(n + 1);
}

// Lines that came later but are earlier take the places of others, whose texts stay behind.
void OpenSlice::Compact() {
  TextArena texts;
  std::vector<CaptureView> captures;
  const auto keep = [&](std::string_view* text) { *text = texts.Add(*text); };
  for (SliceCell& c : slice_.cells) {
    for (std::string_view* text : {&c.component, &c.target, &c.text, &c.instance}) keep(text);
  }
  for (SliceSample& s : slice_.samples) {
    for (std::string_view* text : {&s.service, &s.instance, &s.line}) keep(text);
    const uint32_t first = std::exchange(s.capture, static_cast<uint32_t>(captures.size()));
    for (uint32_t i = first; i < first + s.captures; ++i) {
      captures.push_back(slice_.captures[i]);
      keep(&captures.back().first);
      keep(&captures.back().second);
    }
  }
  for (SliceLife& l : slice_.life) keep(&l.component);
  slice_.texts = std::move(texts);
  slice_.captures = std::move(captures);
  wasted_ = 0;
}

void OpenSlice::TrimSamples(SliceCell& cell, size_t keep) {
  while (cell.sample_count > keep) {
    const uint32_t sample = cell.samples[--cell.sample_count];
    DropSample(sample);
    free_samples_.push_back(sample);
  }
}

void OpenSlice::DropSample(uint32_t index) {
  const size_t bytes = EvidenceBytes(slice_.samples[index]);
  slice_.sample_bytes -= bytes;
  wasted_ += bytes - sizeof(Evidence);
  slice_.samples[index] = {};
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

}  // namespace culprit
