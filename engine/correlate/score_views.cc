// What is visible of each part with some items hidden; its groups as one symptom each.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>

#include "engine/correlate/score.h"
#include "engine/correlate/score_units.h"

namespace culprit {
namespace {

// Adds one to a sorted list; true: it was not there.
template <typename T>
bool AddSorted(const T& value, std::vector<T>* list) {
  const auto at = std::lower_bound(list->begin(), list->end(), value);
  if (at != list->end() && *at == value) return false;
  list->insert(at, value);
  return true;
}

template <typename T>
std::span<T> Unique(std::vector<T>* list, std::pmr::memory_resource* memory) {
  std::sort(list->begin(), list->end());
  list->erase(std::unique(list->begin(), list->end()), list->end());
  return CopyOf(*list, memory);
}

}  // namespace

// All that scores can depend on, by part.
void Scorer::Load() {
  loaded_ = true;
  const auto& items = evidence_.items();
  const auto& parts = evidence_.parts();
  for (ComponentId id : evidence_.components()) {
    const uint32_t slot = cache_->SlotOf(id);
    slots_.push_back(slot == ScoreCache::kNoSlot ? cache_->AddSlot(id) : slot);
  }
  place_at_.assign(cache_->slots(), kNoPlace);
  for (uint32_t place = 0; place < slots_.size(); ++place) place_at_[slots_[place]] = place;
  // More weak lines than this say no more (FillSpot).
  const auto most_lines = static_cast<uint64_t>(
      std::ceil(std::pow(10, std::min(18.0, std::max(0.0, options_.weak_volume_max)))));
  std::string bytes;
  auto put = [&](const auto& value) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  part_of_.resize(items.size());
  for (uint32_t p = 0; p < parts.size(); ++p) {
    bytes.clear();
    put(evidence_.components()[parts[p].place]);
    for (uint32_t g : evidence_.GroupsOf(parts[p])) {
      const EvidenceSet::Group& group = evidence_.groups()[g];
      for (uint32_t i = group.begin; i < group.end; ++i) {
        const SymptomItem& item = items[i];
        part_of_[i] = p;
        put(item.onset);
        put(item.leak);
        put(item.target);
        put(item.chunk);
        put(item.signature);
        put(evidence_.LineOf(i));
        put(static_cast<uint8_t>(item.cls));
        put(static_cast<uint8_t>(item.weak));
        if (item.weak) put(std::min(item.count, most_lines));
      }
    }
    bool added = false;
    ScoreCache::Content& content = cache_->ContentOf(bytes, &added);
    if (added) content.topic = TopicOf(parts[p]);
    contents_.push_back(content);
  }
  for (uint32_t p = 0; p < parts.size(); ++p) {
    while (starts_.size() <= parts[p].place) starts_.push_back(p);
  }
  starts_.push_back(static_cast<uint32_t>(parts.size()));
}

// The kind of thing that a part shows, with what is to be known of its items, hidden or not.
uint32_t Scorer::TopicOf(const EvidenceSet::Part& part) {
  Surroundings& around = cache_->SurroundingsOf(slots_[part.place]);
  std::vector<std::pair<SymptomClass, ComponentId>> kinds;
  for (uint32_t g : evidence_.GroupsOf(part)) {
    const EvidenceSet::Group& group = evidence_.groups()[g];
    AddSorted({group.cls, group.target}, &kinds);
  }
  uint32_t number = 0;
  while (number < around.topics.size() && around.topics[number].kinds != kinds) ++number;
  bool news = number == around.topics.size();
  if (news) around.topics.emplace_back().kinds = std::move(kinds);
  Topic& topic = around.topics[number];
  for (uint32_t g : evidence_.GroupsOf(part)) {
    const EvidenceSet::Group& group = evidence_.groups()[g];
    for (uint32_t i = group.begin; i < group.end; ++i) {
      for (int32_t mode : modes_.Speaking(evidence_.items()[i].signature)) {
        news |= AddSorted(mode, &topic.speaking);
      }
    }
  }
  if (news) around.news.push_back(number);
  return number;
}

void Scorer::UseMask(const HiddenMask& hidden) {
  if (masked_ && mask_ == hidden) return;
  if (!loaded_) Load();
  const auto& parts = evidence_.parts();
  const size_t places = evidence_.components().size();
  if (!masked_) {
    views_.resize(parts.size());
    mixes_.assign(places, 0);
    changed_.assign(places, 0);
    place_views_.resize(places);
    for (uint32_t p = 0; p < parts.size(); ++p) to_view_.push_back(p);
  } else {
    for (uint32_t i = 0; i < hidden.size(); ++i) {
      if (mask_[i] == hidden[i]) continue;
      if (to_view_.empty() || to_view_.back() != part_of_[i]) to_view_.push_back(part_of_[i]);
    }
  }
  masked_ = true;
  mask_ = hidden;
  for (uint32_t p : to_view_) {
    view_key_.clear();
    for (uint32_t g : evidence_.GroupsOf(parts[p])) {
      const EvidenceSet::Group& group = evidence_.groups()[g];
      view_key_.append(reinterpret_cast<const char*>(hidden.data()) + group.begin,
                       group.end - group.begin);
    }
    ViewRef& view = views_[p];
    if (view.view) mixes_[parts[p].place] -= ScoreCache::Mix(view.id + 0x9E3779B97F4A7C15u);
    bool added = false;
    view.view = cache_->View(contents_[p].id, view_key_, &view.id, &added);
    view.view->part = p;
    if (added) FillView(view.view, p);
    mixes_[parts[p].place] += ScoreCache::Mix(view.id + 0x9E3779B97F4A7C15u);
    changed_[parts[p].place] = 1;
  }
  to_view_.clear();
  for (uint32_t place = 0; place < places; ++place) {
    if (changed_[place]) UsePlace(place);
    changed_[place] = 0;
  }
}

void Scorer::UsePlace(uint32_t place) {
  PlaceView& view = *cache_->ViewOfPlace(ScoreCache::Mix(mixes_[place]));
  place_views_[place] = &view;
  if (view.filled) return;
  view.filled = true;
  std::vector<PartView*> parts;
  std::vector<ComponentId> targets;
  std::vector<int32_t> listing;
  for (uint32_t part = starts_[place]; part < starts_[place + 1]; ++part) {
    PartView& own = *views_[part].view;
    parts.push_back(&own);
    view.visible |= own.visible;
    view.silence_any |= own.silence_any;
    view.silence_visible |= own.silence_visible;
    view.silence_onset = std::min(view.silence_onset, own.silence_onset);
    view.hidden.Add(own.hidden);
    view.most += own.most;
    targets.insert(targets.end(), own.targets.begin(), own.targets.end());
    listing.insert(listing.end(), own.listing.begin(), own.listing.end());
  }
  view.most = std::min(view.most, Quantise(options_.evidence_cap));
  std::stable_sort(parts.begin(), parts.end(),
                   [](const PartView* a, const PartView* b) { return a->topic < b->topic; });
  std::vector<uint32_t> starts;
  for (uint32_t p = 0; p < parts.size(); ++p) starts.resize(parts[p]->topic + 1, p);
  starts.push_back(static_cast<uint32_t>(parts.size()));
  view.parts = CopyOf(parts, cache_->memory());
  view.starts = CopyOf(starts, cache_->memory());
  view.targets = Unique(&targets, cache_->memory());
  view.listing = Unique(&listing, cache_->memory());
}

void Scorer::FillView(PartView* view, uint32_t number) const {
  const EvidenceSet::Part& part = evidence_.parts()[number];
  view->topic = contents_[number].topic;
  view->silence_onset = INT64_MAX;
  std::vector<GroupView> groups;
  std::vector<ComponentId> targets;
  std::vector<int32_t> listing;
  uint32_t ordinal = 0;
  double most = 0;
  for (uint32_t g : evidence_.GroupsOf(part)) {
    const EvidenceSet::Group& group = evidence_.groups()[g];
    double leak = 1;
    bool weak = false;
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
      if (item.target != kNoComponent) targets.push_back(item.target);
      leak = std::min(leak, item.leak);
      weak |= item.weak;
      const auto& modes = modes_.Listing(item.signature);
      listing.insert(listing.end(), modes.begin(), modes.end());
      if (modes_.Claimed(item.signature)) most += LogRatio(1, item.leak);
    }
    double p = MostProbability(group.cls);
    if (weak) p = std::min(1.0, p * std::max(1.0, options_.weak_volume_max));
    if (leak < 1) most += LogRatio(p, leak);
    FillGroup(view, group, ordinal++, &groups);
  }
  view->most = Quantise(most) + 1;
  view->groups = CopyOf(groups, cache_->memory());
  view->targets = Unique(&targets, cache_->memory());
  view->listing = Unique(&listing, cache_->memory());
}

void Scorer::FillGroup(PartView* view, const EvidenceSet::Group& group, uint32_t ordinal,
                       std::vector<GroupView>* groups) const {
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
  groups->push_back(fresh);
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
