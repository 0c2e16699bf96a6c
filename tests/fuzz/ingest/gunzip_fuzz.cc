// Any bytes as gzip, beside zlib: the same text of all that is whole or only cut short; of what is
// damaged, all that zlib gives before it says so. Input: two bytes of piece sizes, then the file.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/ingest/archive/gunzip.h"
#include "tests/unit/ingest/gunzip_by_zlib.h"
#include "tests/unit/ingest/pieces.h"

namespace culprit {
namespace {

constexpr size_t kMost = 4 << 20;  // of text: a packed bomb must not stall the fuzzer

void Require(bool ok) {
  if (!ok) std::abort();
}

}  // namespace
}  // namespace culprit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace culprit;
  if (size < 3) return 0;
  const std::string_view packed(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::string want, got, buffer(data[1] * 300u + 1, '\0');
  const GzipEnd end = GunzipByZlib(packed, kMost, &want);
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
  if (end == GzipEnd::kDamaged) {
    Require(got.starts_with(want));
  } else {
    Require(got == want && n.ok() == (end == GzipEnd::kWhole));
  }
  return 0;
}
