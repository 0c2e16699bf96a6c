// Bursts out of slices (ROOT_CAUSE 2, 3): thresholds, adaptive rates, first-seen, absent
// signatures, silent components, unknown templates. A pure function of the slices and the times
// passed to it: no clock, no random numbers, nothing decided by hash or arrival order. One owner
// thread.
//
// The caller's loop, where `tick` is 5 s while the correlator has something open and 0 otherwise:
//
//   while (orderer.NextClosed(&slice)) {
//     while (detector.PassTime(slice.start, tick, &outcome)) correlate(outcome);
//     detector.OnSlice(slice, &outcome);
//     correlate(outcome);
//   }
//   while (detector.PassTime(orderer.watermark(), tick, &outcome)) correlate(outcome);
//
// Of a burst: `onset` of silence and of an absent signature is the moment when it could be told,
// their `count` is 0 and `last` is the last sign of life. `instances` are exact from the slice that
// opened the burst; before it, as far as the lines of the window were kept.
//
// At the very end the watermark is Orderer::kEndOfTime: pass detector.quiet_at() instead (or a
// later time that the correlator wants), or ticks would never stop.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "engine/base/counters.h"
#include "engine/core/burst.h"
#include "engine/core/knowledge.h"
#include "engine/detect/slice.h"

namespace culprit {

struct DetectorOptions {
  DurationUs slice = kSecondUs;           // must equal OrderOptions::slice
  DurationUs off_after = 60 * kSecondUs;  // a burst ends when it was below its off level this long
  size_t evidence_per_burst = 8;
  size_t max_keys = 200'000;  // above: quiet keys go, else (signature, "*")
  // Of all lines kept, in windows and open bursts. Above half of it a key keeps one line, above all
  // of it none; what is left out is counted.
  size_t max_evidence_bytes = 64u << 20;
  size_t max_components = 200'000;  // whose signs of life are remembered

  bool first_seen = true;
  DurationUs first_seen_forget = 7 * kDayUs;
  size_t max_first_seen = 1'000'000;

  DurationUs rate_window = 30 * kSecondUs;
  DurationUs rate_warmup = 3 * kMinuteUs;  // of event time, before an adaptive rule may fire
  double rate_alpha = 1e-6;

  int template_count = 10;  // unknown templates: threshold
  DurationUs template_within = 60 * kSecondUs;
  size_t max_templates = 20'000;

  bool flatline = true;
  bool flatline_across_partitions = false;  // life in any partition shows that ingest works
  DurationUs flatline_min_history = 3 * kMinuteUs;
};

class Detector {
 public:
  // `counters` must outlive the detector.
  Detector(std::shared_ptr<const Knowledge> knowledge, DetectorOptions options, Counters* counters);
  ~Detector();
  Detector(const Detector&) = delete;
  Detector& operator=(const Detector&) = delete;

  // The next slice, in order of time; PassTime(slice.start) must have returned false before. The
  // bursts in *out hold until the next call of OnSlice or PassTime.
  void OnSlice(const Slice& slice, SliceOutcome* out);

  // Lets time without lines pass, towards `until` (a slice boundary): stops at the next slice end
  // <= until at which a burst closes, and, with tick > 0, at every multiple of `tick`. True: *out
  // holds what happened there (perhaps nothing: a tick); call again. False: time stands at `until`.
  // Bursts never open here: without any line nothing tells silence from an ingest gap.
  bool PassTime(TimeUs until, DurationUs tick, SliceOutcome* out);

  // Everything but the options, as bytes (base/checkpoint.h): between two calls that follow a slice
  // or a time passed. What comes after is the same as if nothing had happened.
  std::string Save() const;
  // Into a detector that has seen nothing, perhaps of other Knowledge: keys of signatures that it
  // does not have, or that work by another kind of rule, are left out and counted (kSignatureGone).
  // On an error of ReadCheckpoint the detector is as before.
  absl::Status Restore(std::string_view bytes);

  TimeUs now() const;       // end of the last slice that was closed or passed; kNoTime at first
  TimeUs quiet_at() const;  // an upper bound of when the last open burst closes, without new lines
  size_t open_bursts() const;
  size_t keys() const;
  // Bytes of all keys, windows, baselines and held lines: an estimate for metrics and tests.
  size_t memory_bytes() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace culprit
