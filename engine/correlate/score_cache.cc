#include "engine/correlate/score_cache.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/correlate/score_units.h"

namespace culprit {
namespace {

constexpr double kMaxExponent = 60;
// Bounds of what is kept; beyond them everything is forgotten at once.
constexpr size_t kMaxBytes = 16u << 20;
constexpr size_t kMaxHypotheses = 50'000;
constexpr size_t kMaxSituations = 200'000;
constexpr size_t kMaxTopics = 50'000;

}  // namespace

void ScoreCache::Clear() {
  version_ = ~uint64_t{0};
  components_.clear();
  slot_of_.clear();
  components_of_.clear();
  surroundings_.clear();
  contents_.clear();
  views_.clear();
  place_views_.clear();
  effects_.clear();
  place_effects_.clear();
  reached_.clear();
  absences_.assign(absences_.size(), {});
  memory_.Release();
}

ScoreCache::Kept ScoreCache::Prepare(const Topology& topology, const EvidenceSet& evidence) {
  size_t situations = 0, topics = 0;
  for (const auto& around : surroundings_) {
    situations += around->situations.size();
    topics += around->topics.size();
  }
  const bool full = memory_.used() > kMaxBytes || reached_.size() > kMaxHypotheses ||
                    situations > kMaxSituations || topics > kMaxTopics;
  if (full) Clear();
  if (topology.version() == version_ && evidence.components() == components_ &&
      evidence.logging() == logging_) {
    return Kept::kAll;
  }
  ++generation_;
  logging_ = evidence.logging();
  version_ = topology.version();
  components_ = evidence.components();
  return full ? Kept::kNothing : Kept::kOldGeneration;
}

uint32_t ScoreCache::AddSlot(ComponentId id) {
  if (id >= slot_of_.size()) slot_of_.resize(id + 1, kNoSlot);
  slot_of_[id] = slots();
  components_of_.push_back(id);
  surroundings_.push_back(std::make_unique<Surroundings>());
  return slot_of_[id];
}

ScoreCache::Content& ScoreCache::ContentOf(std::string_view bytes, bool* added) {
  key_.assign(bytes);
  const auto [it, fresh] = contents_.try_emplace(key_);
  if (fresh) it->second.id = static_cast<uint32_t>(contents_.size());
  *added = fresh;
  return it->second;
}

PartView* ScoreCache::View(uint32_t content, std::string_view hidden, uint32_t* id, bool* added) {
  key_.assign(reinterpret_cast<const char*>(&content), sizeof content);
  key_.append(hidden);
  auto [it, fresh] = views_.try_emplace(key_);
  if (fresh)
    it->second = {static_cast<uint32_t>(views_.size()), &NewArray<PartView>(memory(), 1)[0]};
  *added = fresh;
  *id = it->second.first;
  return it->second.second;
}

PlaceView* ScoreCache::ViewOfPlace(uint64_t views) {
  PlaceView*& view = place_views_[views];
  if (!view) view = &NewArray<PlaceView>(memory(), 1)[0];
  return view;
}

SpotEffect* ScoreCache::Intern(bool root, const std::vector<SpotTerm>& terms,
                               const std::vector<SpotEffect::Timing>& timing) {
  auto flags = [](auto... bits) {
    uint64_t all = 0;
    ((all = all << 1 | static_cast<uint64_t>(bits)), ...);
    return all;
  };
  uint64_t hash = flags(true, root);
  auto put = [&hash](uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
  };
  for (const SpotTerm& t : terms) {
    put(std::bit_cast<uint64_t>(t.full));
    put(static_cast<uint64_t>(t.onset));
    put(std::bit_cast<uint64_t>(t.late_after));
    put(uint64_t{t.line} << 8 | flags(t.onset_candidate, t.silence, t.dependency, t.server_error,
                                      t.weak, t.at_self, t.at_any));
  }
  SpotEffect** at = &effects_[Mix(hash)];
  for (; *at; at = &(*at)->next) {
    const SpotEffect& known = **at;
    if (known.root == root &&
        std::equal(known.terms.begin(), known.terms.end(), terms.begin(), terms.end()))
      return *at;
  }
  SpotEffect& fresh = NewArray<SpotEffect>(memory(), 1)[0];
  *at = &fresh;
  fresh.id = next_effect_++;
  fresh.root = root;
  fresh.terms = CopyOf(terms, memory());
  fresh.timing = CopyOf(timing, memory());
  for (size_t i = 0; i < terms.size(); ++i) {
    SpotEffect::Timing& timed = fresh.timing[i];
    timed.nats = std::log(timed.ratio);
    fresh.all_weak &= terms[i].weak;
    fresh.most += std::max<int64_t>(0, Quantise(timed.nats));
    fresh.from = std::min(fresh.from, timed.from);
    fresh.to = std::max(fresh.to, timed.to);
    if (terms[i].onset_candidate) KeepEarliest(terms[i].onset, &fresh.onsets, &fresh.onset_count);
  }
  // One whose time has come late weighs less at the root: that is not plain.
  if (terms.size() == 1 && !(root && terms[0].weak)) {
    const SpotTerm& term = terms[0];
    fresh.full_from = timing[0].full_from;
    fresh.full_to = timing[0].full_to;
    fresh.spent_from = timing[0].spent_from;
    fresh.spent_to = timing[0].spent_to;
    fresh.plain.sum = Quantise(fresh.timing[0].nats);
    fresh.plain.first = term.onset;
    fresh.plain.silence = term.silence;
    fresh.plain.seen.Add(term);
  }
  return &fresh;
}

PlaceEffect* ScoreCache::InternPlace(const std::vector<SpotEffect*>& parts, const SpotSeen& hidden,
                                     int64_t cap) {
  uint64_t print = hidden.own * 1u | hidden.dependency * 2u | hidden.server_error * 4u;
  for (const SpotEffect* part : parts) print += Mix(part->id + 0x9E3779B97F4A7C15u);
  print = Mix(print);
  PlaceEffect*& kept = place_effects_[print];
  if (kept) return kept;
  kept = &NewArray<PlaceEffect>(memory(), 1)[0];
  PlaceEffect& fresh = *kept;
  fresh.print = print;
  fresh.parts = CopyOf(parts, memory());
  fresh.quiet.seen = hidden;
  for (const SpotEffect* part : parts) {
    fresh.all_weak &= part->all_weak;
    fresh.from = std::min(fresh.from, part->from);
    fresh.to = std::max(fresh.to, part->to);
    fresh.most += part->most;
    for (uint32_t i = 0; i < part->onset_count; ++i) {
      KeepEarliest(part->onsets[i], &fresh.onsets, &fresh.onset_count);
    }
  }
  fresh.most = std::min(fresh.most, cap);
  return kept;
}

int64_t ScoreCache::Message(int64_t m, double edge) {
  if (m == 0) return 0;
  KnownMessage& known =
      messages_[Mix(static_cast<uint64_t>(m) ^ std::bit_cast<uint64_t>(edge)) % messages_.size()];
  if (known.m == m && known.edge == edge) return known.value;
  const double v = static_cast<double>(m) / kMicroNats;
  const double nats = v < kMaxExponent ? std::log1p(edge * std::expm1(v)) : v + std::log(edge);
  known = {m, edge, std::llround(nats * kMicroNats)};
  return known.value;
}

}  // namespace culprit
