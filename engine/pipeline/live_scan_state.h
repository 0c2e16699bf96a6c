// The state of a LiveScan as a value and as bytes (StoredPartition::scan_state, doc/formats.md).
// Pure functions.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "engine/parse/stream_parser.h"
#include "engine/pipeline/live_knowledge.h"
#include "engine/pipeline/segment_writer.h"
#include "engine/pipeline/signal_maker.h"

namespace culprit {

struct LiveScanState {
  StreamParserState parser;
  SignalMakerState maker;
  SegmentWriter::State segment;
  uint64_t due = 0;
  std::string held;
  uint64_t held_offset = 0;
  bool sniffed = false;
  uint64_t messages = 0;
};

// Signatures are written by their ids: the packs may have changed when it is read.
std::string EncodeScanState(const LiveScanState& state, const LiveKnowledge& knowledge);
// Signals of signatures that `knowledge` does not have are left out and counted.
absl::StatusOr<LiveScanState> DecodeScanState(std::string_view bytes,
                                              const LiveKnowledge& knowledge, Counters* counters);

}  // namespace culprit
