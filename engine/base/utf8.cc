#include "engine/base/utf8.h"

#include <cstdint>
#include <cstring>

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

namespace {

// Length of the longest run of whole well-formed sequences at the front, at most `max_bytes`.
size_t ValidLength(std::string_view bytes, size_t max_bytes) {
  const size_t limit = bytes.size() < max_bytes ? bytes.size() : max_bytes;
  size_t i = 0;
  while (i < limit) {
    uint64_t more[4];  // most text is ASCII, and most lines are longer than this
    if (limit - i >= sizeof(more)) {
      std::memcpy(more, bytes.data() + i, sizeof(more));
      if (((more[0] | more[1] | more[2] | more[3]) & 0x8080808080808080u) == 0) {
        i += sizeof(more);
        continue;
      }
    }
    uint64_t eight = 0;
    if (limit - i >= sizeof(eight)) {
      std::memcpy(&eight, bytes.data() + i, sizeof(eight));
      if ((eight & 0x8080808080808080u) == 0) {
        i += sizeof(eight);
        continue;
      }
    }
    const size_t length = Utf8Length(bytes.substr(i, 4));
    if (length == 0 || i + length > max_bytes) break;
    i += length;
  }
  return i;
}

}  // namespace

std::string ToValidUtf8(std::string_view bytes, size_t max_bytes, bool* changed) {
  std::string out;
  bool bad = false;
  for (size_t i = 0; i < bytes.size(); ++i) {
    const size_t n = ValidLength(bytes.substr(i), max_bytes - i);
    out.append(bytes, i, n);
    i += n;
    // What stopped it: the end, the bound, or a byte to be replaced.
    if (i >= bytes.size() || i >= max_bytes || Utf8Length(bytes.substr(i, 4)) != 0) break;
    out += "\xEF\xBF\xBD";
    bad = true;
  }
  if (changed != nullptr) *changed = bad;
  return out;
}

std::string_view ValidUtf8(std::string_view bytes, size_t max_bytes, std::string* scratch) {
  const size_t n = ValidLength(bytes, max_bytes);
  if (n == bytes.size() || n >= max_bytes || Utf8Length(bytes.substr(n, 4)) != 0)
    return bytes.substr(0, n);
  *scratch = ToValidUtf8(bytes, max_bytes);
  return *scratch;
}

}  // namespace culprit
