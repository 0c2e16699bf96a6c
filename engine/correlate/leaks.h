// How often a kind of burst comes without any fault: counts of unattributed bursts per key,
// decaying, over the hours observed (ROOT_CAUSE 4, "leak"). One thread, copyable.
#pragma once
#include <map>
#include <string>

#include "engine/core/time.h"
#include "engine/correlate/options.h"

namespace culprit {

class CheckpointReader;
class CheckpointWriter;

class LeakTable {
 public:
  explicit LeakTable(const CorrelatorOptions& options) : options_(options) {}
  // Event time begins; later calls change nothing.
  void Start(TimeUs first);
  void CountUnattributed(const std::string& key, TimeUs when);
  // P(a burst of this key in 5 minutes without a fault).
  double Leak(const std::string& key, TimeUs now) const;
  void Write(CheckpointWriter& ar) const;
  void Read(CheckpointReader& ar);

 private:
  struct Count {
    double n = 0;
    TimeUs at = kNoTime;
  };
  double Decay(DurationUs age) const;
  CorrelatorOptions options_;
  TimeUs first_ = kNoTime;
  std::map<std::string, Count> counts_;
};

}  // namespace culprit
