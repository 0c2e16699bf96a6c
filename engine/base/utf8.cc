#include "engine/base/utf8.h"

#include <cstdint>

namespace culprit {

size_t Utf8Length(std::string_view bytes) {
  if (bytes.empty()) return 0;
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const auto tail = [&](size_t i) { return i < bytes.size() && (at(i) & 0xc0) == 0x80; };
  const uint8_t lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    if (!tail(1) || !tail(2)) return 0;
    if (lead == 0xe0 && at(1) < 0xa0) return 0;  // overlong
    if (lead == 0xed && at(1) > 0x9f) return 0;  // surrogate
    return 3;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (lead == 0xf0 && at(1) < 0x90) return 0;  // overlong
    if (lead == 0xf4 && at(1) > 0x8f) return 0;  // beyond U+10FFFF
    return 4;
  }
  return 0;
}

std::string ToValidUtf8(std::string_view bytes, size_t max_bytes, bool* changed) {
  std::string out;
  out.reserve(bytes.size() < max_bytes ? bytes.size() : max_bytes);
  bool bad = false;
  for (size_t i = 0; i < bytes.size();) {
    const size_t length = Utf8Length(bytes.substr(i, 4));
    const size_t step = length == 0 ? 1 : length;
    if (i + step > max_bytes) break;
    if (length == 0) {
      out += "\xEF\xBF\xBD";
      bad = true;
    } else {
      out.append(bytes, i, length);
    }
    i += step;
  }
  if (changed != nullptr) *changed = bad;
  return out;
}

}  // namespace culprit
