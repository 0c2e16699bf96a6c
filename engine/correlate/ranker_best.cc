// The best hypothesis of a round without a ranking: what can be left unscored, and whether another
// component is likelier all the same.
#include <algorithm>
#include <cmath>

#include "engine/correlate/ranker.h"
#include "engine/correlate/score_units.h"

namespace culprit {
namespace {

constexpr double kClear = .999;  // weights this much apart cannot be confused
constexpr double kDust = 1e-6;   // weights below it are not told apart

// Scores up to this one weigh no more than dust beside `score`.
int64_t DustBeside(int64_t score, const CorrelatorOptions& options) {
  return score - Quantise(std::log(1 / kDust) / options.temperature);
}

}  // namespace

// A better bound of the entry, or its score.
void Ranker::Sharpen(Entry* entry, const HiddenMask& hidden, bool score) {
  const uint64_t print = Gather(*entry, hidden);
  const Candidate::Scored* known = KnownScore(*entry->candidate, print);
  if ((known && Valid(*known)) || score) {
    const auto& exact =
        known && Valid(*known) ? known->score : ScoreGathered(entry->candidate, print);
    entry->how = Entry::kScore;
    entry->bound = exact ? exact->micro_nats : INT64_MIN;
    return;
  }
  entry->how = Entry::kTight;
  int64_t& tight = entry->known->tight;
  if (known) {
    tight = std::min(tight, known->later);
  } else if (tight == INT64_MAX) {
    tight = scorer_.BoundGathered(Bonus(entry->candidate->h));
  }
  entry->bound = std::min(entry->bound, tight);
}

std::optional<RankedHypothesis> Ranker::Best(const HiddenMask& hidden, int64_t floor,
                                             std::optional<RankedHypothesis>* likeliest) {
  std::vector<Entry> entries = Entries(hidden);
  const auto below = [](const Entry& a, const Entry& b) {
    return a.bound != b.bound ? a.bound < b.bound : b.candidate->order < a.candidate->order;
  };
  std::make_heap(entries.begin(), entries.end(), below);
  const Entry* best = nullptr;  // behind the heap: it stays where it is
  for (auto end = entries.end(); end != entries.begin();) {
    std::pop_heap(entries.begin(), end, below);
    Entry& entry = *(end - 1);
    const auto out = [&] { return entry.bound < (best ? best->bound : floor); };
    if (out()) break;
    if (entry.how == Entry::kLoose) {
      Sharpen(&entry, hidden, false);
      if (!out() && end - 1 != entries.begin() && below(entry, entries.front())) {
        std::push_heap(entries.begin(), end, below);
        continue;
      }
    }
    --end;
    if (out()) continue;
    if (entry.how != Entry::kScore) Sharpen(&entry, hidden, true);
    if (out() ||
        (best && entry.bound == best->bound && best->candidate->order < entry.candidate->order)) {
      continue;
    }
    best = &entry;
  }
  if (!best) return std::nullopt;
  const auto ranked = [&](const Entry& entry) {
    const auto& score = ScoreOf(entry, hidden);
    return RankedHypothesis{entry.candidate->h, score->micro_nats, score->onset, 0};
  };
  const RankedHypothesis result = ranked(*best);
  if (likeliest) {
    const Entry* first = Likeliest(&entries, *best, hidden);
    if (first) *likeliest = first->candidate->h == result.hypothesis ? result : ranked(*first);
  }
  return result;
}

void Ranker::Weigh(const std::vector<Entry>& entries, int64_t score) {
  const int64_t dust = DustBeside(score, options_);
  weights_.resize(topology_.size());
  for (const Entry& entry : entries) weights_[entry.candidate->h.component] = 0;
  for (const Entry& entry : entries) {
    weights_[entry.candidate->h.component] +=
        entry.bound <= dust ? kDust
                            : std::exp(static_cast<double>(entry.bound - score) / kMicroNats *
                                       options_.temperature);
  }
}

// The best hypothesis of the component that no other one comes near in the posterior, whatever the
// exact scores of what was not scored; null: some are too close.
const Ranker::Entry* Ranker::Likeliest(std::vector<Entry>* entries, const Entry& best,
                                       const HiddenMask& hidden) {
  const int64_t score = best.bound;
  const int64_t dust = DustBeside(score, options_);
  const ComponentId top = best.candidate->h.component;
  const auto component = [](const Entry& entry) { return entry.candidate->h.component; };
  // The best hypothesis alone weighs 1; then with the others of its component.
  Weigh(*entries, score);
  double least = 1;
  const auto contested = [&] {
    return std::any_of(entries->begin(), entries->end(), [&](const Entry& e) {
      return component(e) != top && weights_[component(e)] >= kClear * least;
    });
  };
  const auto sharpen = [&](bool score_it, const auto& which) {
    for (Entry& entry : *entries) {
      if (entry.how == Entry::kScore || entry.bound <= dust || !which(entry)) continue;
      Sharpen(&entry, hidden, score_it);
    }
    Weigh(*entries, score);
  };
  if (!contested()) return &best;
  sharpen(true, [&](const Entry& e) { return component(e) == top; });
  least = 0;
  for (const Entry& e : *entries) {
    if (component(e) == top && e.bound > dust) {
      least += std::exp(static_cast<double>(e.bound - score) / kMicroNats * options_.temperature);
    }
  }
  for (const bool score_it : {false, true}) {
    if (!contested()) return &best;
    sharpen(score_it, [&](const Entry& e) {
      return (score_it || e.how == Entry::kLoose) && weights_[component(e)] >= kClear * least;
    });
  }
  // All that come near are scored; which of them is clearly above the others?
  ComponentId first = top;
  for (const Entry& e : *entries) {
    if (weights_[component(e)] > weights_[first]) first = component(e);
  }
  const Entry* winner = nullptr;
  for (const Entry& e : *entries) {
    if (component(e) != first) {
      if (weights_[component(e)] >= kClear * weights_[first]) return nullptr;
    } else if (e.how == Entry::kScore &&
               (!winner || e.bound > winner->bound ||
                (e.bound == winner->bound && e.candidate->order < winner->candidate->order))) {
      winner = &e;
    }
  }
  return winner;
}

}  // namespace culprit
