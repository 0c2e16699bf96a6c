// A named time zone (Europe/Berlin) as a table of its offsets 1970-2100, so that a lookup is a
// binary search and needs no lock. Owned by parse/time; immutable, any thread may call it.
#pragma once
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "engine/core/time.h"

namespace culprit {

class LocalZone {
 public:
  // A tz database name, "UTC", or a fixed "+hh:mm" / "-hhmm".
  static absl::StatusOr<LocalZone> Load(const std::string& name);

  // Offset east of UTC for a local wall-clock time (microseconds of the civil time read as UTC). A
  // time that exists twice is the earlier one, one that was skipped takes the offset before the
  // gap.
  DurationUs OffsetAtLocal(TimeUs local) const;

 private:
  struct Span {
    TimeUs local_from;  // first local time with this offset
    DurationUs offset;
  };
  std::vector<Span> spans_;  // ascending, never empty
};

}  // namespace culprit
