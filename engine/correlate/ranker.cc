#include "engine/correlate/ranker.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/correlate/score_units.h"

namespace culprit {
namespace {

constexpr size_t kKnown = 16;  // masks of which a hypothesis keeps its score
constexpr size_t kProbes = 8;  // hypotheses scored first, to know what "far below the best" is

double LogRatio(double p, double leak) { return std::log((1 - (1 - p) * (1 - leak)) / leak); }

}  // namespace

void InferenceCache::Clear() {
  scores_.Clear();
  now_ = kNoTime;
  below_.clear();
  reached_by_.clear();
  candidates_.clear();
  at_.clear();
}

Ranker::Ranker(const Topology& topology, const ModeCatalog& modes, const EvidenceSet& evidence,
               TimeUs now, const CorrelatorOptions& options, const PriorBonus* bonus,
               InferenceCache* cache)
    : topology_(topology),
      modes_(modes),
      evidence_(evidence),
      now_(now),
      options_(options),
      bonus_(bonus),
      own_cache_(cache ? nullptr : std::make_unique<InferenceCache>()),
      cache_(cache ? cache : own_cache_.get()),
      unknown_edges_(topology.UnknownEdge() > 0),
      scorer_(topology, modes, evidence, now, options, &cache_->scores_),
      chosen_(topology.size(), 0) {
  if (now < cache_->now_) cache_->Clear();  // what will not change any more may not be so yet
  cache_->now_ = now;
  const auto kept = cache_->scores_.Prepare(topology, evidence);
  if (kept == ScoreCache::Kept::kAll) return;
  if (kept == ScoreCache::Kept::kNothing) {
    cache_->candidates_.clear();
    cache_->at_.clear();
  }
  cache_->below_.assign(evidence.components().size(), {});
  cache_->reached_by_.assign(topology.size(), {});
  for (uint32_t place = 0; place < cache_->below_.size(); ++place) SpreadFrom(place);
}

double Ranker::Bonus(const HypothesisRef& h) const {
  if (!bonus_) return 0;
  auto it = bonus_->find({h.mode, h.component});
  return it == bonus_->end() ? 0 : it->second;
}

// What a part of a place would give with perfect timing, certain edges and nothing missing.
double Ranker::BoundAt(const Candidate& candidate, uint32_t part) const {
  const Mode& mode = modes_[candidate.h.mode];
  const bool own = evidence_.components()[evidence_.parts()[part].place] == candidate.h.component;
  const ModeTables& tables = TablesOf(mode.kind);
  const HiddenMask& hidden = scorer_.mask();
  double bound = 0;
  for (uint32_t g : evidence_.GroupsOf(evidence_.parts()[part])) {
    const EvidenceSet::Group& group = evidence_.groups()[g];
    const auto c = static_cast<size_t>(group.cls);
    double table = own ? tables.own[c]
                   : !IsDependencyClass(group.cls)
                       ? VictimProbability(group.cls)
                       : std::max(tables.dependent[c], RelayProbability(group.cls));
    bool visible = false;
    double leak = 1;
    for (uint32_t i = group.begin; i < group.end; ++i) {
      if (hidden[i]) continue;
      const SymptomItem& item = evidence_.items()[i];
      visible = true;
      leak = std::min(leak, item.leak);
      if (!mode.MayMention(Mode::BitOf(item.signature))) continue;
      for (const Mode::Listing& l : mode.listings) {
        if (l.signature == item.signature) bound += LogRatio(l.p, item.leak);
      }
    }
    if (visible && table > 0) bound += LogRatio(table, leak);
  }
  return bound;
}

double Ranker::BoundAtPlace(const Candidate& candidate, uint32_t place) {
  const Mode& mode = modes_[candidate.h.mode];
  PlaceView& view = *scorer_.places()[place];
  std::array<double, 2>* known = &view.bounds[static_cast<size_t>(mode.kind)];
  if (mode.MayMention(view.mentioned)) {
    const auto speaker =
        std::lower_bound(view.speaking.begin(), view.speaking.end(), candidate.h.mode);
    if (speaker != view.speaking.end() && *speaker == candidate.h.mode) {
      known = &view.speaking_bounds[static_cast<size_t>(speaker - view.speaking.begin())];
    }
  }
  double& bound = (*known)[evidence_.components()[place] == candidate.h.component];
  if (!std::isnan(bound)) return bound;
  const auto [begin, end] = scorer_.PartsAt(place);
  bound = 0;
  for (uint32_t part = begin; part < end; ++part) bound += BoundAt(candidate, part);
  return bound = std::min(bound, options_.evidence_cap);
}

// At most the prior plus what every place that may be reached would give at best.
int64_t Ranker::UpperBound(const Candidate& candidate) {
  const Mode& mode = modes_[candidate.h.mode];
  double sum = (mode.kind == ModeKind::kLink ? options_.link_prior : options_.prior) +
               mode.prior_offset + Bonus(candidate.h);
  for (uint32_t place : candidate.places) sum += BoundAtPlace(candidate, place);
  return Quantise(sum) + 1000;
}

HypothesisCandidate::Known* Ranker::KnownOf(Candidate* candidate) {
  uint64_t print = print_;
  if (!candidate->everywhere) {
    print = 0;
    for (uint32_t place : candidate->places) print += scorer_.mixes()[place];
  }
  if (candidate->own != UINT32_MAX && scorer_.places()[candidate->own]->weak_visible) {
    print += scorer_.RootMix(candidate->own);
  }
  for (Candidate::Known& known : candidate->known) {
    if (known.print == print) return &known;
  }
  size_t at = candidate->known.size();
  if (at < kKnown) {
    candidate->known.emplace_back();
  } else {
    at = candidate->next = (candidate->next + 1) % kKnown;
  }
  Candidate::Known& fresh = candidate->known[at] = {};
  fresh.print = print;
  fresh.loose = UpperBound(*candidate);
  return &fresh;
}

Ranker::Entry Ranker::EntryOf(Candidate* candidate) {
  if (candidate->generation != cache_->scores_.generation()) Refresh(candidate);
  Candidate::Known* const known = KnownOf(candidate);
  Entry entry{known->loose, candidate, known};
  if (!known->gathered) return entry;
  const Candidate::Scored* scored = KnownScore(*candidate, known->what);
  if (scored && Valid(*scored)) {
    entry.how = Entry::kScore;
    entry.bound = scored->score ? scored->score->micro_nats : INT64_MIN;
  } else {
    const int64_t tight = scored ? std::min(known->tight, scored->later) : known->tight;
    if (tight != INT64_MAX) entry.how = Entry::kTight;
    entry.bound = std::min(entry.bound, tight);
  }
  return entry;
}

const Ranker::Candidate::Scored* Ranker::KnownScore(const Candidate& candidate, uint64_t print) {
  for (const Candidate::Scored& known : candidate.scores) {
    if (known.print == print) return &known;
  }
  return nullptr;
}

uint64_t Ranker::Gather(const Entry& entry, const HiddenMask& hidden) {
  const uint64_t print = scorer_.Gather(entry.candidate->h, hidden);
  entry.candidate->tree = scorer_.tree();
  entry.candidate->logging = evidence_.logging();
  entry.known->gathered = true;
  return entry.known->what = print;
}

const std::optional<HypothesisScore>& Ranker::ScoreOf(const Entry& entry,
                                                      const HiddenMask& hidden) {
  if (entry.known->gathered) {
    const auto* known = KnownScore(*entry.candidate, entry.known->what);
    if (known && Valid(*known)) return known->score;
  }
  const uint64_t print = Gather(entry, hidden);
  const auto* known = KnownScore(*entry.candidate, print);
  return known && Valid(*known) ? known->score : ScoreGathered(entry.candidate, print);
}

const std::optional<HypothesisScore>& Ranker::ScoreGathered(Candidate* candidate, uint64_t print) {
  std::vector<Candidate::Scored>& scores = candidate->scores;
  size_t at = 0;
  while (at < scores.size() && scores[at].print != print) ++at;
  if (at == scores.size()) {
    if (scores.size() < kKnown) {
      scores.emplace_back();
    } else {
      at = candidate->next_score = (candidate->next_score + 1) % kKnown;
    }
  }
  Candidate::Scored& scored = scores[at];
  scored.print = print;
  scored.score = scorer_.ScoreGathered(Bonus(candidate->h));
  scored.settled = scorer_.settled();
  scored.later = scorer_.later();
  scored.now = now_;
  return scored.score;
}

std::vector<Ranker::Entry> Ranker::Entries(const HiddenMask& hidden) {
  scorer_.UseMask(hidden);
  print_ = 0;
  for (uint64_t mix : scorer_.mixes()) print_ += mix;
  std::vector<Entry> entries;
  for (Candidate* candidate : Hypotheses()) entries.push_back(EntryOf(candidate));
  return entries;
}

int64_t Ranker::lowest() const { return -Quantise(options_.prune_margin); }

std::vector<RankedHypothesis> Ranker::Rank(const HiddenMask& hidden) {
  std::vector<Entry> entries = Entries(hidden);
  const size_t probes = std::min(kProbes, entries.size());
  std::partial_sort(entries.begin(), entries.begin() + static_cast<ptrdiff_t>(probes),
                    entries.end(), [](const Entry& a, const Entry& b) {
                      return a.known->loose != b.known->loose
                                 ? a.known->loose > b.known->loose
                                 : a.candidate->order < b.candidate->order;
                    });
  int64_t best = 0;  // the null
  for (size_t i = 0; i < probes; ++i) {
    if (const auto& score = ScoreOf(entries[i], hidden)) best = std::max(best, score->micro_nats);
  }
  const int64_t floor = best - Quantise(options_.prune_margin);
  struct Scored {
    int64_t micro_nats;
    const Candidate* candidate;
    TimeUs onset;
  };
  std::vector<Scored> scored;
  for (const Entry& entry : entries) {
    if (entry.known->loose < floor) continue;
    if (const auto& score = ScoreOf(entry, hidden)) {
      scored.push_back({score->micro_nats, entry.candidate, score->onset});
    }
  }
  std::sort(scored.begin(), scored.end(), [](const Scored& a, const Scored& b) {
    return a.micro_nats != b.micro_nats ? a.micro_nats > b.micro_nats
                                        : a.candidate->order < b.candidate->order;
  });
  std::vector<RankedHypothesis> result;
  result.reserve(scored.size());
  for (const Scored& s : scored) result.push_back({s.candidate->h, s.micro_nats, s.onset, 0});
  return result;
}

}  // namespace culprit
