#include "engine/parse/stamp.h"

#include <cmath>
#include <string>
#include <utility>

#include "engine/parse/text.h"

namespace culprit {
namespace {

constexpr DurationUs kClockSlackUs = 10 * kMinuteUs;

// Formats that no other format can be taken for: safe to try first, in any order.
TimeFormat QuickFormat(std::string_view text) {
  if (text.size() < 15) return TimeFormat::kNone;
  if (text[4] == '-' && text[7] == '-' && text[0] == '2') return TimeFormat::kIso;
  if (text[4] == '/' && text[7] == '/' && text[0] == '2') return TimeFormat::kSlashYmd;
  if (text[2] == '/' && text[6] == '/' && IsDigit(text[0]) && IsUpper(text[3])) {
    return TimeFormat::kClf;
  }
  return TimeFormat::kNone;
}

}  // namespace

StampReader::StampReader(const absl::TimeZone& zone, TimeUs reference, TimeUs boot) : boot_(boot) {
  const std::string name = zone.name();
  if (name != "UTC" && !name.starts_with("Fixed/")) {
    if (absl::StatusOr<LocalZone> loaded = LocalZone::Load(name); loaded.ok()) {
      zone_ = *std::move(loaded);
      options_.local_zone = &*zone_;
    }
  }
  options_.zone_offset_us = zone.At(absl::UnixEpoch()).offset * kSecondUs;
  options_.reference = reference;
  cache_.Reset(options_);
}

bool StampReader::Complete(const ParsedTime& parsed, Stamp* out) const {
  out->format = parsed.format;
  out->zoned = parsed.had_zone || parsed.format == TimeFormat::kEpoch;
  out->dated = parsed.had_date;
  out->has_year = parsed.had_year;
  out->time = parsed.time;
  if (parsed.had_date || parsed.format == TimeFormat::kEpoch) {
    out->dated = out->has_year = true;
    if (parsed.format != TimeFormat::kEpoch) out->has_year = parsed.had_year;
    return true;
  }
  out->has_year = false;
  if (parsed.format == TimeFormat::kKernel) {
    out->time = boot_ + parsed.time;
    return true;
  }
  // A time of day: the last one that is not after the reference.
  if (options_.reference == kNoTime) return true;
  const auto offset = [&](TimeUs local) {
    return options_.local_zone != nullptr ? options_.local_zone->OffsetAtLocal(local)
                                          : options_.zone_offset_us;
  };
  const TimeUs local_reference = options_.reference + offset(options_.reference);
  const TimeUs midnight = local_reference - ((local_reference % kDayUs) + kDayUs) % kDayUs;
  TimeUs local = midnight + parsed.time;
  if (local > local_reference + kClockSlackUs) local -= kDayUs;
  out->time = local - offset(local);
  return true;
}

size_t StampReader::Read(std::string_view text, Stamp* out) {
  ParsedTime parsed;
  if (const TimeFormat quick = QuickFormat(text); quick != TimeFormat::kNone) {
    if (cache_.ParseAs(quick, text, &parsed)) {
      Complete(parsed, out);
      return parsed.length;
    }
  }
  if (!cache_.Parse(text, &parsed)) return 0;
  if (parsed.format == TimeFormat::kEpoch && !bare_epoch_) return 0;
  Complete(parsed, out);
  return parsed.length;
}

size_t StampReader::ReadAs(TimeFormat format, std::string_view text, Stamp* out) {
  ParsedTime parsed;
  if (!cache_.ParseAs(format, text, &parsed)) return 0;
  Complete(parsed, out);
  return parsed.length;
}

size_t StampReader::Find(std::string_view text, size_t window, Stamp* out, size_t* at) {
  ParsedTime parsed;
  if (!FindTime(text, options_, &parsed, at, window)) return 0;
  if (parsed.format == TimeFormat::kEpoch && !bare_epoch_) return 0;
  Complete(parsed, out);
  return parsed.length;
}

bool StampReader::FromInteger(int64_t value, Stamp* out) {
  if (value < 10'000'000) return false;
  out->zoned = out->dated = out->has_year = true;
  if (value < 100'000'000'000) {
    out->time = value * kSecondUs;
  } else if (value < 100'000'000'000'000) {
    out->time = value * 1000;
  } else if (value < 100'000'000'000'000'000) {
    out->time = value;
  } else {
    out->time = value / 1000;
  }
  return true;
}

bool StampReader::FromNumber(double value, Stamp* out) {
  if (!(value >= 1e7 && value < 9e18)) return false;
  if (value >= 1e14) return FromInteger(static_cast<int64_t>(value), out);
  const double us = value < 1e11 ? value * 1e6 : value * 1e3;
  out->zoned = out->dated = out->has_year = true;
  out->time = std::llround(us);
  return true;
}

bool StampReader::ReadValue(std::string_view text, Stamp* out) {
  text = Trim(text);
  if (text.empty()) return false;
  if (AllDigits(text) && text.size() <= 18) return FromInteger(ParseDigits(text), out);
  if (Stamp stamp; QuickFormat(text) != TimeFormat::kNone && Read(text, &stamp) == text.size()) {
    *out = stamp;
    return true;
  }
  TimeUs time = kNoTime;
  if (!ParseTimeValue(text, options_, &time)) return false;
  // Not what the value said, but what matters: did it name its zone?
  ParsedTime parsed;
  const bool whole = ParseTime(text, options_, &parsed) && parsed.length == text.size();
  out->time = time;
  out->zoned = !whole || parsed.had_zone;
  out->dated = true;
  out->has_year = !whole || parsed.had_year || parsed.format == TimeFormat::kEpoch;
  return true;
}

}  // namespace culprit
