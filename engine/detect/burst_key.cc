#include "engine/detect/burst_key.h"

namespace culprit {

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
