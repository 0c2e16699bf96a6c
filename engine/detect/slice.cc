#include "engine/detect/slice.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "engine/detect/stable_hash.h"

namespace culprit {

void InstanceCounts::Add(std::string_view name, uint64_t n) {
  if (name.empty()) return;
  if (first_count_ > 0 && name == first_) {
    first_count_ += n;
  } else if (first_count_ == 0) {
    first_ = name;
    first_count_ = n;
  } else {
    AddSlow(name, n);
  }
}

void InstanceCounts::AddSlow(std::string_view name, uint64_t n) {
  auto it = std::lower_bound(more_.begin(), more_.end(), name,
                             [](const auto& e, std::string_view v) { return e.first < v; });
  if (it != more_.end() && it->first == name) {
    it->second += n;
    return;
  }
  if (size() < kMax) {
    more_.insert(it, {std::string(name), n});
    return;
  }
  // Full: the largest name goes, and never comes back.
  if (first_ > more_.back().first) {
    if (name > first_) return;
    first_ = name;
    first_count_ = n;
  } else {
    if (name > more_.back().first) return;
    const size_t at = static_cast<size_t>(it - more_.begin());
    more_.pop_back();
    more_.insert(more_.begin() + static_cast<std::ptrdiff_t>(at), {std::string(name), n});
  }
}

void InstanceCounts::Add(const InstanceCounts& other) {
  if (other.first_count_ > 0) Add(other.first_, other.first_count_);
  for (const auto& [name, n] : other.more_) Add(name, n);
}

void InstanceCounts::Top(size_t n, std::vector<std::pair<std::string, uint64_t>>* out) const {
  if (more_.empty() && n > 0 && out->size() == 1 && out->front().first == first_) {
    out->front().second = first_count_;
    return;
  }
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
  // From slice to slice the names stay mostly the same.
  out->resize(n);
  for (size_t i = 0; i < n; ++i) {
    if ((*out)[i].first != all[i].first) (*out)[i].first = all[i].first;
    (*out)[i].second = all[i].second;
  }
}

uint64_t CellHash(SignatureIndex signature, std::string_view component, std::string_view target,
                  std::string_view text) {
  uint64_t h = StableHash(component, signature);
  h = target.empty() ? MixHash(h, 1) : StableHash(target, h);
  return text.empty() ? h : StableHash(text, h);
}

void Slice::Clear() {
  cells.clear();
  samples.clear();
  life.clear();
  signals = 0;
  sample_bytes = 0;
}

bool EvidenceBefore(const Evidence& a, const Evidence& b) {
  return std::tie(a.time, a.position.partition, a.position.offset) <
         std::tie(b.time, b.position.partition, b.position.offset);
}

size_t EvidenceBytes(const Evidence& e) {
  // Captures are parts of the line; counting them by it spares looking at each.
  size_t n = sizeof(Evidence) + e.service.size() + e.instance.size() + e.line.size();
  if (!e.captures.empty()) n += e.captures.size() * sizeof(Capture) + e.line.size();
  return n;
}

}  // namespace culprit
