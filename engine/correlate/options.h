// Every constant of the causal model and of an incident's life, with the defaults of ROOT_CAUSE.md
// 4 and 5, and where captures come from. Read-only while a Correlator lives.
#pragma once
#include <cstddef>
#include <cstdint>

#include "engine/core/time.h"

namespace culprit {

class CaptureSource;  // core/captures.h

struct CorrelatorOptions {
  // Captures of evidence that came without them; null: it has what it came with. Must outlive the
  // correlator.
  CaptureSource* captures = nullptr;

  // Edge strengths: P(the dependent suffers | its dependency is impaired).
  double hard_edge = .8;
  double soft_edge = .35;
  double learned_edge = .8;
  double lit_edge = .95;  // an observed symptom names the target, or a failure mode lists the place
  // Bursting components out of reach become children of the root with this strength. Used only
  // while no declared edge joins two known components: with a topology it swallows second faults.
  double unknown_edge = .3;
  // -1: decide as above; otherwise always use this strength (0: never).
  double forced_unknown_edge = -1;
  int max_depth = 5;
  double min_reach = .03;

  // ln priors.
  double prior = -5;
  double link_prior = -6.5;

  double leak = .01;  // P(a burst in 5 min without any fault) while nothing is learned about it
  bool learn_leaks = true;
  // What goes on for so long is no accident: the leak of such a burst of a known error is this part
  // of what it was.
  DurationUs lasting_after = 120 * kSecondUs;
  double lasting_leak = .15;
  DurationUs leak_half_life = 7 * kDayUs;
  double own_visible = .9;  // P(a root that logs shows something of its own)
  // Absence of what a failure mode lists for a place, when that place shows other things of the
  // list (they are alternatives more often than not): this part of its weight. 1 would count it
  // fully; with half of the PlaceOS symptoms dropped top-1 is .87 at 0 to .3, .84 at 1.
  double absence_beside_symptom = .1;
  // A signature (not of a dependency class) that active failure modes list says more than its
  // class: hypotheses that explain it by class alone get this part of p. So "cannot log in" alone
  // is RethinkDB or the load balancer, not just any dependency of the api.
  double claimed_elsewhere = .5;
  double evidence_cap = 12;  // nats of one component

  // Time, seconds.
  double skew_slack = 5;
  double early_decay = 10;
  double late_after = 60;
  // Who says that the root itself refuses, or does not answer, may say so long after the others: he
  // notices when he needs it.
  double late_after_named = 900;
  double late_decay = 60;
  double absence_maturity = 15;  // per hop
  double silence_lag = 45;

  // Weak evidence: error lines that no signature knows. ln of the evidence ratio at a faulty root
  // is about 2.2, so one weak burst alone scores -5 + 2.1 = -2.9: suspected, never paged. A weak
  // burst at a victim (1.8) joins the root through any edge, even an unknown one (responsibility
  // .6), and adds .9 (unknown edge) to 1.6 (hard edge): two more components on a hard path page,
  // four without any topology. Volume raises the root's own part by at most a factor 3 in p (3.3
  // nats): still below paging alone.
  double weak_own_faulty = .081;
  double weak_own_down = .045;
  double weak_own_slow = .035;
  double weak_victim = .05;
  // Error lines of unknown meaning speak by order: in logs of one clock the service of the first
  // one is the root in most cases, so at the root each second after the assumed onset costs this
  // many nats, up to the bound (beyond it the root's own onset is the better assumption anyway).
  double weak_order_per_second = .5;
  double weak_order_max = 1.5;
  double weak_volume_max = 3;  // factor on p at the root, 1 + log10(lines/10), at most this

  // Posterior.
  double temperature = .7;
  double open_score = -3;  // nats: incidents below are not opened
  double page_score = 0;
  int max_roots = 6;
  // Hypotheses that provably score this much below the best (and below the null) are left out.
  double prune_margin = 26;

  // Life of an incident.
  DurationUs evidence_window = 300 * kSecondUs;  // closed bursts stay evidence this long
  DurationUs merge_window = 300 * kSecondUs;     // bursts of one class and target: one symptom
  DurationUs young_age = 180 * kSecondUs;
  DurationUs young_period = 5 * kSecondUs;
  DurationUs old_period = 30 * kSecondUs;
  // Evaluations: symptoms looked at per second of event time, and how many can be saved up.
  int64_t looks_per_second = 4;
  int64_t looks_saved = 12000;
  DurationUs hold_down = 15 * kSecondUs;
  DurationUs critical_hold_down = 5 * kSecondUs;
  double root_change_ratio = 1;  // ln(posterior new / shown)
  int root_change_evaluations = 2;
  int merge_evaluations = 2;
  double related_before = 5;  // seconds
  double related_after = 60;
  DurationUs resolve_after = 300 * kSecondUs;
  DurationUs resolve_after_max = 1800 * kSecondUs;
  DurationUs reopen_within = 1800 * kSecondUs;
  DurationUs flap_window = 3600 * kSecondUs;
  int flaps_to_flapping = 3;
  DurationUs learned_edge_life = 7 * kDayUs;

  // Confidence.
  double confirmed_share = .85;
  double likely_share = .5;
  double tie_ratio = 3;
  size_t max_ties = 4;

  // Bounds; what does not fit is counted.
  size_t max_components = 20000;  // interned: bursting, named, or of an active map
  size_t max_alive = 100000;      // names of which the last sign of life is kept
  size_t max_items = 700;    // bursts in one evaluation, the newest; memory grows with its square
  size_t max_evidence = 40;  // lines kept in one incident
  size_t max_timeline = 200;
  size_t max_alternatives = 5;
  size_t max_absences = 12;
  size_t max_finished = 10000;  // resolved and merged incidents kept
};

}  // namespace culprit
