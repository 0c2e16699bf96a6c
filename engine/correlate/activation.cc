#include "engine/correlate/activation.h"

namespace culprit {

PackActivation::PackActivation(const Knowledge& knowledge)
    : active_(knowledge.packs.size()),
      connected_(knowledge.packs.size()),
      seen_(knowledge.packs.size(), 0) {
  for (size_t p = 0; p < knowledge.packs.size(); ++p) {
    active_[p] = knowledge.packs[p].always || knowledge.packs[p].user;
  }
  for (const EdgeSpec& edge : knowledge.edges) {
    connected_[edge.pack].insert(edge.from);
    connected_[edge.pack].insert(edge.to);
  }
}

bool PackActivation::SeePacks(std::span<const uint32_t> packs) {
  bool changed = false;
  for (uint32_t pack : packs) {
    if (pack >= active_.size() || active_[pack]) continue;
    active_[pack] = true;
    changed = true;
  }
  return changed;
}

bool PackActivation::SeeLogging(std::string_view component) {
  bool changed = false;
  for (size_t p = 0; p < active_.size(); ++p) {
    if (active_[p] || !connected_[p].contains(component)) continue;
    ++seen_[p];
    if (seen_[p] >= 2 && 3 * seen_[p] >= connected_[p].size()) {
      active_[p] = true;
      changed = true;
    }
  }
  return changed;
}

}  // namespace culprit
