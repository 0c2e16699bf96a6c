// Mute times of a week, in their time zone. Immutable; a pure function of the time it is asked
// about and the machine's time zone data.
#pragma once
#include <memory>

#include "absl/status/statusor.h"
#include "engine/deliver/deliver_config.h"

namespace culprit {

class Calendar {
 public:
  // InvalidArgument: the zone is not known, or a number is out of its range.
  static absl::StatusOr<Calendar> Make(const MuteTime& spec);
  ~Calendar();
  Calendar(Calendar&&) noexcept;
  Calendar& operator=(Calendar&&) noexcept;

  bool Covers(TimeUs time) const;
  // The first time behind `time` at which Covers changes; INT64_MAX: never. Exact also where clocks
  // are set.
  TimeUs NextChange(TimeUs time) const;

 private:
  struct Zone;
  Calendar();
  MuteTime spec_;
  std::unique_ptr<const Zone> zone_;
};

}  // namespace culprit
