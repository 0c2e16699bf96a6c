// What is visible of each part with some items hidden; its groups as one symptom each.
#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/correlate/score.h"

namespace culprit {

// All that scores can depend on, by part.
void Scorer::Load() {
  loaded_ = true;
  const auto& items = evidence_.items();
  for (ComponentId id : evidence_.components()) {
    surroundings_.push_back(&cache_->SurroundingsOf(id));
  }
  std::string bytes;
  auto put = [&](const auto& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  for (const EvidenceSet::Part& part : evidence_.parts()) {
    bytes.clear();
    put(evidence_.components()[part.place]);
    for (uint32_t g : evidence_.GroupsOf(part)) {
      const EvidenceSet::Group& group = evidence_.groups()[g];
      for (uint32_t i = group.begin; i < group.end; ++i) {
        const SymptomItem& item = items[i];
        put(item.onset);
        put(item.leak);
        put(item.target);
        put(item.chunk);
        put(item.signature);
        put(evidence_.LineOf(i));
        put(static_cast<uint8_t>(item.cls));
        put(static_cast<uint8_t>(item.weak));
      }
    }
    bool added = false;
    contents_.push_back(cache_->Content(bytes, &added));
    if (added) Surround(part);
  }
  starts_.clear();
  for (uint32_t p = 0; p < evidence_.parts().size(); ++p) {
    while (starts_.size() <= evidence_.parts()[p].place) starts_.push_back(p);
  }
  starts_.push_back(static_cast<uint32_t>(evidence_.parts().size()));
}

void Scorer::UseMask(const HiddenMask& hidden) {
  if (masked_ && mask_ == hidden) return;
  if (!loaded_) Load();
  const auto& parts = evidence_.parts();
  const auto hidden_at = [&](const EvidenceSet::Group& group) {
    return std::string_view(reinterpret_cast<const char*>(hidden.data()) + group.begin,
                            group.end - group.begin);
  };
  const size_t places = evidence_.components().size();
  views_.resize(parts.size());
  mixes_.assign(places, 0);
  changed_.assign(places, 0);
  place_views_.resize(places);
  root_views_.resize(places);
  for (uint32_t p = 0; p < parts.size(); ++p) {
    bool same = masked_;
    view_key_.clear();
    for (uint32_t g : evidence_.GroupsOf(parts[p])) {
      const EvidenceSet::Group& group = evidence_.groups()[g];
      same = same && std::memcmp(mask_.data() + group.begin, hidden.data() + group.begin,
                                 group.end - group.begin) == 0;
      view_key_.append(hidden_at(group));
    }
    if (!same) {
      bool added = false;
      const uint32_t id = cache_->View(contents_[p], view_key_, &added);
      views_[p] = {id, &cache_->view(id)};
      if (added) to_fill_.push_back(p);
      changed_[parts[p].place] = 1;
    }
    mixes_[parts[p].place] += ScoreCache::Mix(views_[p].id + 0x9E3779B97F4A7C15u);
  }
  for (uint64_t& mix : mixes_) mix = ScoreCache::Mix(mix);
  masked_ = true;
  mask_ = hidden;
  for (uint32_t p : to_fill_) FillView(views_[p].view, parts[p]);
  to_fill_.clear();
  for (uint32_t place = 0; place < places; ++place) {
    if (changed_[place]) UsePlace(place);
  }
}

void Scorer::FillView(PartView* view, const EvidenceSet::Part& part) const {
  view->component = evidence_.components()[part.place];
  uint32_t ordinal = 0;
  for (uint32_t g : evidence_.GroupsOf(part)) {
    const EvidenceSet::Group& group = evidence_.groups()[g];
    for (uint32_t i = group.begin; i < group.end; ++i) {
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
      view->dependency_visible |= item.target == kNoComponent && IsDependencyClass(item.cls);
    }
    FillGroup(view, group, ordinal++);
  }
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
  view->effects.resize(3 * (kModeKindCount + view->speaking.size()));
}

void Scorer::FillGroup(PartView* view, const EvidenceSet::Group& group, uint32_t ordinal) const {
  const auto& items = evidence_.items();
  GroupView fresh;
  fresh.cls = group.cls;
  fresh.target = group.target;
  fresh.ordinal = ordinal;
  Gathered seen;
  for (uint32_t i = group.begin; i < group.end; ++i) {
    if (mask_[i]) {
      view->hidden.own = true;
      view->hidden.dependency |= IsDependencyClass(group.cls);
      view->hidden.server_error |= group.cls == SymptomClass::kServerError;
      continue;
    }
    fresh.mentioned |= Mode::BitOf(items[i].signature);
    Add(i, &seen);
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
void Scorer::Add(uint32_t index, Gathered* to) const {
  const SymptomItem& item = evidence_.items()[index];
  if (item.weak && to->any && !to->weak) return;
  const uint32_t line = evidence_.LineOf(index);
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

}  // namespace culprit
