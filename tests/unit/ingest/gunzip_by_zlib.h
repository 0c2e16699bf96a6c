// All members of a gzip by zlib: the slow, obvious way. Aborts if zlib has no memory.
#pragma once
#include <zlib.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace culprit {

enum class GzipEnd { kWhole, kTruncated, kDamaged };

// Appends the text to *text, which is empty; stops at `most` bytes or a little more.
inline GzipEnd GunzipByZlib(std::string_view packed, size_t most, std::string* text) {
  z_stream z{};
  if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) std::abort();
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  z.avail_in = static_cast<uInt>(packed.size());
  std::string buffer(1 << 16, '\0');
  GzipEnd end = GzipEnd::kWhole;
  while (text->size() < most) {
    z.next_out = reinterpret_cast<Bytef*>(buffer.data());
    z.avail_out = static_cast<uInt>(buffer.size());
    const int rc = inflate(&z, Z_NO_FLUSH);
    const size_t n = buffer.size() - z.avail_out;
    text->append(buffer, 0, n);
    if (rc == Z_STREAM_END) {
      if (z.avail_in < 2 || z.next_in[0] != 0x1f || z.next_in[1] != 0x8b) break;
      inflateReset(&z);
    } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
      end = GzipEnd::kDamaged;
      break;
    } else if (n == 0 && z.avail_in == 0) {
      end = GzipEnd::kTruncated;
      break;
    }
  }
  inflateEnd(&z);
  return end;
}

}  // namespace culprit
