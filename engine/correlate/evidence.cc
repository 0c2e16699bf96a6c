#include "engine/correlate/evidence.h"

#include <algorithm>
#include <tuple>
#include <unordered_map>

namespace culprit {

EvidenceSet::EvidenceSet(const Topology& topology, std::vector<SymptomItem> items,
                         std::vector<TimeUs> alive)
    : items_(std::move(items)), alive_(std::move(alive)) {
  logging_ = alive_.size() - static_cast<size_t>(std::count(alive_.begin(), alive_.end(), kNoTime));
  auto rank = [&](ComponentId id) { return id == kNoComponent ? -1 : int64_t{topology.Rank(id)}; };
  std::sort(items_.begin(), items_.end(), [&](const SymptomItem& a, const SymptomItem& b) {
    return std::tuple(rank(a.component), a.cls, rank(a.target), a.chunk, a.onset, a.signature,
                      a.burst) < std::tuple(rank(b.component), b.cls, rank(b.target), b.chunk,
                                            b.onset, b.signature, b.burst);
  });
  for (uint32_t i = 0; i < items_.size(); ++i) {
    const SymptomItem& item = items_[i];
    const bool new_component = i == 0 || items_[i - 1].component != item.component;
    if (new_component) {
      components_.push_back(item.component);
      starts_.push_back(static_cast<uint32_t>(groups_.size()));
    }
    if (new_component || items_[i - 1].cls != item.cls || items_[i - 1].target != item.target ||
        items_[i - 1].chunk != item.chunk) {
      groups_.push_back({item.component, item.cls, item.target, i, i});
    }
    groups_.back().end = i + 1;
  }
  starts_.push_back(static_cast<uint32_t>(groups_.size()));
  Divide();
}

void EvidenceSet::Divide() {
  lines_.assign(items_.size(), 0);
  std::vector<uint32_t> group_part;  // of the place's groups: the first group of the same part
  std::unordered_map<uint32_t, uint32_t> on_line;
  for (uint32_t place = 0; place < components_.size(); ++place) {
    const uint32_t begin = starts_[place], end = starts_[place + 1];
    group_part.resize(end - begin);
    auto unite = [&](uint32_t a, uint32_t b) {
      const uint32_t from = group_part[std::max(a, b)], to = group_part[std::min(a, b)];
      for (uint32_t& part : group_part) {
        if (part == from || part == to) part = std::min(from, to);
      }
    };
    on_line.clear();
    for (uint32_t g = 0; g < end - begin; ++g) {
      group_part[g] = g;
      const Group& group = groups_[begin + g];
      for (uint32_t i = group.begin; i < group.end; ++i) {
        if (items_[i].line == 0) continue;
        const auto [it, added] = on_line.try_emplace(items_[i].line, g);
        if (!added && group_part[it->second] != group_part[g]) unite(it->second, g);
      }
    }
    for (uint32_t first = 0; first < end - begin; ++first) {
      if (group_part[first] != first) continue;
      Part& part = parts_.emplace_back();
      part.place = place;
      part.begin = static_cast<uint32_t>(part_groups_.size());
      for (uint32_t g = first; g < end - begin; ++g) {
        if (group_part[g] == first) part_groups_.push_back(begin + g);
      }
      part.end = static_cast<uint32_t>(part_groups_.size());
      if (on_line.empty()) continue;
      std::unordered_map<uint32_t, uint32_t> numbers;
      uint32_t number = 0;
      for (uint32_t g : GroupsOf(part)) {
        for (uint32_t i = groups_[g].begin; i < groups_[g].end; ++i) {
          ++number;
          if (items_[i].line == 0) continue;
          lines_[i] = numbers.try_emplace(items_[i].line, number).first->second;
        }
      }
    }
  }
}

}  // namespace culprit
