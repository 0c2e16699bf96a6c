#include "engine/parse/time/local_zone.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace culprit {
namespace {

bool ParseFixed(const std::string& name, DurationUs* offset) {
  if (name.size() != 5 && name.size() != 6) return false;
  if (name[0] != '+' && name[0] != '-') return false;
  std::string digits = name.substr(1);
  if (digits.size() == 5) {
    if (digits[2] != ':') return false;
    digits.erase(2, 1);
  }
  for (char c : digits) {
    if (c < '0' || c > '9') return false;
  }
  const int hours = (digits[0] - '0') * 10 + digits[1] - '0';
  const int minutes = (digits[2] - '0') * 10 + digits[3] - '0';
  if (hours > 15 || minutes > 59) return false;
  *offset = hours * kHourUs + minutes * kMinuteUs;
  if (name[0] == '-') *offset = -*offset;
  return true;
}

}  // namespace

absl::StatusOr<LocalZone> LocalZone::Load(const std::string& name) {
  LocalZone zone;
  DurationUs fixed = 0;
  if (ParseFixed(name, &fixed)) {
    zone.spans_.push_back({INT64_MIN, fixed});
    return zone;
  }
  absl::TimeZone tz;
  if (!absl::LoadTimeZone(name, &tz)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "unknown time zone '", name, "'; use a tz name such as Europe/Berlin, UTC, or +hh:mm"));
  }
  absl::Time at = absl::UnixEpoch();
  const absl::Time stop = absl::FromUnixSeconds(4133980800);  // 2101-01-01
  DurationUs offset = tz.At(at).offset * kSecondUs;
  zone.spans_.push_back({INT64_MIN, offset});
  absl::TimeZone::CivilTransition transition;
  while (tz.NextTransition(at, &transition)) {
    const absl::Time when = tz.At(transition.to).kind == absl::TimeZone::TimeInfo::UNIQUE
                                ? tz.At(transition.to).pre
                                : tz.At(transition.to).trans;
    if (when >= stop || when <= at) break;
    const DurationUs next = tz.At(when).offset * kSecondUs;
    if (next != offset) {
      // At a gap the new offset starts where wall clocks land; at a repeat (clocks back) the
      // earlier reading wins until the old offset's wall clock passes the change.
      const TimeUs local_from = absl::ToUnixMicros(when) + std::max(offset, next);
      zone.spans_.push_back({local_from, next});
      offset = next;
    }
    at = when;
  }
  return zone;
}

DurationUs LocalZone::OffsetAtLocal(TimeUs local) const {
  auto it = std::upper_bound(spans_.begin(), spans_.end(), local,
                             [](TimeUs t, const Span& span) { return t < span.local_from; });
  return std::prev(it)->offset;
}

}  // namespace culprit
