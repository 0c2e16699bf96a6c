// One log record as the parsers understand it, and the stream it came from.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/core/symptom.h"
#include "engine/core/time.h"

namespace culprit {

// A partition is one ordered stream of bytes: a file, an archive member, stdin. Its number is its
// place in the sorted list of inputs, so it does not depend on workers or on the order of reading.
using PartitionId = uint32_t;

struct StreamInfo {
  PartitionId partition = 0;
  std::string path;           // file as given; of an archive: the archive
  std::string member;         // archive member, else empty
  int64_t size_bytes = -1;    // -1: unknown
  TimeUs modified = kNoTime;  // mtime: bounds the inferred year
  // path, or "archive!member": what people see and what evidence cites.
  std::string DisplayName() const { return member.empty() ? path : path + "!" + member; }
};

// Views point into the block or into the parser's scratch: valid until the next call of the same
// parser.
struct Record {
  // Empty unless asked for (StreamParser::ReadText).
  std::string_view text;     // the whole record: head line and joined continuation lines, raw bytes
  std::string_view message;  // decoded message, wrappings removed
  std::string_view
      service;  // from the record, else from the path; never empty ("unknown" at worst)
  std::string_view instance;  // host, pod or container; may be empty
  uint64_t head_offset = 0;   // stream offset of the head line: identifies the record
  TimeUs time = kNoTime;
  TimeOrigin time_origin = TimeOrigin::kAssumed;
  Level level = Level::kUnknown;
  bool truncated = false;  // joined text was cut at its bound
};

}  // namespace culprit
