// /metrics in Prometheus' text format, made of one snapshot at each scrape. Names and labels are
// listed in README.md; the number of series is bounded. Thread-safe.
#pragma once
#include <cstddef>
#include <mutex>
#include <set>
#include <string>

#include "engine/serve/backend.h"
#include "engine/serve/hooks.h"

namespace culprit {

class Metrics {
 public:
  // So many signatures have series of their own, all others share `other`.
  static constexpr size_t kSignatures = 200;

  Metrics(std::string version, size_t signatures = kSignatures)
      : version_(std::move(version)), signatures_(signatures) {}

  // `ready`: what /-/ready says.
  std::string Scrape(const PipelineStats& stats, const ReloadState& reload,
                     const HookRefusals& refusals, bool ready);

 private:
  void Choose(const PipelineStats& stats);

  const std::string version_;
  const size_t signatures_;
  std::mutex mutex_;
  // Once named a signature stays named, and once in `other` it stays there while the program runs:
  // a series that changed sides would make a counter run backwards.
  std::set<std::string> named_;   // guarded by mutex_
  std::set<std::string> others_;  // guarded by mutex_
};

}  // namespace culprit
