#include "engine/correlate/score_cache.h"

#include <bit>
#include <cmath>

namespace culprit {
namespace {

constexpr double kMicro = 1e6;
constexpr double kMaxExponent = 60;
// Bounds of what is kept; beyond them everything is forgotten at once: about 40 MB at most.
constexpr size_t kMaxTerms = 300'000;
constexpr size_t kMaxViews = 20'000;
constexpr size_t kMaxBounds = 400'000;

}  // namespace

void ScoreCache::Clear() {
  version_ = ~uint64_t{0};
  components_.clear();
  contents_.clear();
  view_ids_.clear();
  views_.clear();
  spots_.clear();
  effects_.clear();
  bounds_.clear();
  reached_.clear();
  absences_.assign(kAbsences, {});
  terms_ = 0;
}

bool ScoreCache::Prepare(const Topology& topology, const EvidenceSet& evidence) {
  if (terms_ > kMaxTerms || views_.size() > kMaxViews || bounds_.size() > kMaxBounds) Clear();
  if (topology.version() == version_ && evidence.components() == components_) return false;
  // What does not depend on trees or on the set of places stays.
  reached_.clear();
  version_ = topology.version();
  components_ = evidence.components();
  return true;
}

uint32_t ScoreCache::Content(std::string_view bytes) {
  key_.assign(bytes);
  return contents_.try_emplace(key_, static_cast<uint32_t>(contents_.size())).first->second;
}

uint32_t ScoreCache::View(uint32_t content, std::string_view hidden, bool* added) {
  key_.assign(reinterpret_cast<const char*>(&content), sizeof content);
  key_.append(hidden);
  auto [it, fresh] = view_ids_.try_emplace(key_, static_cast<uint32_t>(views_.size()));
  if (fresh) views_.push_back(std::make_unique<PlaceView>());
  *added = fresh;
  return it->second;
}

SpotData& ScoreCache::Spot(const SpotKey& key, bool* added) {
  auto [it, fresh] = spots_.try_emplace(key);
  *added = fresh;
  return it->second;
}

SpotEffect* ScoreCache::Intern(SpotEffect effect) {
  key_.clear();
  auto put = [this](const auto& value) {
    key_.append(reinterpret_cast<const char*>(&value), sizeof value);
  };
  auto flags = [](auto... bits) {
    uint32_t all = 0;
    ((all = all << 1 | static_cast<uint32_t>(bits)), ...);
    return all;
  };
  put(flags(effect.root, effect.hidden.own, effect.hidden.dependency, effect.hidden.server_error));
  for (const SpotTerm& t : effect.terms) {
    put(t.full);
    put(t.late_after);
    put(t.onset);
    put(t.line);
    put(t.onset_candidate);
    put(flags(t.silence, t.dependency, t.server_error, t.weak, t.at_self, t.at_any));
  }
  auto [it, fresh] = effects_.try_emplace(key_);
  if (fresh) {
    effect.id = next_effect_++;
    terms_ += effect.terms.size() + 2;
    it->second = std::make_unique<SpotEffect>(std::move(effect));
  }
  return it->second.get();
}

double* ScoreCache::Bound(uint32_t view, int32_t mode, bool own, bool* added) {
  auto [it, fresh] = bounds_.try_emplace(uint64_t{view} << 32 | static_cast<uint32_t>(mode) << 1 |
                                         static_cast<uint32_t>(own));
  *added = fresh;
  return &it->second;
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
