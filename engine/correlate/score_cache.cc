#include "engine/correlate/score_cache.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace culprit {
namespace {

constexpr double kMicro = 1e6;
constexpr double kMaxExponent = 60;
// Bounds of what is kept; beyond them everything is forgotten at once: about 40 MB at most.
constexpr size_t kMaxTerms = 300'000;
constexpr size_t kMaxViews = 20'000;
constexpr size_t kMaxHypotheses = 50'000;

}  // namespace

void ScoreCache::Clear() {
  version_ = ~uint64_t{0};
  components_.clear();
  contents_.clear();
  view_ids_.clear();
  views_.clear();
  effects_.clear();
  place_effects_.clear();
  surroundings_.clear();
  place_views_.clear();
  reached_.clear();
  absences_.assign(kAbsences, {});
  terms_ = 0;
}

ScoreCache::Kept ScoreCache::Prepare(const Topology& topology, const EvidenceSet& evidence) {
  const bool full =
      terms_ > kMaxTerms || views_.size() > kMaxViews || reached_.size() > kMaxHypotheses;
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

uint32_t ScoreCache::Content(std::string_view bytes, bool* added) {
  key_.assign(bytes);
  const auto [it, fresh] = contents_.try_emplace(key_, static_cast<uint32_t>(contents_.size()));
  *added = fresh;
  return it->second;
}

uint32_t ScoreCache::View(uint32_t content, std::string_view hidden, bool* added) {
  key_.assign(reinterpret_cast<const char*>(&content), sizeof content);
  key_.append(hidden);
  auto [it, fresh] = view_ids_.try_emplace(key_, static_cast<uint32_t>(views_.size()));
  if (fresh) views_.push_back(std::make_unique<PartView>());
  *added = fresh;
  return it->second;
}

SpotEffect* ScoreCache::Intern(const SpotEffect& effect) {
  auto flags = [](auto... bits) {
    uint64_t all = 0;
    ((all = all << 1 | static_cast<uint64_t>(bits)), ...);
    return all;
  };
  uint64_t hash =
      flags(effect.root, effect.hidden.own, effect.hidden.dependency, effect.hidden.server_error);
  auto put = [&hash](uint64_t word) {
    hash = (hash ^ word) * 0x9E3779B97F4A7C15u;
    hash ^= hash >> 32;
  };
  for (const SpotTerm& t : effect.terms) {
    put(std::bit_cast<uint64_t>(t.full));
    put(static_cast<uint64_t>(t.onset));
    put(std::bit_cast<uint64_t>(t.late_after));
    put(uint64_t{t.line} << 8 | flags(t.onset_candidate, t.silence, t.dependency, t.server_error,
                                      t.weak, t.at_self, t.at_any));
  }
  std::unique_ptr<SpotEffect>* at = &effects_[Mix(hash)];
  for (; *at; at = &(*at)->next) {
    SpotEffect& known = **at;
    if (known.root == effect.root && known.hidden == effect.hidden && known.terms == effect.terms) {
      return &known;
    }
  }
  *at = std::make_unique<SpotEffect>();
  SpotEffect& fresh = **at;
  fresh.id = next_effect_++;
  fresh.root = effect.root;
  fresh.terms = effect.terms;
  fresh.nats.resize(effect.terms.size());
  fresh.hidden = effect.hidden;
  fresh.all_weak = effect.all_weak;
  fresh.onsets = effect.onsets;
  fresh.onset_count = effect.onset_count;
  fresh.from = effect.from;
  fresh.to = effect.to;
  terms_ += effect.terms.size() + 2;
  return &fresh;
}

PlaceEffect* ScoreCache::InternPlace(const std::vector<SpotEffect*>& parts,
                                     const SpotSeen& hidden) {
  place_key_.assign(1, hidden.own * 1u | hidden.dependency * 2u | hidden.server_error * 4u);
  for (const SpotEffect* part : parts) place_key_.push_back(part->id);
  auto [it, added] = place_effects_.try_emplace(place_key_);
  if (!added) return it->second.get();
  it->second = std::make_unique<PlaceEffect>();
  PlaceEffect& fresh = *it->second;
  fresh.id = next_effect_++;
  fresh.parts = parts;
  fresh.quiet.seen = hidden;
  for (const SpotEffect* part : parts) {
    fresh.all_weak &= part->all_weak;
    fresh.from = std::min(fresh.from, part->from);
    fresh.to = std::max(fresh.to, part->to);
    for (uint32_t i = 0; i < part->onset_count; ++i) {
      KeepEarliest(part->onsets[i], &fresh.onsets, &fresh.onset_count);
    }
  }
  terms_ += parts.size() + 2;
  return &fresh;
}

int64_t ScoreCache::Message(int64_t m, double edge) {
  if (m == 0) return 0;
  KnownMessage& known =
      messages_[Mix(static_cast<uint64_t>(m) ^ std::bit_cast<uint64_t>(edge)) % kMessages];
  if (known.m == m && known.edge == edge) return known.value;
  const double v = static_cast<double>(m) / kMicro;
  const double nats = v < kMaxExponent ? std::log1p(edge * std::expm1(v)) : v + std::log(edge);
  known = {m, edge, std::llround(nats * kMicro)};
  return known.value;
}

}  // namespace culprit
