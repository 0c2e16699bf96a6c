#include "engine/correlate/burst_table.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace culprit {
namespace {

constexpr size_t kMaxInstances = 8;

using Instances = std::vector<std::pair<std::string, uint64_t>>;

Instances Merged(const Instances& before, const Instances& newest) {
  Instances all = newest;
  for (const auto& one : before) {
    auto it =
        std::find_if(all.begin(), all.end(), [&](const auto& i) { return i.first == one.first; });
    if (it == all.end()) {
      all.push_back(one);
    } else {
      it->second += one.second;
    }
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (all.size() > kMaxInstances) all.resize(kMaxInstances);
  return all;
}

}  // namespace

std::string KeyOf(const Knowledge& knowledge, const Burst& burst) {
  std::string key =
      burst.signature == kNoSignature ? "silence" : knowledge.signatures[burst.signature].id;
  key += '\n';
  key += std::to_string(burst.template_id);
  key += '\n';
  key += burst.component;
  key += '\n';
  key += burst.target;
  return key;
}

void BurstTable::SeeExpiry(const TrackedBurst& tracked) {
  if (tracked.held || tracked.burst.closed_at == kNoTime) return;
  next_expiry_ = std::min(next_expiry_, tracked.burst.closed_at + options_.evidence_window);
}

bool BurstTable::Update(const Burst& burst) {
  const auto alias = folded_.empty() ? folded_.end() : folded_.find(burst.id);
  auto it = bursts_.find(alias == folded_.end() ? burst.id : alias->second);
  if (it == bursts_.end()) return false;
  TrackedBurst& tracked = it->second;
  Burst& kept = tracked.burst;
  if (burst.id != tracked.newest_id) return true;
  kept.last = std::max(kept.last, burst.last);
  kept.closed_at = burst.closed_at;
  kept.count = tracked.count_before + burst.count;
  if (alias == folded_.end()) {
    kept.severity = burst.severity;
    if (kept.instances != burst.instances) kept.instances = burst.instances;
    // Lines are only ever added: the heavy part is copied when there are more.
    if (kept.evidence.size() != burst.evidence.size()) kept.evidence = burst.evidence;
  } else {
    kept.severity = std::max(kept.severity, burst.severity);
    kept.instances = Merged(tracked.instances_before, burst.instances);
    if (burst.closed_at != kNoTime) folded_.erase(alias);
  }
  SeeExpiry(tracked);
  return true;
}

bool BurstTable::Fold(const std::string& key, const Burst& burst) {
  const auto known = by_key_.find(key);
  if (known == by_key_.end()) return false;
  TrackedBurst& tracked = bursts_.at(known->second);
  if (!tracked.told || tracked.burst.closed_at == kNoTime) return false;
  tracked.count_before = tracked.burst.count;
  tracked.instances_before = tracked.burst.instances;
  tracked.newest_id = burst.id;
  folded_.emplace(burst.id, tracked.burst.id);
  return Update(burst);
}

void BurstTable::Add(TrackedBurst tracked) {
  tracked.newest_id = tracked.burst.id;
  SeeExpiry(tracked);
  by_key_[tracked.key] = tracked.burst.id;
  bursts_.emplace(tracked.burst.id, std::move(tracked));
}

void BurstTable::Erase(const BurstIds& ids) {
  for (uint64_t id : ids) {
    const auto it = bursts_.find(id);
    if (it == bursts_.end()) continue;
    folded_.erase(it->second.newest_id);
    if (auto key = by_key_.find(it->second.key); key != by_key_.end() && key->second == id) {
      by_key_.erase(key);
    }
    bursts_.erase(it);
  }
}

void BurstTable::Hold(std::span<const LiveIncident> incidents) {
  for (auto& [id, tracked] : bursts_) tracked.held = tracked.told = false;
  for (const LiveIncident& incident : incidents) {
    for (uint64_t id : incident.members) {
      const auto it = bursts_.find(id);
      if (it == bursts_.end()) continue;
      it->second.held = true;
      it->second.told |= incident.value.paged_at != kNoTime;
    }
  }
  next_expiry_ = INT64_MAX;
  for (const auto& [id, tracked] : bursts_) SeeExpiry(tracked);
}

BurstIds BurstTable::Expired(TimeUs now) const {
  BurstIds ids;
  for (const auto& [id, tracked] : bursts_) {
    if (tracked.held || tracked.burst.closed_at == kNoTime) continue;
    if (tracked.burst.closed_at + options_.evidence_window <= now) ids.push_back(id);
  }
  return ids;
}

std::vector<SymptomItem> BurstTable::Items(const Knowledge& knowledge, size_t* left_out) const {
  std::vector<const TrackedBurst*> kept;
  kept.reserve(bursts_.size());
  for (const auto& [id, tracked] : bursts_) kept.push_back(&tracked);
  *left_out = 0;
  if (kept.size() > options_.max_items) {
    // The newest, and of them those with the lower id.
    std::stable_sort(kept.begin(), kept.end(),
                     [](const auto* a, const auto* b) { return a->burst.onset > b->burst.onset; });
    *left_out = kept.size() - options_.max_items;
    kept.resize(options_.max_items);
  }
  // By kind and onset, to cut kinds that came long apart into chunks.
  auto kind = [](const TrackedBurst& b) { return std::tuple(b.component, b.burst.cls, b.target); };
  std::sort(kept.begin(), kept.end(), [&](const auto* a, const auto* b) {
    return std::tuple(kind(*a), a->burst.onset, a->burst.id) <
           std::tuple(kind(*b), b->burst.onset, b->burst.id);
  });
  std::map<std::tuple<ComponentId, PartitionId, uint64_t>, uint32_t> lines;
  std::vector<int> uses = {0};
  std::vector<SymptomItem> items;
  items.reserve(kept.size());
  TimeUs chunk_onset = 0;
  for (size_t i = 0; i < kept.size(); ++i) {
    const TrackedBurst& b = *kept[i];
    SymptomItem& item = items.emplace_back();
    item.component = b.component;
    item.cls = b.burst.cls;
    item.target = b.target;
    if (i > 0 && kind(*kept[i - 1]) == kind(b)) {
      const uint32_t before = items[i - 1].chunk;
      const bool apart = b.burst.onset - chunk_onset > options_.merge_window;
      if (apart) chunk_onset = b.burst.onset;
      item.chunk = before + (apart ? 1 : 0);
    } else {
      chunk_onset = b.burst.onset;
    }
    item.signature = b.burst.signature;
    item.onset = b.burst.onset;
    item.weak = b.burst.signature != kNoSignature && knowledge.signatures[b.burst.signature].weak;
    item.leak = b.leak;
    if (!item.weak && b.burst.severity >= Severity::kError && b.burst.onset != kNoTime &&
        b.burst.last != kNoTime && b.burst.last - b.burst.onset >= options_.lasting_after) {
      item.leak *= options_.lasting_leak;
    }
    item.count = b.burst.count;
    item.burst = b.burst.id;
    if (!b.burst.evidence.empty()) {
      const Position& p = b.burst.evidence.front().position;
      auto [it, added] = lines.try_emplace({b.component, p.partition, p.offset},
                                           static_cast<uint32_t>(lines.size()) + 1);
      item.line = it->second;
      if (added) uses.push_back(0);
      ++uses[item.line];
    }
  }
  for (SymptomItem& item : items) {
    if (item.line != 0 && uses[item.line] < 2) item.line = 0;
  }
  return items;
}

}  // namespace culprit
