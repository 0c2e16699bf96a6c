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
constexpr size_t kWinners = 8;   // of rounds before, tried first

// Scores up to this one weigh no more than dust beside `score`.
int64_t DustBeside(int64_t score, const CorrelatorOptions& options) {
  return score - Quantise(std::log(1 / kDust) / options.temperature);
}

}  // namespace

// No less than any hypothesis can score that explains all of the places that may be in its tree.
int64_t Ranker::MostReaching(const HypothesisRef& h) {
  const Mode& mode = modes_[h.mode];
  const bool link = mode.kind == ModeKind::kLink;
  const auto of = [this](ComponentId id) {
    int64_t& most = most_[id];
    if (most < 0) {
      most = 0;
      for (uint32_t place : cache_->reached_by_[id]) most += scorer_.view(place).most;
    }
    return most;
  };
  int64_t sum =
      1000 + Quantise((link ? options_.link_prior : options_.prior) + mode.prior_offset + Bonus(h));
  if (unknown_edges_ && !link) return sum + most_everywhere_;
  sum += of(link ? h.from : h.component);
  for (ComponentId id : mode.extra) {
    if (id != h.from) sum += of(id);
  }
  return sum;
}

// A better bound of the entry, or its score.
void Ranker::Sharpen(Entry* entry, Entry::How how) {
  if (entry->how >= how) return;
  const Candidate::Scored* known = KnownOf(entry->candidate);
  if ((known && Valid(*known)) || how == Entry::kScore) {
    const auto& exact = known && Valid(*known) ? known->score : ScoreOf(entry->candidate);
    entry->how = Entry::kScore;
    entry->bound = exact ? exact->micro_nats : INT64_MIN;
    return;
  }
  entry->how = how;
  const double bonus = Bonus(entry->candidate->h);
  int64_t bound = scorer_.MostGathered(bonus);
  if (known) {
    bound = std::min(bound, known->later);
  } else if (how == Entry::kTight && bound != INT64_MIN) {
    bound = Keep(entry->candidate)->later = scorer_.BoundGathered(bonus);
  }
  entry->bound = std::min(entry->bound, bound);
}

std::optional<RankedHypothesis> Ranker::Best(const HiddenMask& hidden, int64_t floor,
                                             std::optional<RankedHypothesis>* likeliest) {
  FillEntries(hidden);
  most_.assign(topology_.size(), -1);
  most_everywhere_ = 0;
  for (uint32_t place = 0; place < evidence_.components().size(); ++place) {
    most_everywhere_ += scorer_.view(place).most;
  }
  for (Entry& entry : entries_) entry.bound = MostReaching(entry.candidate->h);
  const Entry* best = nullptr;
  const auto out = [&](const Entry& entry) { return entry.bound < (best ? best->bound : floor); };
  const auto score = [&](Entry* entry) {
    Sharpen(entry, Entry::kScore);
    if (out(*entry) ||
        (best && entry->bound == best->bound && best->candidate->order < entry->candidate->order)) {
      return;
    }
    best = entry;
  };
  // Who was best before is likely to be so again, and then the others need no look.
  Entry* first = nullptr;
  for (const Candidate* winner : cache_->winners_) {
    if (winner->round != cache_->round_) continue;
    Entry& entry = entries_[winner->entry];
    Sharpen(&entry, Entry::kLoose);
    if (!first || entry.bound > first->bound) first = &entry;
  }
  if (first && !out(*first)) score(first);
  std::vector<Entry*> near;
  for (Entry& entry : entries_) {
    if (&entry == best || out(entry)) continue;
    Sharpen(&entry, Entry::kLoose);
    if (!out(entry)) near.push_back(&entry);
  }
  const auto below = [](const Entry* a, const Entry* b) {
    return a->bound != b->bound ? a->bound < b->bound : b->candidate->order < a->candidate->order;
  };
  std::make_heap(near.begin(), near.end(), below);
  while (!near.empty() && !out(*near.front())) {
    std::pop_heap(near.begin(), near.end(), below);
    Entry* const entry = near.back();
    if (entry->how < Entry::kTight) {
      Sharpen(entry, Entry::kTight);
      if (near.size() > 1 && !out(*entry) && below(entry, near.front())) {
        std::push_heap(near.begin(), near.end(), below);
        continue;
      }
    }
    near.pop_back();
    if (!out(*entry)) score(entry);
  }
  if (!best) return std::nullopt;
  auto& winners = cache_->winners_;
  const auto before = std::find(winners.begin(), winners.end(), best->candidate);
  if (before != winners.end()) winners.erase(before);
  winners.insert(winners.begin(), best->candidate);
  if (winners.size() > kWinners) winners.pop_back();
  const auto ranked = [&](const Entry& entry) {
    const auto& exact = ScoreOf(entry.candidate);
    return RankedHypothesis{entry.candidate->h, exact->micro_nats, exact->onset, 0};
  };
  const RankedHypothesis result = ranked(*best);
  if (likeliest) {
    const Entry* likely = Likeliest(*best);
    if (likely) *likeliest = likely->candidate->h == result.hypothesis ? result : ranked(*likely);
  }
  return result;
}

void Ranker::Weigh(int64_t score) {
  const int64_t dust = DustBeside(score, options_);
  weights_.resize(topology_.size());
  for (const Entry& entry : entries_) weights_[entry.candidate->h.component] = 0;
  for (const Entry& entry : entries_) {
    weights_[entry.candidate->h.component] +=
        entry.bound <= dust ? kDust
                            : std::exp(static_cast<double>(entry.bound - score) / kMicroNats *
                                       options_.temperature);
  }
}

// The best hypothesis of the component that no other one comes near in the posterior, whatever the
// exact scores of what was not scored; null: some are too close.
const Ranker::Entry* Ranker::Likeliest(const Entry& best) {
  const int64_t score = best.bound;
  const int64_t dust = DustBeside(score, options_);
  const ComponentId top = best.candidate->h.component;
  const auto component = [](const Entry& entry) { return entry.candidate->h.component; };
  // The best hypothesis alone weighs 1; then with the others of its component.
  Weigh(score);
  double least = 1;
  const auto near = [&](const Entry& e) {
    return component(e) != top && weights_[component(e)] >= kClear * least;
  };
  const auto contested = [&] { return std::any_of(entries_.begin(), entries_.end(), near); };
  const auto sharpen = [&](Entry::How how, const auto& which) {
    for (Entry& entry : entries_) {
      if (entry.bound > dust && which(entry)) Sharpen(&entry, how);
    }
    Weigh(score);
  };
  if (!contested()) return &best;
  sharpen(Entry::kLoose, near);
  if (!contested()) return &best;
  sharpen(Entry::kScore, [&](const Entry& e) { return component(e) == top; });
  least = 0;
  for (const Entry& e : entries_) {
    if (component(e) == top && e.bound > dust) {
      least += std::exp(static_cast<double>(e.bound - score) / kMicroNats * options_.temperature);
    }
  }
  for (const auto how : {Entry::kTight, Entry::kScore}) {
    if (!contested()) return &best;
    sharpen(how, near);
  }
  // All that come near are scored; which of them is clearly above the others?
  ComponentId first = top;
  for (const Entry& e : entries_) {
    if (weights_[component(e)] > weights_[first]) first = component(e);
  }
  const Entry* winner = nullptr;
  for (const Entry& e : entries_) {
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
