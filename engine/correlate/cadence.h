// When inference may look at the evidence again. Each evaluation costs as many looks as there are
// symptoms; so many are given per second of event time, and what is not used is saved up to a
// bound. An incident of ordinary size is looked at whenever something changes; a storm of hundreds
// of symptoms too, while what was saved lasts, and then at the pace it can afford. A pure function
// of the evaluations made: no clock. One thread, copyable.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "engine/correlate/options.h"

namespace culprit {

class CheckpointReader;
class CheckpointWriter;

class Cadence {
 public:
  explicit Cadence(const CorrelatorOptions& options)
      : per_second_(options.looks_per_second),
        most_(options.looks_saved * kSecondUs),
        saved_(most_) {}

  // From when on the next evaluation may be made, on a full second.
  TimeUs allowed() const { return allowed_; }
  void Spend(TimeUs now, size_t symptoms) {
    // Looks are counted in millionths, so that a microsecond gives a whole number of them.
    if (at_ != kNoTime) saved_ = std::min(most_, saved_ + (now - at_) * per_second_);
    at_ = now;
    saved_ -= static_cast<int64_t>(symptoms) * kSecondUs;
    allowed_ = now;
    if (saved_ >= 0) return;
    const TimeUs at = now + (-saved_ + per_second_ - 1) / per_second_;
    allowed_ = at + ((-at) % kSecondUs + kSecondUs) % kSecondUs;
  }
  void Write(CheckpointWriter& ar) const;
  void Read(CheckpointReader& ar);

 private:
  int64_t per_second_, most_;
  int64_t saved_;
  TimeUs at_ = kNoTime;  // of the last evaluation
  TimeUs allowed_ = INT64_MIN;
};

}  // namespace culprit
