#include "engine/correlate/ranker.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/correlate/score_units.h"

namespace culprit {
namespace {

constexpr size_t kKnown = 16;  // masks of which a hypothesis keeps its score
constexpr size_t kProbes = 8;  // hypotheses scored first, to know what "far below the best" is

}  // namespace

void InferenceCache::Clear() {
  scores_.Clear();
  now_ = kNoTime;
  below_.clear();
  reached_by_.clear();
  candidates_.clear();
  at_.clear();
  winners_.clear();
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
    cache_->winners_.clear();
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

int64_t Ranker::lowest() const { return -Quantise(options_.prune_margin); }

void Ranker::Gather(Candidate* candidate) {
  if (gathered_ == candidate) return;
  gathered_ = candidate;
  print_ = scorer_.Gather(candidate->h, candidate->reached);
  Candidate& c = *candidate;
  if (c.tree == scorer_.tree() && c.logging == evidence_.logging()) return;
  c.tree = scorer_.tree();
  c.logging = evidence_.logging();
  c.prints.clear();
  c.scored.clear();
  c.next = 0;
}

Ranker::Candidate::Scored* Ranker::KnownOf(Candidate* candidate) {
  Gather(candidate);
  const auto& prints = candidate->prints;
  const auto at = std::find(prints.begin(), prints.end(), print_);
  return at == prints.end() ? nullptr
                            : &candidate->scored[static_cast<size_t>(at - prints.begin())];
}

Ranker::Candidate::Scored* Ranker::Keep(Candidate* candidate) {
  if (Candidate::Scored* const known = KnownOf(candidate)) return known;
  Candidate& c = *candidate;
  size_t at = c.prints.size();
  if (at < kKnown) {
    c.prints.emplace_back();
    c.scored.emplace_back();
  } else {
    at = c.next = (c.next + 1) % kKnown;
    c.scored[at] = {};
  }
  c.prints[at] = print_;
  return &c.scored[at];
}

const std::optional<HypothesisScore>& Ranker::ScoreOf(Candidate* candidate) {
  Candidate::Scored& scored = *Keep(candidate);
  if (Valid(scored)) return scored.score;
  scored.score = scorer_.ScoreGathered(Bonus(candidate->h));
  scored.settled = scorer_.settled();
  scored.later = scorer_.later();
  scored.now = now_;
  return scored.score;
}

void Ranker::FillEntries(const HiddenMask& hidden) {
  scorer_.UseMask(hidden);
  gathered_ = nullptr;
  ++cache_->round_;
  entries_.clear();
  for (Candidate* candidate : Hypotheses()) {
    if (candidate->generation != cache_->scores_.generation()) Refresh(candidate);
    candidate->round = cache_->round_;
    candidate->entry = static_cast<uint32_t>(entries_.size());
    entries_.push_back({0, candidate});
  }
}

// What a place would give with perfect timing, certain edges and nothing missing, wherever in the
// tree it lies.
double Ranker::LooseBoundAt(const HypothesisRef& h, uint32_t place) {
  const Mode& mode = modes_[h.mode];
  const bool own = evidence_.components()[place] == h.component;
  const auto& listing = scorer_.view(place).listing;
  const bool lists = std::binary_search(listing.begin(), listing.end(), h.mode);
  double& known = loose_[place][2 * static_cast<size_t>(mode.kind) + own];
  if (!lists && !std::isnan(known)) return known;
  const ModeTables& tables = TablesOf(mode.kind);
  double bound = 0;
  for (const EvidenceSet::Group& group : evidence_.GroupsAt(place)) {
    const auto c = static_cast<size_t>(group.cls);
    double table = own ? tables.own[c]
                   : !IsDependencyClass(group.cls)
                       ? VictimProbability(group.cls)
                       : std::max(tables.dependent[c], RelayProbability(group.cls));
    bool visible = false;
    double leak = 1;
    for (uint32_t i = group.begin; i < group.end; ++i) {
      if (scorer_.mask()[i]) continue;
      const SymptomItem& item = evidence_.items()[i];
      visible = true;
      leak = std::min(leak, item.leak);
      if (!lists || !mode.MayMention(Mode::BitOf(item.signature))) continue;
      for (const Mode::Listing& l : mode.listings) {
        if (l.signature == item.signature) bound += LogRatio(l.p, item.leak);
      }
    }
    if (visible && table > 0) bound += LogRatio(table, leak);
  }
  bound = std::min(bound, options_.evidence_cap);
  if (!lists) known = bound;
  return bound;
}

// At most the prior plus what every place that may be reached would give at best.
int64_t Ranker::LooseBound(const HypothesisRef& h) {
  const Mode& mode = modes_[h.mode];
  double sum = (mode.kind == ModeKind::kLink ? options_.link_prior : options_.prior) +
               mode.prior_offset + Bonus(h);
  if (unknown_edges_ && h.from == kNoComponent) {
    for (uint32_t place = 0; place < loose_.size(); ++place) sum += LooseBoundAt(h, place);
  } else {
    std::vector<uint32_t> places = cache_->reached_by_[h.component];
    for (ComponentId id : mode.extra) {
      places.insert(places.end(), cache_->reached_by_[id].begin(), cache_->reached_by_[id].end());
    }
    std::sort(places.begin(), places.end());
    places.erase(std::unique(places.begin(), places.end()), places.end());
    for (uint32_t place : places) sum += LooseBoundAt(h, place);
  }
  return Quantise(sum) + 1000;
}

std::vector<RankedHypothesis> Ranker::Rank(const HiddenMask& hidden) {
  FillEntries(hidden);
  loose_.resize(evidence_.components().size());
  for (auto& known : loose_) known.fill(std::numeric_limits<double>::quiet_NaN());
  for (Entry& entry : entries_) entry.bound = LooseBound(entry.candidate->h);
  const size_t probes = std::min(kProbes, entries_.size());
  std::partial_sort(entries_.begin(), entries_.begin() + static_cast<ptrdiff_t>(probes),
                    entries_.end(), [](const Entry& a, const Entry& b) {
                      return a.bound != b.bound ? a.bound > b.bound
                                                : a.candidate->order < b.candidate->order;
                    });
  int64_t best = 0;  // the null
  for (size_t i = 0; i < probes; ++i) {
    if (const auto& score = ScoreOf(entries_[i].candidate)) {
      best = std::max(best, score->micro_nats);
    }
  }
  const int64_t floor = best - Quantise(options_.prune_margin);
  struct Scored {
    int64_t micro_nats;
    const Candidate* candidate;
    TimeUs onset;
  };
  std::vector<Scored> scored;
  for (const Entry& entry : entries_) {
    if (entry.bound < floor) continue;
    if (const auto& score = ScoreOf(entry.candidate)) {
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
