// The detector's parts as bytes: windows, baselines, first-seen, templates, signs of life.
#include <algorithm>
#include <optional>

#include "engine/detect/first_seen.h"
#include "engine/detect/life.h"
#include "engine/detect/rate.h"
#include "engine/detect/state.h"
#include "engine/detect/template_miner.h"
#include "engine/detect/window.h"

namespace culprit {

void SlidingWindow::Write(int64_t base, CheckpointWriter& ar) const {
  ar.Varint(bins_.size() - head_);
  for (size_t i = bins_.size(); i > head_; --i) {
    const Bin& bin = bins_[i - 1];
    ar.Varint(static_cast<uint64_t>(base - bin.slice));
    ar(bin.count, Time(bin.first));
    base = bin.slice;
  }
}

void SlidingWindow::Read(int64_t base, CheckpointReader& ar) {
  const size_t n = ar.Count();
  for (size_t i = 0; i < n; ++i) {
    Bin bin{};
    const uint64_t step = ar.Varint();
    Require(step < uint64_t{1} << 60 && (i == 0 || step > 0), "bins of a window");
    bin.slice = base - static_cast<int64_t>(step);
    RequireModerate(bin.slice);
    ar(bin.count, Time(bin.first));
    Require(bin.count > 0 && bin.count < uint64_t{1} << 60 && bin.first != kNoTime, "bin");
    base = bin.slice;
    sum_ += bin.count;
    Require(sum_ < uint64_t{1} << 62, "bin");
    bins_.push_back(bin);
  }
  std::reverse(bins_.begin(), bins_.end());
}

template <typename Archive>
void Season::serialize(Archive& ar) {  // NOLINT(readability-identifier-naming)
  const auto is_one = [](double f) { return f == 1; };
  bool flat = std::all_of(factor_.begin(), factor_.end(), is_one);
  ar(flat);
  if (!flat) ar(factor_);
  ar(mu_, minutes_, minute_, count_, in_burst_, hour_count_, hour_minutes_);
  if constexpr (Archive::is_loading::value) {
    for (const double f : factor_) Require(f >= kMin && f <= kMax, "season");
    Require(mu_ >= 0 && mu_ < 1e15 && minutes_ >= 0 && hour_minutes_ >= 0, "season");
    RequireModerate(minutes_);
    RequireModerate(hour_minutes_);
    if (minute_ != INT64_MIN) RequireModerate(minute_);
  }
}
template void Season::serialize(CheckpointWriter&);
template void Season::serialize(CheckpointReader&);

template <typename Archive>
void RateBaseline::serialize(Archive& ar) {  // NOLINT(readability-identifier-naming)
  ar(mu_, v_, learnt_, minute_, count_, level_minute_, level_);
  if constexpr (Archive::is_loading::value) {
    Require(mu_ >= 0 && mu_ < 1e15 && v_ >= 0 && v_ < 1e30 && learnt_ >= 0, "baseline");
    RequireModerate(learnt_);
    if (minute_ != INT64_MIN) RequireModerate(minute_);
    if (level_minute_ != INT64_MIN) RequireModerate(level_minute_);
    Require(level_ < uint64_t{1} << 62, "baseline");
  }
}
template void RateBaseline::serialize(CheckpointWriter&);
template void RateBaseline::serialize(CheckpointReader&);

void FirstSeen::save(CheckpointWriter& ar) const {
  ar(day_);
  std::vector<std::pair<uint64_t, int64_t>> order(last_day_.begin(), last_day_.end());
  std::sort(order.begin(), order.end());
  ar.Varint(order.size());
  for (const auto& [hash, day] : order) ar(Hash(hash), Relative(day, day_));
}

void FirstSeen::load(CheckpointReader& ar) {
  ar(day_);
  if (day_ != INT64_MIN) RequireModerate(day_);
  const size_t n = ar.Count();
  last_day_.reserve(std::min(n, ar.left() / 8));
  for (size_t i = 0; i < n; ++i) {
    uint64_t hash = 0;
    int64_t day = 0;
    ar(Hash(hash), Relative(day, day_));
    RequireModerate(day);
    last_day_[hash] = day;
  }
}

// The tree is written as it stands: which words got a branch of their own depends on its past.
void TemplateMiner::save(CheckpointWriter& ar) const {
  const std::vector<Index> slots = ByAge();
  std::vector<Index> number(slots_.size());
  for (Index i = 0; i < slots.size(); ++i) number[slots[i]] = i;
  ar(sequence_, dropped_);
  ar.Varint(slots.size());
  for (const Index i : slots) {
    const Slot& slot = slots_[i];
    ar(Hash(slot.tmpl.id), slot.tmpl.count, slot.used, slot.born);
    ar.Varint(slot.tmpl.tokens.size());
    for (const std::string& token : slot.tmpl.tokens) ar(Word(token));
  }
  ar.Varint(nodes_.size());
  for (const Node& node : nodes_) {
    std::vector<std::pair<std::string_view, Index>> children(node.children.begin(),
                                                             node.children.end());
    std::sort(children.begin(), children.end());
    ar.Varint(children.size());
    for (const auto& [token, child] : children) {
      ar.Word(token);
      ar(child);
    }
    ar.Varint(node.templates.size());
    for (const Index t : node.templates) ar(number[t]);
  }
  std::vector<std::pair<std::string_view, Index>> cache(cache_.begin(), cache_.end());
  std::sort(cache.begin(), cache.end());
  ar.Varint(cache.size());
  for (const auto& [text, slot] : cache) {
    ar.Text(text);
    ar(number[slot]);
  }
}

void TemplateMiner::load(CheckpointReader& ar) {
  ar(sequence_, dropped_);
  Require(sequence_ < uint64_t{1} << 62, "age of a template");
  size_t n = ar.Count();
  for (size_t i = 0; i < n; ++i) {
    Slot slot;
    ar(Hash(slot.tmpl.id), slot.tmpl.count, slot.used, slot.born);
    for (size_t k = ar.Count(); k > 0; --k) ar(Word(slot.tmpl.tokens.emplace_back()));
    Require(slot.tmpl.id != 0 && by_id_.emplace(slot.tmpl.id, static_cast<Index>(i)).second,
            "id of a template");
    Require((slots_.empty() || slots_.back().born < slot.born) && slot.born <= sequence_ &&
                slot.used <= sequence_,
            "age of a template");
    slots_.push_back(std::move(slot));
  }
  n = ar.Count();
  Require(n > 0, "tree without a root");
  nodes_.clear();
  std::vector<bool> placed(slots_.size());
  // The first level is the number of words of all templates below.
  std::vector<std::optional<std::string>> length(n);
  for (size_t i = 0; i < n; ++i) {
    Node& node = nodes_.emplace_back();
    for (size_t k = ar.Count(); k > 0; --k) {
      const std::string_view token = ar.Word();
      Index child = 0;
      ar(child);
      Require(child > i && child < n && !length[child].has_value() &&
                  node.children.emplace(std::string(token), child).second,
              "branch of the tree");
      length[child] = i == 0 ? std::string(token) : length[i];
    }
    for (size_t k = ar.Count(); k > 0; --k) {
      Index t = 0;
      ar(t);
      Require(t < slots_.size() && !placed[t], "leaf of the tree");
      Require(length[i] == std::to_string(slots_[t].tmpl.tokens.size()), "leaf of the tree");
      placed[t] = true;
      node.templates.push_back(t);
    }
  }
  for (size_t k = ar.Count(); k > 0; --k) {
    const std::string_view text = ar.Text();
    Index t = 0;
    ar(t);
    Require(t < slots_.size() && cache_.emplace(std::string(text), t).second, "text of a template");
  }
}

template <typename Archive>
void LiveClock::serialize(Archive& ar) {  // NOLINT(readability-identifier-naming)
  ar(last_, live_);
  if constexpr (Archive::is_loading::value) {
    RequireModerate(live_);
    if (last_ != INT64_MIN) RequireModerate(last_);
  }
}

template <typename Archive>
void LifeTracker::InGroup::serialize(Archive& ar) {  // NOLINT(readability-identifier-naming)
  ar(group, mark, first_marks, own_marks, last_marks);
  ar(Relative(queued, mark));
  if constexpr (Archive::is_loading::value) {
    RequireModerate(mark);
    if (queued != INT64_MAX) RequireModerate(queued);
  }
}

template <typename Archive>
void LifeTracker::Component::serialize(Archive& ar) {  // NOLINT(readability-identifier-naming)
  ar(Word(name), silent, first_slice);
  ar(Relative(last_slice, first_slice), Time(last), bin, bins, in_bin, mu, longest_gap, groups);
  if constexpr (Archive::is_loading::value) {
    RequireModerate(first_slice);
    if (last_slice != INT64_MIN) RequireModerate(last_slice);
    if (bin != INT64_MIN) RequireModerate(bin);
    RequireModerate(bins);
    Require(bins >= 0 && mu >= 0 && mu < 1e15 && longest_gap >= 0 && longest_gap < 1e15,
            "signs of life");
    Require(groups.size() <= kMaxGroups, "groups of a component");
  }
}

bool LifeTracker::IsSilent(const std::string& component) const {
  const auto it = index_.find(component);
  return it != index_.end() && components_[it->second].silent;
}

void LifeTracker::save(CheckpointWriter& ar) const {
  ar(global_, next_sweep_);
  std::vector<PartitionId> groups;
  for (const auto& [id, group] : groups_) groups.push_back(id);
  std::sort(groups.begin(), groups.end());
  ar.Varint(groups.size());
  for (const PartitionId id : groups) {
    const Group& g = groups_.find(id)->second;
    ar(id, g.clock, g.marks);
  }
  ar.Varint(by_name_.size());
  for (const uint32_t i : by_name_) ar(components_[i]);
}

void LifeTracker::load(CheckpointReader& ar) {
  ar(global_, next_sweep_);
  if (next_sweep_ != INT64_MIN) RequireModerate(next_sweep_);
  for (size_t n = ar.Count(); n > 0; --n) {
    PartitionId id = 0;
    ar(id);
    const auto [it, added] = groups_.try_emplace(id, MaxStep());
    Require(added, "group twice");
    ar(it->second.clock, it->second.marks);
  }
  for (size_t n = ar.Count(); n > 0; --n) {
    const auto i = static_cast<uint32_t>(components_.size());
    Component& c = components_.emplace_back();
    ar(c);
    c.used = true;
    c.rank = i;
    Require(i == 0 || components_[i - 1].name < c.name, "order of components");
    index_.emplace(c.name, i);
    by_name_.push_back(i);
    for (const InGroup& in : c.groups) {
      const auto group = groups_.find(in.group);
      Require(group != groups_.end(), "unknown group");
      if (in.queued != INT64_MAX) group->second.due.push({in.queued, i, c.generation});
    }
  }
}

}  // namespace culprit
