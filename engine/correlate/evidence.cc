#include "engine/correlate/evidence.h"

#include <algorithm>
#include <tuple>

namespace culprit {

EvidenceSet::EvidenceSet(const Topology& topology, std::vector<SymptomItem> items,
                         std::vector<TimeUs> alive)
    : items_(std::move(items)), alive_(std::move(alive)) {
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
}

}  // namespace culprit
