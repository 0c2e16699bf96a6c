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
      own_cache_(cache ? nullptr : std::make_unique<ScoreCache>()),
      cache_(cache ? cache : own_cache_.get()) {
  if (!cache) cache_->Prepare(topology, evidence);
}

std::shared_ptr<const ReachTree> Scorer::Tree(const HypothesisRef& h) const {
  const Mode& mode = modes_[h.mode];
  TreeRequest request;
  request.root = h.component;
  request.only = h.from;
  if (!mode.extra.empty()) {
    request.mode = h.mode;
    request.extra = mode.extra;
  }
  return topology_.Reach(request);
}

int64_t Scorer::Evaluate(TimeUs onset, ComponentId mute, HypothesisDetail* detail) {
  const auto& nodes = tree_->nodes;
  const size_t n = nodes.size();
  const bool link = mode_->kind == ModeKind::kLink;
  sum_.assign(n, 0);
  first_.assign(n, kNoTime);
  own_.assign(n, 0);
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
  for (size_t s = 0; s < spots_.size();) {
    const int32_t node = spots_[s].node;
    const ComponentId id = nodes[node].id;
    int64_t sum = 0;
    TimeUs first = kNoTime;
    bool silence = true;
    Seen seen{true, false, {}};
    if (detail) responsible.emplace_back(detail->responsibility.size(), node);
    for (; s < spots_.size() && spots_[s].node == node; ++s) {
      const SpotEffect::At& at = PresentAt(spots_[s], onset);
      sum += at.sum;
      if (at.first != kNoTime && (first == kNoTime || at.first < first)) first = at.first;
      silence &= at.silence;
      seen.silence |= spots_[s].view->silence_any;
      seen.what.Add(at.seen);
      if (detail) Responsibilities(spots_[s], onset, detail);
    }
    first_[node] = silence ? kNoTime : first;
    if ((node == 0 || !all_weak_) && mature && id != mute && logged(id)) {
      const int64_t missing = Missing(node, onset, seen);
      sum += missing;
      if (detail) absent[node] = missing < 0;
    }
    own_[node] = std::clamp(sum, Quantise(kMinLog), Quantise(options_.evidence_cap));
  }
  // Places without any symptom differ only by hops (and edge, for leaves): computed once.
  constexpr int64_t kUnset = INT64_MIN;
  quiet_.assign(static_cast<size_t>(options_.max_depth) + 3, kUnset);
  const size_t classes = tree_->edge_values.size();
  quiet_leaf_.assign(quiet_.size() * classes, kUnset);
  if (detail) up_.assign(n, {});

  int64_t root = 0;
  for (size_t i = n; i-- > 0;) {
    const ReachNode& node = nodes[i];
    int64_t a = own_[i];
    bool plain = false;
    if (spot_of_node_[i] < 0) {
      if (mature && !(i == 0 ? link : all_weak_) && node.id != mute && logged(node.id)) {
        if (i == 0 || (mode_->spec >= 0 && mode_->Names(node.id))) {
          a = Missing(static_cast<int32_t>(i), onset, {});
        } else {
          int64_t& q = quiet_[node.hops];
          if (q == kUnset) q = Missing(static_cast<int32_t>(i), onset, {});
          a = q;
          plain = true;
        }
        if (detail) absent[i] = a < 0;
      }
    } else if (node.parent >= 0 && a > 0 && first_[i] != kNoTime &&
               first_[node.parent] != kNoTime) {
      const double d = Seconds(first_[i] - first_[node.parent]) + options_.skew_slack;
      if (d < 0) {
        a += Quantise(std::max(-1.0, d / options_.early_decay));
        ++early_;
      }
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
    detail->tree = tree_;
  }
  return root;
}

int64_t Scorer::ScoreAt(const HypothesisRef& h, const HiddenMask& hidden, TimeUs onset) {
  Gather(h, hidden);
  spot_of_node_.assign(tree_->nodes.size(), -1);
  for (size_t i = 0; i < spots_.size(); ++i) {
    spot_of_node_[spots_[i].node] = static_cast<int32_t>(i);
  }
  return Evaluate(onset, kNoComponent, nullptr);
}

std::optional<HypothesisScore> Scorer::Score(const HypothesisRef& h, const HiddenMask& hidden,
                                             double prior_bonus, ComponentId mute,
                                             HypothesisDetail* detail) {
  Gather(h, hidden);
  return ScoreGathered(prior_bonus, mute, detail);
}

// The onsets to try: the three earliest of what it explains, and the root's own.
void Scorer::Assume() {
  assumed_known_ = true;
  assumed_count_ = 0;
  std::array<TimeUs, 3> onsets;
  size_t count = 0;
  TimeUs own = kNoTime;
  for (const Spot& spot : spots_) {
    const SpotEffect& data = *spot.effect;
    if (spot.node == 0 && data.onset_count > 0 && (own == kNoTime || data.onsets[0] < own)) {
      own = data.onsets[0];
    }
    for (uint32_t k = 0; k < data.onset_count; ++k) {
      TimeUs onset = data.onsets[k];
      for (size_t i = 0; i < count; ++i) {
        if (onset < onsets[i]) std::swap(onset, onsets[i]);
      }
      if (count < onsets.size()) onsets[count++] = onset;
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
    for (size_t i = 0; i < count; ++i) add(onsets[i], i);
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
  for (size_t i = 0; i < assumed_count_; ++i) {
    int64_t sum = 0;
    for (size_t s = 0; s < spots_.size();) {
      const int32_t node = spots_[s].node;
      int64_t at_node = 0;
      for (; s < spots_.size() && spots_[s].node == node; ++s) {
        at_node += PresentAt(spots_[s], assumed_[i].onset).sum;
      }
      sum += std::clamp<int64_t>(at_node, 0, cap);
    }
    assumed_[i].bound = sum - assumed_[i].penalty;
  }
}

int64_t Scorer::Prior(double bonus) const {
  return Quantise((mode_->kind == ModeKind::kLink ? options_.link_prior : options_.prior) +
                  mode_->prior_offset + bonus);
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
  spot_of_node_.assign(tree_->nodes.size(), -1);
  for (size_t i = 0; i < spots_.size(); ++i) {
    spot_of_node_[spots_[i].node] = static_cast<int32_t>(i);
  }
  const int64_t prior = Prior(prior_bonus);
  const int64_t rounding = static_cast<int64_t>(tree_->nodes.size()) + 100;
  std::optional<HypothesisScore> best;
  bool settled = true;
  for (size_t i = 0; i < assumed_count_; ++i) {
    const Assumed& assumed = assumed_[i];
    if (best && assumed.bound + prior < best->micro_nats) continue;
    settled_ = true;
    const int64_t value = Evaluate(assumed.onset, mute, nullptr) - assumed.penalty + prior;
    // What is missing only grows. But a place that adds nothing any more is no longer early: a nat.
    later_ = std::max(later_, value + early_ * Quantise(1) + rounding);
    if (!best || value > best->micro_nats ||
        (value == best->micro_nats && assumed.onset < best->onset)) {
      best = HypothesisScore{value, assumed.onset};
      settled = settled_;
    }
  }
  // Missing evidence only grows: what is not the best onset now will never be.
  settled_ = settled;
  if (detail) {
    *detail = {};
    Evaluate(best->onset, mute, detail);
  }
  return best;
}

}  // namespace culprit
