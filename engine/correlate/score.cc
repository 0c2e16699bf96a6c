#include "engine/correlate/score.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/correlate/score_units.h"

namespace culprit {
namespace {

constexpr double kMaxExponent = 60;
constexpr double kMinLog = -27.6;  // ln 1e-12: floor of one component's evidence

}  // namespace

Scorer::Scorer(const Topology& topology, const ModeCatalog& modes, const EvidenceSet& evidence,
               TimeUs now, const CorrelatorOptions& options, ScoreCache* cache)
    : topology_(topology),
      modes_(modes),
      evidence_(evidence),
      now_(now),
      options_(options),
      own_cache_(cache ? nullptr : std::make_unique<ScoreCache>(ScoreCache::kKnownOnce)),
      cache_(cache ? cache : own_cache_.get()) {
  if (!cache) cache_->Prepare(topology, evidence);
}

int64_t Scorer::Evaluate(TimeUs onset, const PlaceEffect::At* present, ComponentId mute,
                         HypothesisDetail* detail) {
  const auto& nodes = tree_->nodes;
  const size_t n = nodes.size();
  const bool link = mode_->kind == ModeKind::kLink;
  sum_.assign(n, 0);
  std::vector<uint8_t> absent(detail ? n : 0, 0);
  std::vector<std::pair<size_t, int32_t>> responsible;  // first index in detail, node
  const bool mature = now_ > onset;
  settled_ &= mature;
  early_ = 0;
  // Whether it logged since the assumed onset.
  auto logged = [&](ComponentId id) {
    const TimeUs alive = evidence_.Alive(id);
    settled_ &= alive >= onset || alive == kNoTime;
    return alive >= onset;
  };
  // What is missing where the mode names nobody depends on hops and what was seen only, and places
  // without any symptom differ only by hops and edge: computed once.
  constexpr int64_t kUnset = INT64_MIN;
  missing_.assign(8 * (static_cast<size_t>(options_.max_depth) + 3), kUnset);
  const size_t classes = tree_->edge_values.size();
  quiet_leaf_.assign(missing_.size() / 8 * classes, kUnset);
  const auto missing = [&](size_t node, const Seen& seen) {
    if (node == 0 || (!reached_->named.empty() && reached_->named[node])) {
      return Missing(static_cast<int32_t>(node), onset, seen);
    }
    int64_t& known = missing_[8 * static_cast<size_t>(nodes[node].hops) + 4 * seen.what.dependency +
                              2 * seen.what.server_error + seen.what.any_listed];
    if (known == kUnset) known = Missing(static_cast<int32_t>(node), onset, seen);
    return known;
  };
  const int64_t least = Quantise(kMinLog), most = Quantise(options_.evidence_cap);
  if (detail) {
    own_.assign(n, 0);
    up_.assign(n, {});
    for (const Spot& spot : spots_) {
      if (!spot.effect) continue;
      responsible.emplace_back(detail->responsibility.size(), spot.node);
      for (uint32_t p = starts_[spot.place]; p < starts_[spot.place + 1]; ++p) {
        Responsibilities(p, spot.node, onset, detail);
      }
    }
  }
  int64_t root = 0;
  for (size_t i = n; i-- > 0;) {
    const ReachNode& node = nodes[i];
    const int32_t at_node = reached_->place_of_node[i];
    const bool spot = at_node >= 0 && spots_[at_node].effect;
    const bool absences = mature && !(i == 0 ? link : all_weak_) && node.id != mute;
    int64_t a = 0;
    bool plain = false;
    if (spot) {
      const PlaceEffect::At& at = present[at_node];
      a = at.sum;
      if (absences && logged(node.id)) {
        const int64_t gone = missing(i, {true, i == 0 && silent_root_, at.seen});
        a += gone;
        if (detail) absent[i] = gone < 0;
      }
      a = std::clamp(a, least, most);
      if (node.parent >= 0 && a > 0 && at.first != kNoTime) {
        const int32_t parent = reached_->place_of_node[node.parent];
        const TimeUs first = parent < 0 ? kNoTime : present[parent].first;
        const double d = first == kNoTime ? 0 : Seconds(at.first - first) + options_.skew_slack;
        if (d < 0) {
          a += Quantise(std::max(-1.0, d / options_.early_decay));
          ++early_;
        }
      }
    } else if (absences && logged(node.id)) {
      a = missing(i, {});
      plain = i != 0 && (reached_->named.empty() || !reached_->named[i]);
      if (detail) absent[i] = a < 0;
    }
    if (detail) own_[i] = a;
    if (i == 0) {
      root = cache_->Message(a, options_.own_visible) + sum_[0];
      break;
    }
    const int64_t m = a + sum_[i];
    int64_t message;
    if (plain && node.leaf) {
      int64_t& q = quiet_leaf_[node.hops * classes + node.edge_class];
      if (q == kUnset) q = cache_->Message(m, node.edge);
      message = q;
    } else {
      message = cache_->Message(m, node.edge);
    }
    sum_[node.parent] += message;
    if (detail) {
      const double x = std::exp(std::min(static_cast<double>(m) / kMicroNats, kMaxExponent));
      up_[i] = {message, node.edge * x / (node.edge * x + 1 - node.edge)};
    }
  }
  if (detail) {
    std::vector<double> impaired(n, 1.0);
    for (size_t i = 1; i < n; ++i) impaired[i] = impaired[nodes[i].parent] * up_[i].posterior;
    for (size_t s = 0; s < responsible.size(); ++s) {
      const size_t end =
          s + 1 < responsible.size() ? responsible[s + 1].first : detail->responsibility.size();
      for (size_t r = responsible[s].first; r < end; ++r) {
        detail->responsibility[r].second *= impaired[responsible[s].second];
      }
    }
    std::sort(detail->responsibility.begin(), detail->responsibility.end());
    detail->places.reserve(n);
    for (size_t i = 0; i < n; ++i) {
      detail->places.push_back(
          {nodes[i].id, i == 0 ? root : up_[i].message, own_[i], absent[i] != 0});
    }
    detail->tree = reached_->tree;
  }
  return root;
}

int64_t Scorer::ScoreAt(const HypothesisRef& h, const HiddenMask& hidden, TimeUs onset) {
  UseMask(hidden);
  Gather(h);
  return Evaluate(onset, Presence(onset, 0), kNoComponent, nullptr);
}

void Scorer::Detail(const HypothesisRef& h, const HiddenMask& hidden, TimeUs onset,
                    HypothesisDetail* detail) {
  UseMask(hidden);
  Gather(h);
  *detail = {};
  Evaluate(onset, Presence(onset, 0), kNoComponent, detail);
}

// What is present of each spot, in this row of present_.
PlaceEffect::At* Scorer::Presence(TimeUs onset, size_t row) {
  present_.resize(std::max(present_.size(), (row + 1) * spots_.size()));
  PlaceEffect::At* const present = present_.data() + row * spots_.size();
  for (size_t s = 0; s < spots_.size(); ++s) {
    present[s] = spots_[s].effect ? PresentAt(spots_[s].effect, onset) : PlaceEffect::At();
  }
  return present;
}

std::optional<HypothesisScore> Scorer::Score(const HypothesisRef& h, const HiddenMask& hidden,
                                             double prior_bonus, ComponentId mute,
                                             HypothesisDetail* detail) {
  UseMask(hidden);
  Gather(h);
  return ScoreGathered(prior_bonus, mute, detail);
}

// The onsets to try: the three earliest of what it explains, and the root's own.
void Scorer::Assume() {
  assumed_known_ = true;
  assumed_count_ = 0;
  std::array<TimeUs, 3> onsets;
  uint32_t count = 0;
  TimeUs own = kNoTime;
  for (const Spot& spot : spots_) {
    if (!spot.effect) continue;
    const PlaceEffect& data = *spot.effect;
    if (spot.node == 0 && data.onset_count > 0 && (own == kNoTime || data.onsets[0] < own)) {
      own = data.onsets[0];
    }
    for (uint32_t k = 0; k < data.onset_count; ++k) {
      KeepEarliest(data.onsets[k], &onsets, &count);
    }
  }
  auto add = [this](TimeUs onset, size_t before) {
    assumed_[assumed_count_++] = {onset, Quantise(static_cast<double>(std::min<size_t>(before, 2))),
                                  0};
  };
  if (count == 0) {
    if (!silence_at_root_) return;
    add(silence_onset_ - std::llround(options_.silence_lag * kSecondUs), 0);
  } else {
    for (uint32_t i = 0; i < count; ++i) add(onsets[i], i);
    if (own != kNoTime) {
      const TimeUs bound = own - std::llround(options_.skew_slack * kSecondUs);
      add(own, static_cast<size_t>(std::lower_bound(onsets.begin(), onsets.begin() + count, bound) -
                                   onsets.begin()));
    }
  }
  // The same onset again with no smaller penalty cannot win.
  assumed_count_ = static_cast<size_t>(
      std::unique(assumed_.begin(), assumed_.begin() + assumed_count_) - assumed_.begin());
  const int64_t cap = Quantise(options_.evidence_cap);
  // A place passes on no more than what is present there, whatever lies above and below it.
  const int64_t rounding = 2 * static_cast<int64_t>(tree_->nodes.size()) + 100;
  for (size_t i = 0; i < assumed_count_; ++i) {
    const PlaceEffect::At* const present = Presence(assumed_[i].onset, i);
    int64_t sum = 0;
    for (size_t s = 0; s < spots_.size(); ++s) {
      sum += std::clamp<int64_t>(present[s].sum, 0, cap);
    }
    assumed_[i].bound = sum + rounding - assumed_[i].penalty;
  }
}

int64_t Scorer::Prior(double bonus) const {
  return Quantise((mode_->kind == ModeKind::kLink ? options_.link_prior : options_.prior) +
                  mode_->prior_offset + bonus);
}

int64_t Scorer::MostGathered(double prior_bonus) const {
  if (!timed_ && !silence_at_root_) return INT64_MIN;
  return most_ + 2 * static_cast<int64_t>(tree_->nodes.size()) + 100 + Prior(prior_bonus);
}

int64_t Scorer::BoundGathered(double prior_bonus) {
  if (!assumed_known_) Assume();
  if (assumed_count_ == 0) return INT64_MIN;
  int64_t most = INT64_MIN;
  for (size_t i = 0; i < assumed_count_; ++i) most = std::max(most, assumed_[i].bound);
  return most + Prior(prior_bonus);
}

std::optional<HypothesisScore> Scorer::ScoreGathered(double prior_bonus, ComponentId mute,
                                                     HypothesisDetail* detail) {
  if (!assumed_known_) Assume();
  settled_ = true;
  later_ = INT64_MIN;
  if (assumed_count_ == 0) return std::nullopt;
  const int64_t prior = Prior(prior_bonus);
  const int64_t rounding = static_cast<int64_t>(tree_->nodes.size()) + 100;
  std::optional<HypothesisScore> best;
  bool settled = true;
  int64_t growing = INT64_MIN;  // what an onset that is not settled may come to
  const PlaceEffect::At* best_present = nullptr;
  std::array<size_t, 4> order = {};  // most promising first
  for (size_t i = 0; i < assumed_count_; ++i) {
    size_t k = i;
    for (; k > 0 && assumed_[order[k - 1]].bound < assumed_[i].bound; --k) order[k] = order[k - 1];
    order[k] = i;
  }
  for (size_t k = 0; k < assumed_count_; ++k) {
    const size_t i = order[k];
    const Assumed& assumed = assumed_[i];
    if (best && assumed.bound + prior < best->micro_nats) continue;
    settled_ = true;
    const PlaceEffect::At* const present = present_.data() + i * spots_.size();
    const int64_t value = Evaluate(assumed.onset, present, mute, nullptr) - assumed.penalty + prior;
    // What is missing only grows. But a place that adds nothing any more is no longer early: a nat.
    const int64_t at_most = value + early_ * Quantise(1) + rounding;
    later_ = std::max(later_, at_most);
    if (!settled_ && early_ > 0) growing = std::max(growing, at_most);
    if (!best || value > best->micro_nats ||
        (value == best->micro_nats && assumed.onset < best->onset)) {
      best = HypothesisScore{value, assumed.onset};
      settled = settled_;
      best_present = present;
    }
  }
  // What is missing only grows: what is not the best onset now will never be, early places apart.
  settled_ = settled && growing < best->micro_nats;
  if (detail) {
    *detail = {};
    Evaluate(best->onset, best_present, mute, detail);
  }
  return best;
}

}  // namespace culprit
