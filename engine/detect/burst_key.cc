#include "engine/detect/burst_key.h"

namespace culprit {

// Counts only grow: what is shown changes by the one that was counted, unless a shown one was
// pushed out.
void OpenBurst::CountInstance(std::string_view name, uint64_t n) {
  const auto [count, pushed_out] = instances_.Add(name, n);
  if (pushed_out) shown_ = false;
  if (count == 0 || !shown_) return;
  auto& shown = burst.instances;
  const auto before = [](uint64_t n1, std::string_view name1, const auto& b) {
    return n1 != b.second ? n1 > b.second : name1 < b.first;
  };
  size_t i = 0;
  while (i < shown.size() && shown[i].first != name) ++i;
  if (i == kInstancesShown) {
    if (!before(count, name, shown[--i])) return;
    shown[i].first = name;
  } else if (i == shown.size()) {
    shown.emplace_back(name, count);
  }
  shown[i].second = count;
  for (; i > 0 && before(count, name, shown[i - 1]); --i) std::swap(shown[i], shown[i - 1]);
}

uint32_t KeyTable::Insert(const View& view) {
  uint32_t i;
  if (!free_.empty()) {
    i = free_.back();
    free_.pop_back();
  } else {
    i = used_++;
    if (i / kChunk == chunks_.size()) chunks_.push_back(std::make_unique<BurstKey[]>(kChunk));
  }
  BurstKey& key = At(i);
  key.hash = view.hash;
  key.signature = view.signature;
  key.component = view.component;
  key.target = view.target;
  key.template_id = view.template_id;
  index_.insert(i);
  return i;
}

void KeyTable::Erase(uint32_t i) {
  index_.erase(i);
  BurstKey& key = At(i);
  const uint32_t generation = key.generation + 1;
  key = BurstKey();
  key.generation = generation;
  free_.push_back(i);
}

}  // namespace culprit
