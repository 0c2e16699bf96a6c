// What the control partition of the signal log holds: everything beside the lines themselves that
// decides about time. Decisions that the pipeline took by the clock are written down here, with
// their place among the chunks, so that reasoning over the log again comes to the same results.
// Plain values and pure functions.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/record.h"
#include "engine/core/time.h"

namespace culprit {

enum class ControlKind : uint8_t {
  kHold,       // the program starts: no time passes until kRelease; idle partitions are waited for
  kRelease,    // the sources have said which streams there are
  kAdd,        // `partition` is there; `text`: its name for people
  kPassive,    // as kAdd, but nobody ever waits for it
  kEnd,        // nothing ever follows in `partition`
  kIdle,       // `partition` was silent for long: it is not waited for until it speaks again
  kCut,        // what follows in `partition` is another log (segment_writer.h)
  kTick,       // the clock says `time`, and nothing came
  kKnowledge,  // other packs or topology from here on; `text`: their fingerprint
  kFinish,     // all inputs have ended for good
  kAction,     // a person did something; `text`: EncodeAction
  kRouting,    // who is told of what from here on; `text`: EncodeRouting
  kLast = kRouting,
};

struct ControlEntry {
  ControlKind kind = ControlKind::kTick;
  PartitionId partition = 0;
  TimeUs time = kNoTime;  // wall clock
  std::string text;
};

// As LogChunk::entries of the control partition.
std::string EncodeControl(const std::vector<ControlEntry>& entries);
absl::StatusOr<std::vector<ControlEntry>> DecodeControl(std::string_view bytes);

}  // namespace culprit
