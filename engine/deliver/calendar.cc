#include "engine/deliver/calendar.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/time.h"

namespace culprit {
namespace {

constexpr int kDayMinutes = 24 * 60;

bool OnDay(const MuteTime& spec, absl::CivilDay day) {
  const auto weekday = static_cast<unsigned>(absl::GetWeekday(day));  // Monday is 0
  return (spec.days >> weekday & 1u) != 0;
}

}  // namespace

struct Calendar::Zone {
  absl::TimeZone zone;
};

Calendar::Calendar() = default;
Calendar::~Calendar() = default;
Calendar::Calendar(Calendar&&) noexcept = default;
Calendar& Calendar::operator=(Calendar&&) noexcept = default;

absl::StatusOr<Calendar> Calendar::Make(const MuteTime& spec) {
  Zone zone;
  if (!absl::LoadTimeZone(spec.zone, &zone.zone))
    return absl::InvalidArgumentError(
        absl::StrCat("time zone '", spec.zone, "' is not known; expected e.g. Europe/Berlin"));
  if (spec.begin_minutes < 0 || spec.begin_minutes >= kDayMinutes || spec.end_minutes < 0 ||
      spec.end_minutes > kDayMinutes)
    return absl::InvalidArgumentError(
        absl::StrCat("mute time '", spec.name, "': begin and end must be times of a day"));
  Calendar out;
  out.spec_ = spec;
  out.zone_ = std::make_unique<const Zone>(zone);
  return out;
}

namespace {

// [begin, end) of the stretch that begins on `day`.
std::pair<TimeUs, TimeUs> Stretch(const MuteTime& spec, const absl::TimeZone& zone,
                                  absl::CivilDay day) {
  const auto at = [&](int minutes) {
    return absl::ToUnixMicros(absl::FromCivil(absl::CivilMinute(day) + minutes, zone));
  };
  const bool next_day = spec.end_minutes <= spec.begin_minutes;
  return {at(spec.begin_minutes), at(spec.end_minutes + (next_day ? kDayMinutes : 0))};
}

}  // namespace

bool Calendar::Covers(TimeUs time) const {
  const absl::CivilDay today(absl::ToCivilDay(absl::FromUnixMicros(time), zone_->zone));
  for (const absl::CivilDay day : {today - 1, today}) {
    if (!OnDay(spec_, day)) continue;
    const auto [begin, end] = Stretch(spec_, zone_->zone, day);
    if (begin <= time && time < end) return true;
  }
  return false;
}

TimeUs Calendar::NextChange(TimeUs time) const {
  const absl::CivilDay today(absl::ToCivilDay(absl::FromUnixMicros(time), zone_->zone));
  const bool now = Covers(time);
  std::vector<TimeUs> edges;
  for (int i = -1; i <= 8; ++i) {
    if (!OnDay(spec_, today + i)) continue;
    const auto [begin, end] = Stretch(spec_, zone_->zone, today + i);
    edges.push_back(begin);
    edges.push_back(end);
  }
  std::sort(edges.begin(), edges.end());
  for (const TimeUs edge : edges)
    if (edge > time && Covers(edge) != now) return edge;
  return INT64_MAX;
}

}  // namespace culprit
