// What a place adds at an assumed onset: what is present, and what is missing.
#include <algorithm>
#include <cmath>

#include "engine/correlate/score.h"
#include "engine/correlate/score_units.h"

namespace culprit {

double Scorer::Maturity(double since_onset, int hops, double stretch) const {
  return 1 - std::exp(-since_onset / (options_.absence_maturity * stretch * std::max(1, hops)));
}

bool Scorer::SignatureAt(ComponentId id, SignatureIndex signature) const {
  for (uint32_t place = 0; place < evidence_.components().size(); ++place) {
    if (evidence_.components()[place] != id) continue;
    const auto groups = evidence_.GroupsAt(place);
    for (uint32_t i = groups.front().begin; i < groups.back().end; ++i) {
      if (evidence_.items()[i].signature == signature) return true;
    }
  }
  return false;
}

// ln P(nothing of what is expected here and was not seen), for a component that logged since T.
double Scorer::AbsenceLog(int32_t node, double since_onset, const Seen& at_node) const {
  const SpotSeen& seen = at_node.what;
  const ReachNode& at = tree_->nodes[node];
  double log = 0;
  if (node == 0) {
    const double mature = Maturity(since_onset, 1);
    if (!seen.own) {
      if (mode_->self_listed > 0) {
        log += std::log1p(-mode_->self_listed * mature);
      } else {
        for (size_t c = 0; c < kSymptomClassCount; ++c) {
          if (c != static_cast<size_t>(SymptomClass::kSilence) && tables_->own[c] > 0) {
            log += std::log1p(-tables_->own[c] * mature);
          }
        }
      }
    }
    // A component seen logging is unlikely to be down, unless it says so itself.
    if (mode_->kind == ModeKind::kDown && !at_node.silence && !seen.self_listed) {
      const double silent = tables_->own[static_cast<size_t>(SymptomClass::kSilence)];
      const double tau = std::max(0.0, since_onset - options_.silence_lag);
      log += std::log1p(-silent * (1 - std::exp(-tau / 15)));
    }
    return log;
  }
  if (mode_->Names(at.id)) {
    bool any = false;
    for (const Mode::Listing& listing : mode_->listings) {
      if (listing.at != at.id) continue;
      if (at_node.any && SignatureAt(at.id, listing.signature)) {
        any = true;
        continue;
      }
      const double stretch = std::max(1.0, listing.late_after / 120);
      log += std::log1p(-listing.p * Maturity(since_onset, 1, stretch));
    }
    return any ? options_.absence_beside_symptom * log : log;
  }
  const double mature = Maturity(since_onset, at.hops);
  if (!seen.dependency) {
    if (mode_->any_listed > 0 && at.hops == 1) {
      if (!seen.any_listed) log += std::log1p(-mode_->any_listed * mature);
    } else {
      for (SymptomClass cls :
           {SymptomClass::kRefused, SymptomClass::kTimeout, SymptomClass::kDepError}) {
        const double p =
            at.hops == 1 ? tables_->dependent[static_cast<size_t>(cls)] : RelayProbability(cls);
        log += std::log1p(-p * mature);
      }
    }
  }
  if (!seen.server_error) {
    log += std::log1p(-VictimProbability(SymptomClass::kServerError) * mature);
  }
  return log;
}

// AbsenceLog in micro-nats; clears settled_ if it is still growing.
int64_t Scorer::Missing(int32_t node, TimeUs onset, const Seen& at_node) {
  const SpotSeen& seen = at_node.what;
  constexpr double kEver = 1e12;  // seconds
  auto compute = [&](double since_onset) {
    return Quantise(AbsenceLog(node, since_onset, at_node));
  };
  const double since = Seconds(now_ - onset);
  if (node != 0 && mode_->Names(tree_->nodes[node].id)) {
    const int64_t value = compute(since);
    settled_ = settled_ && value == compute(kEver);
    return value;
  }
  int32_t mode = 0;  // further away all modes expect the same
  if (tree_->nodes[node].hops < 2) {
    const double listed = node == 0 ? mode_->self_listed : mode_->any_listed;
    mode = listed > 0 ? h_.mode : static_cast<int32_t>(mode_->kind);
  }
  // Once it is all mature, to the last bit, it does not matter since when.
  constexpr double kMature = 40;  // e^-40 < 2^-54
  const int hops = std::max<int>(1, tree_->nodes[node].hops);
  const bool ripe = since > kMature * std::max(15.0, options_.absence_maturity * hops) +
                                std::max(0.0, options_.silence_lag);
  if (ripe) onset = INT64_MAX;
  const uint64_t what =
      static_cast<uint64_t>(mode) << 32 | static_cast<uint64_t>(tree_->nodes[node].hops) << 8 |
      uint64_t{node == 0} << 7 | uint64_t{at_node.silence} << 5 | uint64_t{seen.own} << 4 |
      uint64_t{seen.dependency} << 3 | uint64_t{seen.server_error} << 2 |
      uint64_t{seen.self_listed} << 1 | uint64_t{seen.any_listed};
  ScoreCache::Absence& known = cache_->AbsenceAt(onset, what);
  if (known.what != what || known.onset != onset || (!known.settled && known.now != now_)) {
    known = {onset, now_, what, compute(since), ripe};
    known.settled = ripe || known.value == compute(kEver);
  }
  settled_ &= known.settled;
  return known.value;
}

double Scorer::Ratio(const SpotTerm& term, TimeUs onset) const {
  double g = 1;
  if (!term.silence) {
    const double d = Seconds(term.onset - onset);
    if (d < -options_.skew_slack) {
      g = std::exp((d + options_.skew_slack) / options_.early_decay);
    } else if (d > term.late_after) {
      g = std::exp(-(d - term.late_after) / options_.late_decay);
    }
  }
  return 1 + (term.full - 1) * g;
}

SpotEffect::Timing Scorer::TimingOf(const SpotTerm& term) const {
  SpotEffect::Timing timing;
  timing.ratio = Ratio(term, term.onset);
  if (term.silence) {
    timing.full_from = INT64_MIN;
    timing.full_to = INT64_MAX;
    return timing;
  }
  const auto us = [](double seconds) { return std::llround(seconds * kSecondUs); };
  timing.full_from = term.onset - us(term.late_after) + 1;
  timing.full_to = term.onset + us(options_.skew_slack) - 1;
  // ln 2^-52 < -36; e^-14.7 nats are less than half a millionth.
  const double excess = std::log(timing.ratio - 1);
  timing.spent_from = term.onset - us(term.late_after + (excess + 36) * options_.late_decay);
  timing.spent_to = term.onset - us(term.late_after + (excess + 14.7) * options_.late_decay);
  constexpr double kDecays = 45, kMost = 1000;  // e^-45 * 1000 < 2^-54
  if (term.full > kMost) return timing;
  timing.from = term.onset - us(term.late_after + kDecays * options_.late_decay + 1);
  timing.to = term.onset + us(options_.skew_slack + kDecays * options_.early_decay + 1);
  return timing;
}

bool Scorer::Counts(const SpotEffect& data, size_t t) const {
  const uint32_t line = data.terms[t].line;
  if (line == 0) return true;
  for (size_t o = 0; o < ratios_.size(); ++o) {
    if (o == t || data.terms[o].line != line) continue;
    if (ratios_[o] > ratios_[t] || (ratios_[o] == ratios_[t] && o < t)) return false;
  }
  return true;
}

const SpotEffect::At& Scorer::PresentAt(SpotEffect* effect, TimeUs onset) {
  if (const SpotEffect::At* known = effect->at.Find(onset)) return *known;
  const SpotEffect& data = *effect;
  SpotEffect::At result;
  ratios_.resize(data.terms.size());
  for (size_t t = 0; t < data.terms.size(); ++t) {
    const SpotTerm& term = data.terms[t];
    const SpotEffect::Timing& timing = data.timing[t];
    ratios_[t] = onset < timing.from || onset > timing.to ? 1 : Ratio(term, onset);
    if (ratios_[t] <= 1) continue;
    result.seen.Add(term);
    result.silence &= term.silence;
    if (result.first == kNoTime || term.onset < result.first) result.first = term.onset;
  }
  for (size_t t = 0; t < data.terms.size(); ++t) {
    if (ratios_[t] <= 1 || !Counts(data, t)) continue;
    const SpotTerm& term = data.terms[t];
    const SpotEffect::Timing& timing = data.timing[t];
    double nats = timing.ratio == ratios_[t] ? timing.nats : std::log(ratios_[t]);
    if (term.weak && data.root && term.onset > onset) {
      const double late = Seconds(term.onset - onset) * options_.weak_order_per_second;
      nats -= std::min(options_.weak_order_max, late);
    }
    result.sum += Quantise(nats);
  }
  return *effect->at.Add(onset, result, cache_->memory());
}

const PlaceEffect::At& Scorer::PresentAt(PlaceEffect* effect, TimeUs onset) {
  if (onset < effect->from || onset > effect->to) return effect->quiet;
  if (const PlaceEffect::At* known = effect->at.Find(onset)) return *known;
  PlaceEffect::At result = effect->quiet;
  bool silence = true;
  for (SpotEffect* part : effect->parts) {
    if (onset < part->from || onset > part->to) continue;
    const bool full = part->full_from <= onset && onset <= part->full_to;
    const bool spent = part->spent_from <= onset && onset <= part->spent_to;
    const SpotEffect::At& at = full || spent ? part->plain : PresentAt(part, onset);
    if (!spent) result.sum += at.sum;
    if (at.first != kNoTime && (result.first == kNoTime || at.first < result.first)) {
      result.first = at.first;
    }
    silence &= at.silence;
    result.seen.Add(at.seen);
  }
  if (silence) result.first = kNoTime;
  return *effect->at.Add(onset, result, cache_->memory());
}

void Scorer::Responsibilities(uint32_t part, int32_t node, TimeUs onset, HypothesisDetail* detail) {
  FillSpot(&sources_, part, node);
  for (size_t t = 0; t < sources_.size(); ++t) {
    const double ratio = Ratio(terms_[t], onset);
    if (ratio <= 1) continue;
    const TermSource& source = sources_[t];
    for (uint32_t i = source.begin; i < source.end; ++i) {
      const SymptomItem& item = evidence_.items()[i];
      if (mask_[i]) continue;
      if (!source.listed && (mode_->Spares(item.signature) || ListingOf(item, node))) continue;
      // For now the part of this place alone; Evaluate multiplies by P(place impaired).
      detail->responsibility.emplace_back(i, 1 - 1 / ratio);
    }
  }
}

}  // namespace culprit
