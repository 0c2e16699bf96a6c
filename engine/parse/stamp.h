// Reads times out of log text for one stream: the fixed-format readers of parse/time, with the
// stream's zone and reference time, and dates for times of day.
// Not thread-safe: one per LineParser. Results do not depend on what was read before.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/time/time.h"
#include "engine/parse/fields.h"
#include "engine/parse/time/local_zone.h"
#include "engine/parse/time/timestamp.h"

namespace culprit {

class StampReader {
 public:
  // `reference`: an upper bound of the stream's times (mtime), kNoTime if unknown; gives the year
  // and the date where the text has none. `boot`: event time of a kernel clock's zero.
  StampReader(const absl::TimeZone& zone, TimeUs reference, TimeUs boot);
  StampReader(const StampReader&) = delete;
  StampReader& operator=(const StampReader&) = delete;

  // Whether a bare number may be an epoch time for Read and Find (default: yes).
  void set_bare_epoch(bool accepted) { bare_epoch_ = accepted; }
  // A time at the very start of `text`: fills *out and returns its length, else 0.
  size_t Read(std::string_view text, Stamp* out);
  size_t ReadAs(TimeFormat format, std::string_view text, Stamp* out);
  // A time that begins within the first `window` bytes. Returns its length, else 0; *at is where
  // it starts.
  size_t Find(std::string_view text, size_t window, Stamp* out, size_t* at);
  // A field's whole value: any format with a date, or an epoch number as text.
  bool ReadValue(std::string_view text, Stamp* out);
  // Epoch number; the unit follows from the magnitude (s, ms, us, ns).
  static bool FromNumber(double value, Stamp* out);
  static bool FromInteger(int64_t value, Stamp* out);

 private:
  bool Complete(const ParsedTime& parsed, Stamp* out) const;

  std::optional<LocalZone> zone_;
  TimeOptions options_;
  TimeCache cache_;
  TimeUs boot_;
  bool bare_epoch_ = true;
};

}  // namespace culprit
