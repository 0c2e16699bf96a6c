#include "engine/detect/life.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/base/views.h"

namespace culprit {
namespace {
constexpr double kLogAlpha = 13.8;              // -ln 1e-6: silence by chance
constexpr double kGapFactor = 2;                // times the longest gap that turned out harmless
constexpr double kGapDecayPerMinute = 0.99952;  // one half in a day
constexpr int64_t kMaxRoll = 24 * 60;
}  // namespace

uint32_t LifeTracker::FindOrAdd(std::string_view name, int64_t slice) {
  if (const auto it = index_.find(ToAbsl(name)); it != index_.end()) return it->second;
  uint32_t i;
  if (free_.empty()) {
    i = static_cast<uint32_t>(components_.size());
    components_.emplace_back();
  } else {
    i = free_.back();
    free_.pop_back();
  }
  Component& c = components_[i];
  c.name = name;
  index_.emplace(c.name, i);
  c.used = true;
  c.first_slice = slice;
  new_.push_back(i);
  return i;
}

void LifeTracker::RankNew() {
  if (new_.empty()) return;
  const auto by_name = [this](uint32_t a, uint32_t b) {
    return components_[a].name < components_[b].name;
  };
  std::sort(new_.begin(), new_.end(), by_name);
  const auto middle = static_cast<std::ptrdiff_t>(by_name_.size());
  by_name_.insert(by_name_.end(), new_.begin(), new_.end());
  std::inplace_merge(by_name_.begin(), by_name_.begin() + middle, by_name_.end(), by_name);
  for (uint32_t r = 0; r < by_name_.size(); ++r) components_[by_name_[r]].rank = r;
  new_.clear();
}

void LifeTracker::Roll(Component& c, int64_t slice) {
  const int64_t bin = slice * options_.slice / kMinuteUs;
  if (c.bin == INT64_MIN) c.bin = bin;
  if (bin - c.bin > kMaxRoll) c.bin = bin - kMaxRoll;
  for (; c.bin < bin; ++c.bin) {
    const double k = std::max(1.0 / static_cast<double>(c.bins + 1), 1.0 / 60);
    c.mu += k * (static_cast<double>(c.in_bin) / 60 - c.mu);
    c.longest_gap *= kGapDecayPerMinute;
    ++c.bins;
    c.in_bin = 0;
  }
  ++c.in_bin;
}

int64_t LifeTracker::AllowedSilence(const Component& c, int64_t slice) const {
  if (!options_.flatline || c.mu < options_.min_rate ||
      (slice - c.first_slice) * options_.slice < options_.min_history) {
    return INT64_MAX;
  }
  const double seconds =
      std::clamp(kLogAlpha / c.mu, static_cast<double>(options_.min_silence) / kSecondUs,
                 static_cast<double>(options_.max_silence) / kSecondUs);
  const double slices = seconds * kSecondUs / static_cast<double>(options_.slice);
  return static_cast<int64_t>(std::ceil(std::max(slices, kGapFactor * c.longest_gap)));
}

// The sample of a stream thins out as the stream grows, so time alone cannot tell silence: the
// marks that the partition gave since must have held the component's usual share of them, but for
// chance.
bool LifeTracker::ExpectedMarksMissing(const InGroup& in, const Group& g) {
  if (in.own_marks == 0) return true;  // known from signals alone
  const double seen = static_cast<double>(in.last_marks - in.first_marks);
  const double share = static_cast<double>(in.own_marks) / std::max(1.0, seen);
  return std::min(1.0, share) * static_cast<double>(g.marks - in.last_marks) >= kLogAlpha;
}

void LifeTracker::OnSlice(int64_t slice, const std::vector<SliceLife>& life,
                          std::vector<std::pair<std::string, TimeUs>>* alive,
                          std::vector<Change>* silent, std::vector<Change>* back) {
  silent->clear();
  back->clear();
  here_.clear();
  touched_groups_.clear();
  if (!life.empty()) global_.Touch(slice);

  for (const SliceLife& l : life) {
    const uint32_t i = FindOrAdd(l.component, slice);
    Component& c = components_[i];
    if (c.newest_here == kNoTime) here_.push_back(i);
    c.newest_here = std::max(c.newest_here, l.newest);
    if (!options_.flatline) continue;
    const PartitionId group = options_.across_partitions ? 0 : l.partition;
    Group& g = groups_.try_emplace(group, MaxStep()).first->second;
    if (g.touched != slice) {
      g.touched = slice;
      g.clock.Touch(slice);
      touched_groups_.push_back(group);
    }
    auto in = std::find_if(c.groups.begin(), c.groups.end(),
                           [group](const InGroup& x) { return x.group == group; });
    if (in == c.groups.end()) {
      // Its gap so far is not known there.
      c.groups.push_back({group, g.clock.live(), g.marks, 0, g.marks, INT64_MAX});
      in = c.groups.end() - 1;
    }
    in->own_marks += l.marks;
    g.marks += l.marks;
  }
  RankNew();
  std::sort(here_.begin(), here_.end(),
            [this](uint32_t a, uint32_t b) { return components_[a].rank < components_[b].rank; });
  alive->resize(here_.size());
  for (size_t k = 0; k < here_.size(); ++k) {
    Component& c = components_[here_[k]];
    (*alive)[k].first = c.name;
    (*alive)[k].second = c.newest_here;
    if (options_.flatline) {
      if (c.groups.size() > kMaxGroups) {
        std::sort(c.groups.begin(), c.groups.end(),
                  [](const InGroup& a, const InGroup& b) { return a.group > b.group; });
        c.groups.resize(kMaxGroups);
      }
      Roll(c, slice);
      std::array<Group*, kMaxGroups> groups;
      int64_t gap = 0;
      for (size_t i = 0; i < c.groups.size(); ++i) {
        groups[i] = &groups_.find(c.groups[i].group)->second;
        gap = std::max(gap, groups[i]->clock.live() - c.groups[i].mark);
      }
      if (c.silent) {
        back->push_back({c.name, c.last});
        c.silent = false;
      } else {
        c.longest_gap = std::max(c.longest_gap, static_cast<double>(gap));
      }
      const int64_t allowed = AllowedSilence(c, slice);
      for (size_t i = 0; i < c.groups.size(); ++i) {
        InGroup& in = c.groups[i];
        Group& g = *groups[i];
        in.mark = g.clock.live();
        in.last_marks = g.marks;
        if (allowed == INT64_MAX) continue;
        const int64_t due = in.mark + allowed;
        if (due < in.queued) {
          in.queued = due;
          g.due.push({due, here_[k], c.generation});
        }
      }
    }
    c.last = std::max(c.last, c.newest_here);
    c.last_slice = slice;
    c.newest_here = kNoTime;
  }

  // A clock that moved on was moved by others: whoever is overdue on it is silent.
  for (const PartitionId id : touched_groups_) {
    Group& g = groups_.find(id)->second;
    while (!g.due.empty() && g.due.top().live < g.clock.live()) {
      const Due top = g.due.top();
      g.due.pop();
      Component& c = components_[top.component];
      if (c.generation != top.generation) continue;
      auto in = std::find_if(c.groups.begin(), c.groups.end(),
                             [id](const InGroup& x) { return x.group == id; });
      if (in == c.groups.end() || in->queued != top.live) continue;
      in->queued = INT64_MAX;
      if (c.silent) continue;
      const int64_t allowed = AllowedSilence(c, slice);
      if (allowed == INT64_MAX) continue;
      const int64_t due = in->mark + allowed;
      if (due >= g.clock.live()) {
        in->queued = due;
        g.due.push({due, top.component, top.generation});
        continue;
      }
      if (!ExpectedMarksMissing(*in, g)) {
        in->queued = g.clock.live() + std::max<int64_t>(1, allowed / 4);
        g.due.push({in->queued, top.component, top.generation});
        continue;
      }
      c.silent = true;
      silent->push_back({c.name, c.last});
    }
  }
  std::sort(silent->begin(), silent->end(),
            [](const Change& a, const Change& b) { return a.component < b.component; });
  if (index_.size() > options_.max_components) Evict();
  if (slice >= next_sweep_ || TooManyGroups()) ForgetGroups(slice, back);
}

// Partitions come and go for months. Those that gave no sign of life for long have ended; should
// one come back, it begins anew.
void LifeTracker::ForgetGroups(int64_t slice, std::vector<Change>* back) {
  const int64_t forget = options_.forget_group / options_.slice;
  next_sweep_ = slice + forget / 4;
  int64_t oldest = slice - forget;  // goes, and all before it
  if (TooManyGroups()) {
    std::vector<int64_t> last;
    for (const auto& [id, g] : groups_) last.push_back(g.clock.last());
    const auto quarter = last.begin() + static_cast<std::ptrdiff_t>(last.size() / 4);
    std::nth_element(last.begin(), quarter, last.end());
    oldest = std::max(oldest, std::min(*quarter, slice - 1));
  }
  if (absl::erase_if(groups_, [&](const auto& e) { return e.second.clock.last() <= oldest; }) == 0)
    return;
  for (Component& c : components_) {
    std::erase_if(c.groups, [&](const InGroup& in) { return !groups_.contains(in.group); });
    if (!c.silent || !c.groups.empty()) continue;
    c.silent = false;
    back->push_back({c.name, c.last});
  }
  std::sort(back->begin(), back->end(),
            [](const Change& a, const Change& b) { return a.component < b.component; });
}

void LifeTracker::Evict() {
  std::vector<uint32_t> order;
  for (const uint32_t i : by_name_) {
    if (!components_[i].silent) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [this](uint32_t a, uint32_t b) {
    return components_[a].last_slice < components_[b].last_slice;
  });
  const size_t target = options_.max_components - options_.max_components / 4;
  const size_t drop = std::min(order.size(), index_.size() - std::min(index_.size(), target));
  for (size_t k = 0; k < drop; ++k) {
    Component& c = components_[order[k]];
    index_.erase(c.name);
    const uint32_t generation = c.generation + 1;
    c = Component();
    c.generation = generation;
    free_.push_back(order[k]);
  }
  std::erase_if(by_name_, [this](uint32_t i) { return !components_[i].used; });
  for (uint32_t r = 0; r < by_name_.size(); ++r) components_[by_name_[r]].rank = r;
}

}  // namespace culprit
