// What is visible at each place with some items hidden; its groups as one symptom each.
#include <algorithm>
#include <limits>
#include <string>

#include "engine/correlate/score.h"

namespace culprit {

// All that scores can depend on, by place.
void Scorer::Load() {
  loaded_ = true;
  const auto& items = evidence_.items();
  std::string bytes;
  auto put = [&](const auto& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  for (uint32_t place = 0; place < evidence_.components().size(); ++place) {
    const auto groups = evidence_.GroupsAt(place);
    bytes.clear();
    put(evidence_.components()[place]);
    const uint32_t begin = groups.front().begin;
    for (uint32_t i = begin; i < groups.back().end; ++i) {
      const SymptomItem& item = items[i];
      uint32_t line = 0;  // the first item that shares it
      if (item.line != 0) {
        for (line = begin; items[line].line != item.line;) ++line;
        line += 1 - begin;
      }
      put(item.onset);
      put(item.leak);
      put(item.target);
      put(item.chunk);
      put(item.signature);
      put(line);
      put(static_cast<uint8_t>(item.cls));
      put(static_cast<uint8_t>(item.weak));
    }
    contents_.push_back(cache_->Content(bytes));
  }
}

void Scorer::UseMask(const HiddenMask& hidden) {
  if (masked_ && mask_ == hidden) return;
  if (!loaded_) Load();
  masked_ = true;
  mask_ = hidden;
  const size_t n = evidence_.components().size();
  views_.resize(n);
  mixes_.resize(n);
  for (uint32_t place = 0; place < n; ++place) {
    const auto groups = evidence_.GroupsAt(place);
    const uint32_t begin = groups.front().begin;
    bool added = false;
    const uint32_t view = cache_->View(
        contents_[place],
        {reinterpret_cast<const char*>(hidden.data()) + begin, groups.back().end - begin}, &added);
    if (added) FillView(&cache_->view(view), place);
    views_[place] = view;
    mixes_[place] = ScoreCache::Mix(view + 0x9E3779B97F4A7C15u);
  }
}

void Scorer::FillView(PlaceView* view, uint32_t place) const {
  const auto groups = evidence_.GroupsAt(place);
  view->component = evidence_.components()[place];
  for (uint32_t i = groups.front().begin; i < groups.back().end; ++i) {
    const SymptomItem& item = evidence_.items()[i];
    const bool silence = item.cls == SymptomClass::kSilence;
    view->silence_any |= silence;
    if (mask_[i]) continue;
    view->visible = true;
    if (silence) {
      view->silence_visible = true;
      view->silence_onset = std::min(view->silence_onset, item.onset);
    }
    if (item.target != kNoComponent) view->targets.push_back(item.target);
    view->signatures.push_back(item.signature);
    view->weak_visible |= item.weak;
  }
  for (const EvidenceSet::Group& group : groups) FillGroup(view, group, groups.front().begin);
  auto unique = [](auto* list) {
    std::sort(list->begin(), list->end());
    list->erase(std::unique(list->begin(), list->end()), list->end());
  };
  unique(&view->targets);
  unique(&view->signatures);
  for (SignatureIndex signature : view->signatures) {
    const auto& modes = modes_.Speaking(signature);
    view->speaking.insert(view->speaking.end(), modes.begin(), modes.end());
  }
  unique(&view->speaking);
  constexpr double kUnset = std::numeric_limits<double>::quiet_NaN();
  view->bounds.fill({kUnset, kUnset});
  view->speaking_bounds.assign(view->speaking.size(), {kUnset, kUnset});
}

// `base`: the place's first item.
void Scorer::FillGroup(PlaceView* view, const EvidenceSet::Group& group, uint32_t base) const {
  const auto& items = evidence_.items();
  GroupView fresh;
  fresh.cls = group.cls;
  fresh.target = group.target;
  fresh.begin = group.begin - base;
  fresh.end = group.end - base;
  Gathered seen;
  for (uint32_t i = group.begin; i < group.end; ++i) {
    const SymptomItem& item = items[i];
    if (mask_[i]) {
      view->hidden.own = true;
      view->hidden.dependency |= IsDependencyClass(group.cls);
      view->hidden.server_error |= group.cls == SymptomClass::kServerError;
      continue;
    }
    fresh.mentioned |= Mode::BitOf(item.signature);
    Add(item, base, &seen);
  }
  if (!seen.any) return;
  fresh.weak = seen.weak;
  fresh.claimed = seen.claimed;
  fresh.line = seen.line;
  fresh.onset = seen.onset;
  fresh.leak = seen.leak;
  view->groups.push_back(fresh);
}

// Items come by onset; a strong one replaces what weak ones said.
void Scorer::Add(const SymptomItem& item, uint32_t base, Gathered* to) const {
  if (item.weak && to->any && !to->weak) return;
  const uint32_t line = LineOf(item, base);
  if (!to->any || to->weak != item.weak) {
    to->any = true;
    to->weak = item.weak;
    to->onset = item.onset;
    to->leak = item.leak;
    to->line = line;
  }
  to->claimed &= modes_.Claimed(item.signature);
  to->leak = std::min(to->leak, item.leak);
  if (to->line != line) to->line = 0;
}

// The number of the place's first item on the same line plus one, or 0.
uint32_t Scorer::LineOf(const SymptomItem& item, uint32_t base) const {
  if (item.line == 0) return 0;
  const auto& items = evidence_.items();
  uint32_t first = base;
  while (items[first].line != item.line) ++first;
  return first + 1 - base;
}

}  // namespace culprit
