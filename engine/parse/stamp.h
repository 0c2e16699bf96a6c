// Reads times out of log text for one stream: knows the stream's zone and reference time.
// Not thread-safe: one per LineParser.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/time/time.h"
#include "engine/parse/fields.h"

namespace culprit {

class StampReader {
 public:
  // `reference`: an upper bound of the stream's times (mtime), kNoTime if unknown; gives the year
  // and the date where the text has none.
  StampReader(absl::TimeZone zone, TimeUs reference) : zone_(zone), reference_(reference) {}

  // A time at the very start of `text`: fills *out and returns its length, else 0.
  size_t Read(std::string_view text, Stamp* out);
  // A time that starts within the first `limit` bytes, at a word's start. Returns its length, else
  // 0; *at is where it starts.
  size_t Find(std::string_view text, size_t limit, Stamp* out, size_t* at);
  // A field's whole value: any format of Read, or a number as text.
  bool ReadValue(std::string_view text, Stamp* out);
  // Epoch number; the unit follows from the magnitude (s, ms, us, ns).
  static bool FromNumber(double seconds_or_more, Stamp* out);
  static bool FromInteger(int64_t value, Stamp* out);

  TimeUs reference() const { return reference_; }

 private:
  absl::TimeZone zone_;
  TimeUs reference_;
};

}  // namespace culprit
