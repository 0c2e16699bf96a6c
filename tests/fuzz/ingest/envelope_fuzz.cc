// Any bytes as an envelope: unwrapping must neither crash nor depend on the sizes of the pieces
// that come in and go out, must give lines, and must not lose events of what is not broken. Input:
// two bytes of piece sizes, then the stream.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/ingest/envelope.h"
#include "tests/unit/ingest/pieces.h"

namespace culprit {
namespace {

void Require(bool ok) {
  if (!ok) std::abort();
}

std::string Unwrap(std::string_view bytes, size_t in, size_t out, std::string* error) {
  Pieces pieces(bytes, in);
  EnvelopeInput input(pieces, "x");
  std::string text, buffer(out, '\0');
  for (;;) {
    const absl::StatusOr<size_t> n = input.Read(buffer.data(), buffer.size());
    if (!n.ok()) *error = std::string(n.status().message());
    if (!n.ok() || *n == 0) break;
    Require(*n <= out);
    text.append(buffer, 0, *n);
  }
  Counters counters;
  input.AddCounts(&counters);
  *error += std::to_string(counters.Get(Reason::kControlMessage));
  return text;
}

size_t Letters(std::string_view text) {
  size_t n = 0;
  for (const char c : text) n += c == 'Q';
  return n;
}

}  // namespace
}  // namespace culprit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace culprit;
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  LooksLikeEnvelope(bytes);
  std::string error, other_error;
  const std::string whole = Unwrap(bytes, size, 64 << 10, &error);
  const std::string cut = Unwrap(bytes, data[0] + 1u, data[1] + 1u, &other_error);
  Require(whole == cut && error == other_error);
  // Without an envelope nothing but blanks and punctuation may go.
  if (bytes.find("vents") == std::string_view::npos) Require(Letters(whole) == Letters(bytes));
  return 0;
}
