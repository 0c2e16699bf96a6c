// The memory of a RecordFinder from one block to the next. Plain value; part of a parser's state.
#pragma once
#include <cstdint>
#include <string>

#include "engine/core/time.h"

namespace culprit {

// What a stream's next block needs to know of those before it.
struct RecordCarry {
  std::string bytes;             // from the head of the last record to the block's end
  uint64_t offset = 0;           // of bytes[0]
  bool whole = true;             // false: the head is out of bounds; only the last line is here
  TimeUs last_time = kNoTime;    // of the nearest line with a time
  TimeUs before_head = kNoTime;  // of the nearest line with a time before bytes[0]
};

}  // namespace culprit
