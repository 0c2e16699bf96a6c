// Any bytes as a tailed file's position, as they are and as the content of a sealed one: what is
// accepted is within its limits, and comes back as it was.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/base/checkpoint.h"
#include "engine/ingest/tail/tail_file.h"

namespace culprit {
namespace {

void Require(bool ok) {
  if (!ok) std::abort();
}

void Decode(std::string_view bytes) {
  const absl::StatusOr<TailPosition> at = DecodeTailPosition(bytes);
  if (!at.ok()) return;
  Require(at->head.length() <= HeadPrint::kBytes && at->guard.length <= Guard::kBytes);
  Require(at->guard.length <= (at->form == FileForm::kPacked ? at->text_offset : at->offset));
  Require(at->head.Common("any other head") <= static_cast<int>(HeadPrint::kBytes));
  const std::string encoded = EncodeTailPosition(*at);
  const absl::StatusOr<TailPosition> again = DecodeTailPosition(encoded);
  Require(again.ok() && EncodeTailPosition(*again) == encoded);
  Require(again->real_path == at->real_path && again->id == at->id && again->size == at->size);
}

}  // namespace
}  // namespace culprit

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  culprit::Decode(bytes);
  culprit::Decode(culprit::SealCheckpoint("tail", 1, bytes));
  return 0;
}
