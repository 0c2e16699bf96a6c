#include "engine/detect/slice.h"

#include <algorithm>
#include <array>

#include "engine/detect/stable_hash.h"

namespace culprit {

InstanceCounts::Counted InstanceCounts::Add(std::string_view name, uint64_t n) {
  if (name.empty()) return {0, false};
  if (first_count_ > 0 && name == first_) return {first_count_ += n, false};
  if (first_count_ > 0) return AddSlow(name, n);
  first_ = name;
  return {first_count_ = n, false};
}

InstanceCounts::Counted InstanceCounts::AddSlow(std::string_view name, uint64_t n) {
  auto it = std::lower_bound(more_.begin(), more_.end(), name,
                             [](const auto& e, std::string_view v) { return e.first < v; });
  if (it != more_.end() && it->first == name) return {it->second += n, false};
  if (size() < kMax) {
    more_.insert(it, {std::string(name), n});
    return {n, false};
  }
  // Full: the largest name goes, and never comes back.
  if (first_ > more_.back().first) {
    if (name > first_) return {0, false};
    first_ = name;
    first_count_ = n;
  } else {
    if (name > more_.back().first) return {0, false};
    const size_t at = static_cast<size_t>(it - more_.begin());
    more_.pop_back();
    more_.insert(more_.begin() + static_cast<std::ptrdiff_t>(at), {std::string(name), n});
  }
  return {n, true};
}

void InstanceCounts::Top(size_t n, std::vector<std::pair<std::string, uint64_t>>* out) const {
  std::array<std::pair<std::string_view, uint64_t>, kMax> all;
  size_t count = 0;
  if (first_count_ > 0) all[count++] = {first_, first_count_};
  for (const auto& [name, times] : more_) all[count++] = {name, times};
  n = std::min(n, count);
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n),
                    all.begin() + static_cast<std::ptrdiff_t>(count),
                    [](const auto& a, const auto& b) {
                      return a.second != b.second ? a.second > b.second : a.first < b.first;
                    });
  out->assign(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(n));
}

uint64_t CellHash(SignatureIndex signature, std::string_view component, std::string_view target,
                  std::string_view text) {
  uint64_t h = StableHash(component, signature);
  h = target.empty() ? MixHash(h, 1) : StableHash(target, h);
  return text.empty() ? h : StableHash(text, h);
}

namespace {

template <typename T>
void ClearButKeepRoom(std::vector<T>* all) {
  constexpr size_t kRoom = 1024;
  if (all->capacity() > kRoom && all->capacity() / 16 > all->size()) *all = {};
  all->clear();
}

}  // namespace

void Slice::Clear() {
  ClearButKeepRoom(&cells);
  ClearButKeepRoom(&samples);
  ClearButKeepRoom(&captures);
  ClearButKeepRoom(&instances);
  ClearButKeepRoom(&life);
  signals = 0;
  sample_bytes = 0;
  texts.Clear();
}

InstanceCounts InstancesOf(const Slice& slice, const SliceCell& cell) {
  InstanceCounts all;
  if (cell.instances != SliceCell::kNone) {
    all = slice.instances[cell.instances];
  } else {
    all.Add(cell.instance, cell.instance_count);
  }
  return all;
}

Evidence MakeEvidence(const Slice& slice, const SliceSample& sample) {
  Evidence e;
  e.position = sample.position;
  e.time = sample.time;
  e.time_origin = sample.time_origin;
  e.level = sample.level;
  e.service = sample.service;
  e.instance = sample.instance;
  e.line = sample.line;
  const auto captures = slice.captures.begin() + sample.capture;
  e.captures.assign(captures, captures + sample.captures);
  return e;
}

size_t EvidenceBytes(size_t names, size_t line, size_t captures) {
  // Captures are parts of the line; counting them by it spares looking at each.
  return sizeof(Evidence) + names + line + (captures == 0 ? 0 : captures * sizeof(Capture) + line);
}

size_t EvidenceBytes(const Evidence& e) {
  return EvidenceBytes(e.service.size() + e.instance.size(), e.line.size(), e.captures.size());
}

size_t EvidenceBytes(const SliceSample& s) {
  return EvidenceBytes(s.service.size() + s.instance.size(), s.line.size(), s.captures);
}

}  // namespace culprit
