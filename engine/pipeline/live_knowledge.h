// What a live run knows at a time: packs and topology, compiled. Immutable; shared by all threads,
// replaced as a whole by a reload.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "engine/pipeline/replay.h"
#include "engine/pipeline/signal_maker.h"

namespace culprit {

struct LiveKnowledge {
  explicit LiveKnowledge(Engine compiled);

  Engine engine;
  SignalRules rules;
  std::string fingerprint;              // of all that decides about lines, bursts and causes
  std::vector<std::string> signatures;  // ids by SignatureIndex: the table of a Generation
};

}  // namespace culprit
