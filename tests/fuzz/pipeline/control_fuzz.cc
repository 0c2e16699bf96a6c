// Any bytes as entries of the control partition (behind a right checksum): refused with a Status,
// or taken; then what they are encoded to reads as the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/base/checkpoint.h"
#include "engine/pipeline/live_control.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace culprit;
  const auto entries =
      DecodeControl(SealCheckpoint("control", 1, {reinterpret_cast<const char*>(data), size}));
  if (!entries.ok()) return 0;
  const std::string encoded = EncodeControl(*entries);
  const auto again = DecodeControl(encoded);
  if (!again.ok() || EncodeControl(*again) != encoded) std::abort();
  return 0;
}
