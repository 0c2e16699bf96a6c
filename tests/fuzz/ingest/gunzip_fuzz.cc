// Any bytes as gzip, beside zlib: the same text of all that is whole or only cut short; of what is
// damaged, all that zlib gives before it says so. Input: two bytes of piece sizes, then the file.
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/ingest/archive/gunzip.h"

namespace culprit {
namespace {

constexpr size_t kMost = 4 << 20;  // of text: a packed bomb must not stall the fuzzer

void Require(bool ok) {
  if (!ok) std::abort();
}

class Pieces : public ByteInput {
 public:
  Pieces(std::string_view bytes, size_t piece) : bytes_(bytes), piece_(piece) {}
  absl::StatusOr<size_t> Read(char* buffer, size_t size) override {
    const size_t n = bytes_.copy(buffer, std::min(size, piece_));
    bytes_.remove_prefix(n);
    return n;
  }

 private:
  std::string_view bytes_;
  size_t piece_;
};

enum class End { kWhole, kCut, kDamaged };

End Zlib(std::string_view packed, std::string* text) {
  z_stream z{};
  Require(inflateInit2(&z, 16 + MAX_WBITS) == Z_OK);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  z.avail_in = static_cast<uInt>(packed.size());
  std::string buffer(1 << 16, '\0');
  End end = End::kWhole;
  while (text->size() < kMost) {
    z.next_out = reinterpret_cast<Bytef*>(buffer.data());
    z.avail_out = static_cast<uInt>(buffer.size());
    const int rc = inflate(&z, Z_NO_FLUSH);
    const size_t n = buffer.size() - z.avail_out;
    text->append(buffer, 0, n);
    if (rc == Z_STREAM_END) {
      if (z.avail_in < 2 || z.next_in[0] != 0x1f || z.next_in[1] != 0x8b) break;
      inflateReset(&z);
    } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
      end = End::kDamaged;
      break;
    } else if (n == 0 && z.avail_in == 0) {
      end = End::kCut;
      break;
    }
  }
  inflateEnd(&z);
  return end;
}

}  // namespace
}  // namespace culprit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace culprit;
  if (size < 3) return 0;
  const std::string_view packed(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string want, got, buffer(data[1] * 300u + 1, '\0');
  const End end = Zlib(packed, &want);
  Pieces pieces(packed, data[0] * 10u + 1);
  GunzipInput input(pieces, "x");
  absl::StatusOr<size_t> n = 0;
  while (got.size() < kMost) {
    n = input.Read(buffer.data(), buffer.size());
    if (!n.ok() || *n == 0) break;
    Require(*n <= buffer.size());
    got.append(buffer, 0, *n);
  }
  if (want.size() >= kMost) return 0;
  if (end == End::kDamaged) {
    Require(got.starts_with(want));
  } else {
    Require(got == want && n.ok() == (end == End::kWhole));
  }
  return 0;
}
